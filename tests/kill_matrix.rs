//! The gateway dies at every named place between a byte and its event (`src/kill_point.rs`), then at many unnamed ones, on both databases. Each time
//! it is started again, the story goes on, and everything is counted: see `support/proof.rs`.
//!
//! `NOEMIE_TEST_KILLS=2000 cargo test --test kill_matrix unnamed` for a long run.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/broker.rs"]
mod broker;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/proof.rs"]
mod proof;
#[path = "support/story.rs"]
mod story;
mod support;

use broker::{Broker, on_broker};
use gateway::Gateway;
use noemie_gateway::kill_point::{self, PLACES};
use noemie_gateway::relay::topology::WORK;
use proof::{Deposit, Fact};
use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use story::Story;
use support::databases::on_postgres;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How a place ends the process.
const SIGABRT: i32 = 6;
/// Stories told at once in each shape: they mostly wait.
const AT_ONCE: usize = 8;
/// Invoices of the large file: two batches, so that a place inside a batch is met with one written and one not.
const LARGE: u64 = 600;
/// Places that need it.
const LARGE_AT: &[&str] = &["load.", "abandon.", "ingest.placed", "archive.chunk", "grpc.chunk"];
/// Invoices of the large file where its size makes no difference.
const SMALL: u64 = 12;
/// Places that are also met a second time, when something of the same kind went through before.
const TWICE: &[&str] = &["load.batch", "load.written", "archive.chunk", "deliver.placed", "relay.confirmed", "decide.committed", "ingest.committed"];
/// Kills at unnamed places in each shape, unless `NOEMIE_TEST_KILLS` says otherwise.
const KILLS: u64 = 20;

/// The shape of a gateway: the variables of its environment, and where its tables are.
struct Shape<'a> {
    settings: Vec<(&'a str, &'a str)>,
    url: String,
    broker: Option<&'a Broker>,
}

/// Every place, and some of them at their second visit, as the variable wants it.
fn orders(met: impl Fn(&str) -> bool) -> Vec<String> {
    let first = PLACES.iter().map(|(place, _)| (*place).to_owned());
    let second = TWICE.iter().map(|place| format!("{place}:2"));
    first.chain(second).filter(|order| met(order)).collect()
}

