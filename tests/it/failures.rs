//! What failed says so: a database or a broker that is away is named with its host and its reason,
//! once, in the log, by `health` and in the metrics; a stop is announced before it begins.

use crate::support::databases::{on_postgres, server_url};
use crate::support::gateway::{Gateway, command, run_process};
use crate::support::proxy::Proxy;
use crate::support::wait::until;
use noemie_gateway::app::longest_stop;
use noemie_gateway::config::Config;
use noemie_gateway::{admin, grpc::proto};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use tonic::client::Grpc;
use tonic::{Code, Request};
use tonic_prost::ProstCodec;

/// Returns what a command says of a database that it cannot use.
fn complaint(url: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let mut process = command(directory.path());
    process.env("NOEMIE_DATABASE_URL", url).env("NOEMIE_SINK", "local").args(["list", "claims"]);
    let output = run_process(process, Duration::from_secs(60));
    assert_eq!(output.status.code(), Some(70));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_database_that_cannot_be_used_is_named_with_the_reason_once() {
    let refused = complaint("postgres://someone:s3cr3t@127.0.0.1:1/claims");
    assert!(
        refused.contains("PostgreSQL at 127.0.0.1:1, database claims")
            && refused.contains("check that the server runs")
            && !refused.contains("s3cr3t"),
        "{refused}"
    );
    assert_eq!(refused.matches("refused").count(), 1, "{refused}");

    let url = server_url();
    let absent = complaint(&format!("{}/noemie_absent", url.rsplit_once('/').unwrap().0));
    assert!(absent.contains("check the name of the database"), "{absent}");
    assert_eq!(absent.matches("does not exist").count(), 1, "{absent}");
}

/// Returns the lines of the log at the level `WARN` or `ERROR`.
fn loud(gateway: &Gateway) -> Vec<String> {
    let read = |line: &str| serde_json::from_str::<Value>(line).ok();
    let is_loud = |line: &&str| {
        read(line).is_some_and(|line| matches!(line["level"].as_str(), Some("WARN" | "ERROR")))
    };
    gateway.log().lines().filter(is_loud).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_said_once_and_shown_until_it_is_back() {
    on_postgres(|db| async move {
        let url: String = db.url.clone();
        let (before, name) = url.rsplit_once('/').unwrap();
        let (user, address) = before.rsplit_once('@').unwrap();
        let target: u16 = address.rsplit_once(':').map_or(5432, |(_, port)| port.parse().unwrap());
        let proxy = Proxy::start(target).await;
        let port = proxy.port;
        let through = format!("{user}@127.0.0.1:{port}/{name}");
        let directory = tempfile::tempdir().unwrap();
        let settings = [("NOEMIE_DATABASE_URL", through.as_str()), ("NOEMIE_SINK", "local")];
        let gateway = Gateway::start(directory.path(), &settings).await;
        until("the database is there", || async {
            gateway.metric("noemie_database_up").await == Some(1.0)
                && gateway.metric("noemie_outbox_pending").await == Some(0.0)
        })
        .await;
        let begun = loud(&gateway).len();
        gateway.drop_file("oct1", "waits.b2", b"a file that waits");
        proxy.silence();
        drop(proxy);

        until("health says why", || async {
            let probe = admin::probe(gateway.admin).await;
            let why = probe.faults.join("\n");
            !probe.is_well && why.contains("refused") && why.contains(&port.to_string())
        })
        .await;
        assert_eq!(gateway.metric("noemie_database_up").await, Some(0.0));
        assert_eq!(gateway.metric("noemie_outbox_pending").await, None, "no frozen gauge");
        let refused = gateway.submit("oct1", "a.b2", b"bytes").await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused}");
        let failures = "noemie_deposit_failures_total{cause=\"database\"}";
        assert!(gateway.metric(failures).await >= Some(1.0));
        for _ in 0..20 {
            gateway.admin_get("/healthz").await;
        }
        let (of_database, others): (Vec<_>, Vec<_>) = loud(&gateway)
            .split_off(begun)
            .into_iter()
            .partition(|line| line.contains("the database does not answer"));
        // A second text is a new fact: connections that give no answer, then refused ones.
        assert!((1..=2).contains(&of_database.len()), "{of_database:#?}");
        assert!(others.iter().all(|line| line.contains("relay lease lost")), "{others:#?}");

        let _back = Proxy::start_at(port, target).await;
        until("the log says that it is back", || async {
            gateway.metric("noemie_database_up").await == Some(1.0)
                && gateway.log().contains("the database answers again")
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_of_the_broker_is_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let broker = std::env::var("NOEMIE_TEST_AMQP_URL")
        .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
    let (_, address) = broker.rsplit_once('@').unwrap();
    let url = format!("amqp://nobody:s3cr3t@{address}");
    let database = format!("sqlite:{}", directory.path().join("gateway.db").display());
    let settings = [
        ("NOEMIE_DATABASE_URL", database.as_str()),
        ("NOEMIE_AMQP_URL", url.as_str()),
        ("NOEMIE_LOG", "info,noemie_gateway::relay=debug"),
    ];
    let gateway = Gateway::start(directory.path(), &settings).await;
    until("the relay tried several times", || async {
        gateway.log().matches("relay still holds its events").count() >= 3
    })
    .await;
    let host = address.split('/').next().unwrap();
    let lines: Vec<String> =
        loud(&gateway).into_iter().filter(|line| !line.contains("created")).collect();
    assert!(lines.len() == 1 && lines[0].contains(&format!("RabbitMQ at {host}")), "{lines:#?}");
    assert!(!gateway.log().contains("s3cr3t") && !gateway.log().contains('\u{1b}'));
    let faults = admin::probe(gateway.admin).await.faults.join("\n");
    assert!(faults.contains(&format!("RabbitMQ at {host}")), "{faults}");
    assert_eq!(gateway.metric("noemie_relay_connected").await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_announced_while_work_is_still_taken_and_sighup_stops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("NOEMIE_DRAIN_SECONDS", "600")];
    let gateway = Gateway::start(directory.path(), &settings).await;
    gateway.signal("-HUP");
    until("SIGHUP is logged", || async { gateway.log().contains("SIGHUP ignored") }).await;
    assert!(gateway.admin_get("/readyz").await.starts_with("HTTP/1.1 200"));

    gateway.terminate();
    until("the gateway is not ready", || async {
        gateway.admin_get("/readyz").await.starts_with("HTTP/1.1 503")
    })
    .await;
    assert!(gateway.exchanges().await.is_empty(), "a call in the drain is answered");
    assert!(gateway.admin_get("/healthz").await.starts_with("HTTP/1.1 200"));
    gateway.terminate();
    assert_eq!(gateway.ended().await.code(), Some(1), "a second signal ends the drain at once");
}

#[test]
fn the_grace_of_the_compose_file_exceeds_the_longest_stop() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docker-compose.yml");
    let text = std::fs::read_to_string(path).unwrap();
    let gateway = text.split("\n  gateway:\n").nth(1).expect("a service");
    let grace = gateway.split("stop_grace_period: ").nth(1).and_then(|rest| rest.lines().next());
    let grace = humantime::parse_duration(grace.expect("a grace")).unwrap();
    assert!(grace > longest_stop(&Config::default()), "{grace:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_message_are_the_fault_of_the_caller() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(directory.path(), &[]).await;
    // prost writes bytes as field 1, which is text or a message in these requests.
    let garbage = || vec![0xff_u8, 0xfe];
    let mut client = Grpc::new(gateway.channel.clone());
    client.ready().await.unwrap();
    let codec = ProstCodec::<Vec<u8>, proto::GetExchangeReportResponse>::default();
    let path = "/noemie.gateway.v1.ExchangeService/GetExchangeReport".parse().unwrap();
    let unary = client.unary(Request::new(garbage()), path, codec).await.unwrap_err();
    assert_eq!(unary.code(), Code::InvalidArgument, "{unary}");

    client.ready().await.unwrap();
    let codec = ProstCodec::<Vec<u8>, proto::SubmitExchangeResponse>::default();
    let path = "/noemie.gateway.v1.ExchangeService/SubmitExchange".parse().unwrap();
    let messages = Request::new(tokio_stream::iter([garbage()]));
    let upload = client.client_streaming(messages, path, codec).await.unwrap_err();
    assert_eq!(upload.code(), Code::InvalidArgument, "{upload}");
}
