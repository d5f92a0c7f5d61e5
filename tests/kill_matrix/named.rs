//! The gateway dies at a named place, at its first visit or at the second, and the story goes on.

use super::gateway::{self, Gateway};
use super::proof::{self, Fact};
use super::story::Story;
use super::{Shape, count};
use noemie_gateway::kill_point::{self, POINTS};
use noemie_gateway::relay::topology::WORK;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

/// How a place ends the process.
const SIGABRT: i32 = 6;
/// Invoices of the large file: two batches, so that a place inside a batch is met with one written
/// and one not.
const LARGE: u64 = 600;
/// Places that need it.
const LARGE_AT: &[&str] = &["load.", "abandon.", "ingest.placed", "archive.chunk", "grpc.chunk"];
/// Invoices of the large file where its size makes no difference.
const SMALL: u64 = 12;
/// Places that are also met a second time, when something of the same kind went through before.
const TWICE: &[&str] = &[
    "load.batch",
    "load.written",
    "archive.chunk",
    "deliver.placed",
    "relay.confirmed",
    "decide.committed",
    "ingest.committed",
];

/// Every place, and some of them at their second visit, as the variable wants it.
pub fn orders(met: impl Fn(&str) -> bool) -> Vec<String> {
    let first = POINTS.iter().map(|(point, _)| (*point).to_owned());
    let second = TWICE.iter().map(|place| format!("{place}:2"));
    first.chain(second).filter(|order| met(order)).collect()
}

/// Dies where it is told, starts again, and is counted.
pub async fn dies_at(order: &str, dir: &Path, shape: &Shape<'_>) {
    let size = if LARGE_AT.iter().any(|place| order.starts_with(place)) { LARGE } else { SMALL };
    let mut story = Story::new(&shape.url, 0, size);
    let mut settings = shape.settings.clone();
    // A load is given up by hand, after the gateway died in the middle of it.
    let by_hand = order.starts_with("abandon.");
    settings.push((kill_point::VARIABLE, if by_hand { "load.committed" } else { order }));
    let death = match Gateway::try_start(dir, &settings).await {
        Ok(gateway) => {
            story.tell(&gateway).await.expect_err("the gateway never came by this place")
        }
        Err(ended) => ended,
    };
    assert_eq!(death.signal(), Some(SIGABRT), "the gateway died elsewhere: {death:?}");
    if by_hand {
        let death = give_up(dir, &shape.settings, order);
        assert_eq!(death.signal(), Some(SIGABRT), "the command died elsewhere: {death:?}");
    }
    let gateway = Gateway::start(dir, &shape.settings).await;
    story.tell(&gateway).await.expect("the gateway lives");
    count(&gateway, dir, shape, &story.deposits(), &story.rejected).await;
    if let Some(broker) = shape.broker {
        let heard: Vec<Fact> = broker.drain(WORK).await.iter().map(Fact::from).collect();
        proof::check_facts(&shape.url, &heard).await;
    }
}

/// Gives up the load that was cut, and dies on the way: the gateway ends it, and the file comes in
/// again from the drop directory.
fn give_up(dir: &Path, settings: &[(&str, &str)], order: &str) -> ExitStatus {
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
    let load: serde_json::Value = serde_json::from_slice(&listed).expect("one load");
    let id = load["exchange_id"].as_str().expect("an id");
    let mut abandon =
        command(&["loads", "abandon", id, "--why", "essai", "--yes", "--by", "essai"]);
    abandon
        .env(kill_point::VARIABLE, order)
        .stdout(Stdio::null())
        .status()
        .expect("the program starts")
}
