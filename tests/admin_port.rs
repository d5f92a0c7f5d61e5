//! The admin port as probes and Prometheus see it.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps is a test that fails with a line number"
)]

mod support;

use metrics_exporter_prometheus::PrometheusHandle;
use noemie_gateway::admin::{self, AdminState};
use noemie_gateway::clock::FixedClock;
use noemie_gateway::config::Config;
use noemie_gateway::relay::{LocalLog, Relay, RelayStatus};
use noemie_gateway::service::health::Health;
use noemie_gateway::store::SharedStore;
use noemie_gateway::telemetry;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use support::databases::on_sqlite;
use support::samples::{NOW, closing, deposit_many, open, plain_link};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn health_readiness_and_figures() {
    on_sqlite(|db| async move {
        let relay = RelayStatus::default();
        let (addr, shutdown) = serve(&db.store, relay.clone()).await;
        deposit_many(&db.store, "d", 3).await;

        assert_eq!(
            get(addr, "/healthz").await,
            (200, r#"{"status":"ok","database":"ok","relay":"starting"}"#.to_owned())
        );
        assert_eq!(get(addr, "/readyz").await, (200, "ready\n".to_owned()));
        assert!(admin::probe(addr).await.is_well);
        let (status, metrics) = get(addr, "/metrics").await;
        assert_eq!(status, 200);
        for line in [
            "noemie_outbox_pending 3",
            "noemie_outbox_oldest_seconds 60",
            "noemie_database_up 1",
            "noemie_quarantine_waiting 0",
            "noemie_transfers_unexplained 0",
            "noemie_transfers_unexplained_oldest_seconds 0",
        ] {
            assert!(metrics.lines().any(|shown| shown == line), "{line} in {metrics}");
        }
        assert!(metrics.contains("# HELP noemie_claims_overdue "), "{metrics}");

        let clock = Arc::new(FixedClock::new(NOW));
        Relay::new(db.store.clone(), Box::new(LocalLog), clock, relay).step().await;
        assert!(get(addr, "/healthz").await.1.contains(r#""relay":"publishing""#));
        let (_, metrics) = get(addr, "/metrics").await;
        for line in [
            "noemie_outbox_pending 0",
            "noemie_outbox_oldest_seconds 0",
            "noemie_relay_published_total{outcome=\"acked\"} 3",
        ] {
            assert!(metrics.lines().any(|shown| shown == line), "{line} in {metrics}");
        }
        shutdown.cancel();
    })
    .await;
}

#[tokio::test]
async fn a_ledger_that_does_not_balance_is_counted_where_it_is_refused() {
    on_sqlite(|db| async move {
        let (addr, shutdown) = serve(&db.store, RelayStatus::default()).await;
        let mut unit = db.store.begin().await.unwrap();
        let id = open(&mut unit, "d").await;
        let mut closing = closing(id, "d", &[]);
        closing.ledger.read += 1;
        unit.close_exchange(&closing, &plain_link).await.expect_err("the ledger does not balance");
        let (_, metrics) = get(addr, "/metrics").await;
        assert!(
            metrics.lines().any(|line| line == "noemie_ledger_unbalanced_total 1"),
            "{metrics}"
        );
        shutdown.cancel();
    })
    .await;
}

#[tokio::test]
async fn a_port_without_a_listener_is_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    assert!(!admin::probe(addr).await.is_well);
}

#[tokio::test]
async fn a_stopping_gateway_is_alive_and_not_ready() {
    on_sqlite(|db| async move {
        let (listener, state) = state(&db.store, RelayStatus::default()).await;
        let addr = listener.local_addr().unwrap();
        let stopping = state.shutdown.clone();
        // Served for longer than the gateway is ready, as `serve` does while it drains.
        tokio::spawn(admin::serve(listener, admin::router(state), CancellationToken::new()));
        stopping.cancel();
        assert_eq!(get(addr, "/readyz").await, (503, "not ready\n".to_owned()));
        assert_eq!(get(addr, "/healthz").await.0, 200);
    })
    .await;
}

#[test]
fn files_of_deployment_name_the_default_port_and_leave_9090_to_prometheus() {
    let port = Config::default().admin_listen.port().to_string();
    for file in [
        "Dockerfile",
        "docker-compose.yml",
        "README.md",
        "docs/operations.md",
        "deploy/prometheus/alerts.yml",
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(&port), "{file} does not name the admin port {port}");
        assert!(!text.contains("9090"), "{file} names 9090, the port of Prometheus");
    }
}

async fn serve(store: &SharedStore, relay: RelayStatus) -> (SocketAddr, CancellationToken) {
    let (listener, state) = state(store, relay).await;
    let (addr, shutdown) = (listener.local_addr().unwrap(), state.shutdown.clone());
    tokio::spawn(admin::serve(listener, admin::router(state), shutdown.clone()));
    (addr, shutdown)
}

async fn state(store: &SharedStore, relay: RelayStatus) -> (TcpListener, AdminState) {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    let metrics = METRICS.get_or_init(|| telemetry::init_metrics().unwrap()).clone();
    let clock = FixedClock::new(NOW);
    clock.advance(60);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (
        listener,
        AdminState {
            health: Health::new(store.clone(), Arc::new(clock), relay),
            metrics,
            shutdown: CancellationToken::new(),
        },
    )
}

/// Status and body.
async fn get(addr: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}
