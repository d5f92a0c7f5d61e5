//! The listener of gRPC: no answer waits for the client's delayed acknowledgement, and running out
//! of file descriptors does not end it.

use crate::support;

use crate::grpc_support;

use grpc_support::Gateway;
use noemie_gateway::grpc::proto::LookupConventionnementRequest;
use program::{PATIENCE, eventually};
use std::process::Command;
use std::time::{Duration, Instant};
use support::gateway as program;
use tokio::net::TcpStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// Calls in a row on one connection.
const CALLS: u32 = 20;
/// Upper bound of all calls together. Without `TCP_NODELAY` each call waits about 40 ms for the
/// client's delayed acknowledgement, 800 ms in all.
const CALLS_TIMEOUT: Duration = Duration::from_millis(200);
/// Rounds of calls, of which the fastest counts: other tests run on the same processors. A missing
/// `TCP_NODELAY` delays every round.
const ROUNDS: u32 = 10;

#[tokio::test]
async fn unary_answers_do_not_wait_for_a_delayed_acknowledgement() {
    let gateway = Gateway::start().await;
    let mut client = gateway.conventions();
    let lookup = || LookupConventionnementRequest {
        identifier: "992001362".into(),
        amc_number: "99900011".into(),
        domain: "PHAR".into(),
        on: "2025-03-10".into(),
    };
    // The first call pays for the statements that the database prepares.
    client.lookup_conventionnement(lookup()).await.expect("answers");
    let mut fastest = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..CALLS {
            let answer = client.lookup_conventionnement(lookup()).await.expect("answers");
            assert!(!answer.into_inner().reason.is_empty(), "the answer has a body");
        }
        fastest = fastest.min(start.elapsed());
        if fastest < CALLS_TIMEOUT {
            return;
        }
    }
    panic!("{CALLS} calls took at least {fastest:?}");
}

#[tokio::test]
async fn the_listener_survives_a_process_without_file_descriptors() {
    let directory = tempfile::tempdir().expect("a directory");
    let gateway = program::Gateway::start(directory.path(), &[]).await;
    let mut health = HealthClient::new(gateway.channel.clone());
    let check = || HealthCheckRequest { service: String::new() };
    health.check(check()).await.expect("answers before");
    let pid = gateway.id();
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("descriptors").count();
    limit_descriptors(pid, open + 3);

    let mut held = Vec::new();
    eventually("the process runs out of descriptors", || {
        let (log, address) = (gateway.log(), gateway.grpc);
        let held = &mut held;
        let logged = log.contains("connections cannot be accepted");
        if !logged {
            // The kernel completes connections that the process cannot accept.
            held.push(std::net::TcpStream::connect(address).expect("the kernel connects"));
        }
        std::future::ready(logged.then_some(()))
    })
    .await;
    let processor = processor_time(pid);
    tokio::time::timeout(PATIENCE, health.check(check()))
        .await
        .expect("open connections are served")
        .expect("answers meanwhile");
    drop(held);
    // A new connection is accepted and served.
    eventually("a new connection is served", || async {
        TcpStream::connect(gateway.grpc).await.ok()?;
        let channel = tonic::transport::Channel::from_shared(format!("http://{}", gateway.grpc));
        let channel = channel.expect("an address").connect().await.ok()?;
        HealthClient::new(channel).check(check()).await.ok()
    })
    .await;
    let failures = gateway.metric("noemie_grpc_accept_failures_total").await;
    assert!(failures.is_some_and(|count| count >= 1.0), "{failures:?}");
    let busy = processor_time(pid) - processor;
    assert!(busy < 100, "the listener spun: {busy} ticks of processor time");
}

/// Limits the open files of a running process.
fn limit_descriptors(pid: u32, most: usize) {
    let limited = Command::new("prlimit")
        .args(["--pid", &pid.to_string(), &format!("--nofile={most}:{most}")])
        .status()
        .expect("prlimit runs");
    assert!(limited.success());
}

/// Processor time that a process has used, in ticks of 10 ms.
fn processor_time(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is known");
    let after_name = stat.rsplit_once(')').expect("a name").1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<u64>().expect("a number");
    ticks(11) + ticks(12)
}