/// Dies where it is told, starts again, and is counted.
async fn dies_at(order: &str, dir: &Path, shape: &Shape<'_>) {
    let size = if LARGE_AT.iter().any(|place| order.starts_with(place)) { LARGE } else { SMALL };
    let mut story = Story::new(&shape.url, 0, size);
    let mut settings = shape.settings.clone();
    // A load is given up by hand, after the gateway died in the middle of it.
    let by_hand = order.starts_with("abandon.");
    settings.push((kill_point::VARIABLE, if by_hand { "load.committed" } else { order }));
    let death = match Gateway::try_start(dir, &settings).await {
        Ok(gateway) => story.tell(&gateway).await.expect_err("the gateway never came by this place"),
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
}

/// Gives up the load that was cut, and dies on the way: the gateway ends it, and the file comes in again from the drop directory.
fn give_up(dir: &Path, settings: &[(&str, &str)], order: &str) -> ExitStatus {
    let command = |arguments: &[&str]| {
        let mut command = gateway::command(dir);
        command.args(arguments).envs(settings.iter().copied()).stdin(Stdio::null()).stderr(Stdio::null());
        command
    };
    let listed = command(&["loads", "list", "--format", "json"]).output().expect("the program starts").stdout;
    let load: serde_json::Value = serde_json::from_slice(&listed).expect("one load");
    let id = load["exchange_id"].as_str().expect("an id");
    let mut abandon = command(&["loads", "abandon", id, "--why", "essai", "--yes", "--by", "essai"]);
    abandon.env(kill_point::VARIABLE, order).stdout(Stdio::null()).status().expect("the program starts")
}

async fn count(gateway: &Gateway, dir: &Path, shape: &Shape<'_>, deposits: &[Deposit], rejected: &BTreeSet<gateway::Invoice>) {
    proof::check(gateway, &shape.url, dir, deposits, rejected).await;
    proof::check_facts(&shape.url, &proof::stream(gateway, &shape.url).await).await;
    if let Some(broker) = shape.broker {
        let heard: Vec<Fact> = broker.drain(WORK).await.iter().map(Fact::from).collect();
        proof::check_facts(&shape.url, &heard).await;
    }
}

/// Dies at moments that look random, the same in every run.
async fn dies_anywhere(dir: &Path, shape: &Shape<'_>) {
    let kills = std::env::var("NOEMIE_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let mut gateway = Gateway::start(dir, &shape.settings).await;
    let (mut deposits, mut rejected, mut killed, mut stories) = (Vec::new(), BTreeSet::new(), 0, 0);
    while killed < kills {
        let mut story = Story::new(&shape.url, stories, 200);
        stories += 1;
        loop {
            let moment = if killed < kills { moment(killed) } else { Duration::from_secs(600) };
            match tokio::time::timeout(moment, story.tell(&gateway)).await {
                Ok(told) => break told.expect("the gateway lives"),
                Err(_) => {
                    gateway = gateway.kill_and_restart().await;
                    killed += 1;
                }
            }
        }
        deposits.extend(story.deposits());
        rejected.append(&mut story.rejected);
    }
    println!("{killed} kills in {stories} stories");
    count(&gateway, dir, shape, &deposits, &rejected).await;
    proof::check_verify(&gateway);
}

/// From almost at once to about as long as a story takes.
fn moment(n: u64) -> Duration {
    let mixed = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    Duration::from_millis(20 + (mixed >> 33) % 3_000)
}

/// Runs every order, some at once, and says at the end which ones failed.
async fn matrix<F: Future<Output = ()> + Send + 'static>(orders: Vec<String>, run: impl Fn(String) -> F) {
    let (turns, mut running, mut failed) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new(), Vec::new());
    for order in orders {
        let (turns, ran) = (Arc::clone(&turns), run(order.clone()));
        running.spawn(async move {
            let _turn = turns.acquire_owned().await.expect("open");
            let outcome = tokio::spawn(ran).await;
            (order, outcome.err().map(|failure| text_of(failure.into_panic())))
        });
    }
    let count = running.len();
    while let Some(ended) = running.join_next().await {
        let (order, failure) = ended.expect("a story");
        failed.extend(failure.map(|why| format!("{order}: {why}")));
    }
    assert!(failed.is_empty(), "{} of {count} places failed:\n{}", failed.len(), failed.join("\n"));
}

fn text_of(panic: Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|t| (*t).to_owned())).unwrap_or_else(|| "panicked".to_owned())
}

async fn embedded(test: impl AsyncFnOnce(&Path, &Shape<'_>)) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("data/gateway.db").display());
    test(directory.path(), &Shape { settings: Vec::new(), url, broker: None }).await;
}

async fn in_the_shape_of_production<T>(test: T)
where
    T: for<'a> FnOnce(&'a Path, &'a Shape<'a>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>> + Send + 'static,
{
    on_broker(|broker| {
        on_postgres(|db| async move {
            let (directory, prefix, amqp) = (tempfile::tempdir().unwrap(), broker.prefix(), broker.url());
            let settings = vec![
                ("NOEMIE_DATABASE_URL", db.url.as_str()),
                ("NOEMIE_DATABASE_CONNECTIONS", "5"),
                ("NOEMIE_AMQP_URL", amqp.as_str()),
                ("NOEMIE_AMQP_PREFIX", prefix.as_str()),
            ];
            test(directory.path(), &Shape { settings, url: db.url.clone(), broker: Some(&broker) }).await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_at_every_named_place() {
    // Without a broker nothing is on its way to one.
    let orders = orders(|order| order != "relay.sent");
    matrix(orders, |order| async move { embedded(async |dir: &Path, shape: &Shape<'_>| dies_at(&order, dir, shape).await).await }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_shape_of_production_at_every_named_place() {
    matrix(orders(|_| true), |order| in_the_shape_of_production(move |dir, shape| Box::pin(async move { dies_at(&order, dir, shape).await }))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_at_unnamed_places() {
    embedded(async |dir: &Path, shape: &Shape<'_>| dies_anywhere(dir, shape).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_shape_of_production_at_unnamed_places() {
    in_the_shape_of_production(|dir, shape| Box::pin(dies_anywhere(dir, shape))).await;
}
