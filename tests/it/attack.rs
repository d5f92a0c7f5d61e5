//! A hostile caller of one address beside an honest one of another: memory, descriptors and the
//! time of the honest caller stay bounded.

use crate::grpc_support::reason;
use crate::limits::half_sent;
use crate::support::gateway::Gateway;
use crate::support::wait::{PATIENCE, eventually};
use futures::{FutureExt as _, StreamExt as _, stream};
use noemie_gateway::grpc::proto;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::proto::exchange_service_client::ExchangeServiceClient;
use noemie_gateway::grpc::proto::submit_exchange_request::Part;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};
use tonic::transport::Channel;

/// Address of the honest caller; the attacker has 127.0.0.1.
const HONEST: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// Connections that the attacker opens and leaves silent.
const SILENT: usize = 300;
/// Calls of each kind that the attacker begins on each connection.
const CALLS: usize = 90;
/// Connections on which the attacker begins calls.
const CONNECTIONS: usize = 8;
/// Memory that the attack may add, KiB.
const MAX_ADDED_KIB: u64 = 120 * 1024;
/// Descriptors that the attack may add: those of the connections of one address, and of uploads.
const MAX_ADDED_DESCRIPTORS: usize = 128 + 64 + 16;
/// Longest answer to the honest caller: other tests run on the same processors.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(5);

/// Resident memory of a process, KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count()
}

async fn connect(gateway: &Gateway, from: Option<IpAddr>) -> Channel {
    Channel::from_shared(format!("http://{}", gateway.grpc))
        .expect("an address")
        .local_address(from)
        .connect()
        .await
        .expect("connects")
}

/// Begins unread watches, half-sent requests and uploads of empty chunks on one connection, until
/// the future is dropped.
async fn attack(channel: Channel) {
    let watches = futures::future::join_all((0..CALLS).map(|_| async {
        let mut client = DreStatusServiceClient::new(channel.clone());
        let _unread = client.watch_dre(proto::WatchDreRequest::default()).await;
        std::future::pending::<()>().await;
    }));
    let halves = futures::future::join_all((0..CALLS).map(|_| async {
        let path = "/noemie.gateway.v1.ClaimWorkService/BatchRecordDecisions";
        while half_sent(&channel, path).await.is_ok() {}
    }));
    let uploads = futures::future::join_all((0..CALLS).map(|_| async {
        let metadata = proto::SubmitMetadata { sender: "mallory".into(), ..Default::default() };
        let empty = stream::repeat_with(|| Part::Chunk(Vec::new()));
        let parts = stream::once(async { Part::Metadata(metadata) }).chain(empty);
        let messages = parts.map(|part| proto::SubmitExchangeRequest { part: Some(part) });
        let mut client = ExchangeServiceClient::new(channel.clone());
        let _refused = client.submit_exchange(messages).await;
    }));
    tokio::join!(watches, halves, uploads);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attack_of_one_address_leaves_room_for_others() {
    let directory = tempfile::tempdir().expect("a directory");
    let gateway = Gateway::start(directory.path(), &[]).await;
    let pid = gateway.id();
    let mut honest = ExchangeServiceClient::new(connect(&gateway, Some(HONEST)).await);
    let list = || proto::ListExchangesRequest::default();
    honest.list_exchanges(list()).await.expect("answers before");
    let (memory_before, descriptors_before) = (memory(pid), descriptors(pid));

    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(connect(&gateway, None).await);
    }
    let attackers = futures::future::join_all(channels.into_iter().map(attack));
    let attackers = tokio::spawn(attackers);
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(tokio::net::TcpStream::connect(gateway.grpc).await.expect("connects"));
    }
    let (begin, mut slowest) = (Instant::now(), Duration::ZERO);
    let (mut most_memory, mut most_descriptors, mut calls) = (0, 0, 0);
    while begin.elapsed() < Duration::from_secs(4) {
        let asked = Instant::now();
        let answered = tokio::time::timeout(PATIENCE, honest.list_exchanges(list())).await;
        answered.expect("an answer").unwrap_or_else(|e| panic!("{}: {e}", reason(&e)));
        (slowest, calls) = (slowest.max(asked.elapsed()), calls + 1);
        most_memory = most_memory.max(memory(pid));
        most_descriptors = most_descriptors.max(descriptors(pid));
    }
    // The honest caller can also connect anew, and deposit: no upload holds a permit for nothing.
    let again = connect(&gateway, Some(HONEST)).await;
    ExchangeServiceClient::new(again).list_exchanges(list()).await.expect("a new connection");
    assert!(!attackers.is_finished(), "the attack goes on");
    let added = most_memory.saturating_sub(memory_before);
    let figures = format!(
        "{added} KiB more, {} descriptors more, slowest of {calls} calls {slowest:?}",
        most_descriptors.saturating_sub(descriptors_before)
    );
    assert!(added < MAX_ADDED_KIB, "{figures}");
    assert!(most_descriptors < descriptors_before + MAX_ADDED_DESCRIPTORS, "{figures}");
    assert!(slowest < MAX_ANSWER_TIME, "{figures}");
    let metrics = gateway.admin_get("/metrics").await;
    for limit in ["connections_per_peer", "streams_per_peer"] {
        let line = format!("noemie_limit_exceeded_total{{limit=\"{limit}\"}}");
        assert!(metrics.contains(&line), "{limit} was never reached: {figures}");
    }
    attackers.abort();
    eventually("silent connections are closed", || {
        silent.retain(|connection| match connection.try_read(&mut [0; 8]) {
            Ok(read) => read > 0,
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        });
        std::future::ready(silent.is_empty().then_some(()))
    })
    .boxed()
    .await;
    let figures = figures.as_str();
    assert!(descriptors(pid) <= descriptors_before + MAX_ADDED_DESCRIPTORS, "{figures}");
}
