//! Kills at the kill points, at the first visit or at the second.

use super::gateway::{self, Gateway};
use super::proof::{self, Fact};
use super::story::Story;
use super::support::is_long;
use super::{Setup, check};
use noemie_gateway::kill_point::{self, POINTS};
use noemie_gateway::relay::topology::WORK;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

/// Signal that ends a process at a kill point.
const SIGABRT: i32 = 6;
/// Invoices of the large file: two batches, so that a kill point inside a batch is reached with one
/// batch written.
const LARGE_INVOICES: u64 = 600;
/// Kill points that need the large file.
const LARGE_AT: &[&str] = &["load.", "abandon.", "ingest.placed", "archive.chunk", "grpc.chunk"];
/// Invoices of the largest file at the other kill points.
const SMALL_INVOICES: u64 = 12;
/// Kill points that are also tested at their second visit, with `NOEMIE_TEST_LONG=1`.
const TWICE: &[&str] = &[
    "load.batch",
    "load.written",
    "archive.chunk",
    "deliver.placed",
    "relay.confirmed",
    "decide.committed",
    "ingest.committed",
];

/// Returns every kill point that `included` accepts, in the form of the environment variable.
pub fn orders(included: impl Fn(&str) -> bool) -> Vec<String> {
    let first = POINTS.iter().map(|(point, _)| (*point).to_owned());
    let twice = if is_long() { TWICE } else { &[] };
    let second = twice.iter().map(|point| format!("{point}:2"));
    first.chain(second).filter(|order| included(order)).collect()
}

/// Kills the gateway at a kill point, starts it again, and checks everything.
pub async fn kill_at(order: &str, dir: &Path, setup: &Setup<'_>) {
    let large = LARGE_AT.iter().any(|point| order.starts_with(point));
    let size = if large { LARGE_INVOICES } else { SMALL_INVOICES };
    let mut story = Story::new(&setup.url, 0, size);
    let mut settings = setup.settings.clone();
    // The operator abandons a staged deposit after the gateway died in the middle of it.
    let by_operator = order.starts_with("abandon.");
    settings.push((kill_point::VARIABLE, if by_operator { "load.committed" } else { order }));
    let death = match Gateway::try_start(dir, &settings).await {
        Ok(gateway) => {
            story.run(&gateway).await.expect_err("the gateway never reached this kill point")
        }
        Err(ended) => ended,
    };
    assert_eq!(death.signal(), Some(SIGABRT), "the gateway died elsewhere: {death:?}");
    if by_operator {
        let death = abandon(dir, &setup.settings, order);
        assert_eq!(death.signal(), Some(SIGABRT), "the command died elsewhere: {death:?}");
    }
    let gateway = Gateway::start(dir, &setup.settings).await;
    story.run(&gateway).await.expect("the gateway runs");
    check(&gateway, dir, setup, &story.deposits(), &story.rejected).await;
    if let Some(broker) = setup.broker {
        let facts: Vec<Fact> = broker.drain(WORK).await.iter().map(Fact::from).collect();
        proof::check_facts(&setup.url, &facts).await;
    }
}

/// Abandons the interrupted staged deposit with a command that dies at the kill point. The gateway
/// finishes the withdrawal at its next start, and takes the file again from the drop directory.
fn abandon(dir: &Path, settings: &[(&str, &str)], order: &str) -> ExitStatus {
    let command = |arguments: &[&str]| {
        let mut command = gateway::command(dir);
        command
            .args(arguments)
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    let listed = command(&["loads", "list", "--format", "json"])
        .output()
        .expect("the program starts")
        .stdout;
    let staged: serde_json::Value = serde_json::from_slice(&listed).expect("one staged deposit");
    let id = staged["exchange_id"].as_str().expect("an id");
    let mut abandon =
        command(&["loads", "abandon", id, "--why", "essai", "--yes", "--by", "essai"]);
    abandon
        .env(kill_point::VARIABLE, order)
        .stdout(Stdio::null())
        .status()
        .expect("the program starts")
}
