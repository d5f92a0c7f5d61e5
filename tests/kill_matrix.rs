//! Kills the gateway at every kill point between a byte and its event (`src/kill_point.rs`), then at
//! random moments, on both databases. After each kill the gateway starts again and the story goes
//! on. At the end the test compares the deposits with database, archive, directories and queues
//! (`support/proof.rs`).
//!
//! The number of random kills is short unless `NOEMIE_TEST_LONG=1` is set.
//! `NOEMIE_TEST_KILLS=2000 cargo test --test kill_matrix random -- --nocapture` kills more often,
//! and `NOEMIE_TEST_SEED=1` draws other moments.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test stops at the first surprise")]

#[path = "kill_matrix/moment.rs"]
mod moment;
#[path = "kill_matrix/named.rs"]
mod named;
#[path = "kill_matrix/random.rs"]
mod random;
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use support::broker::{self, Broker, on_broker};
use support::databases::on_postgres_at;
use support::gateway::{self, Gateway};
use support::proof::{self, Deposit};
use support::{half_done, servers, story, wait};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Gateways that run at once in this test program. A gateway mostly waits.
const MAX_GATEWAYS: usize = 8;
static PERMITS: Semaphore = Semaphore::const_new(MAX_GATEWAYS);
/// Free connections that a PostgreSQL needs for the gateways and the tests: a gateway opens about
/// ten.
const CONNECTIONS: i64 = 160;

/// What a gateway runs on: its environment variables, the address of its database, its broker.
struct Setup<'a> {
    settings: Vec<(&'a str, &'a str)>,
    url: String,
    broker: Option<&'a Broker>,
}

/// Checks everything but the messages of the workers' queue.
async fn check(
    gateway: &Gateway,
    dir: &Path,
    setup: &Setup<'_>,
    deposits: &[Deposit],
    rejected: &BTreeSet<gateway::Invoice>,
) {
    proof::check(gateway, &setup.url, dir, deposits, rejected).await;
    proof::check_facts(&setup.url, &proof::stream(gateway, &setup.url).await).await;
}

/// Runs every story, [`MAX_GATEWAYS`] at once, and panics with the names of the failed ones.
async fn matrix<F: Future<Output = ()> + Send + 'static>(
    names: Vec<String>,
    run: impl Fn(String) -> F,
) {
    let (mut running, mut failed) = (JoinSet::new(), Vec::new());
    for name in names {
        let ran = run(name.clone());
        running.spawn(async move {
            let _permit = PERMITS.acquire().await.expect("the semaphore is never closed");
            let outcome = tokio::spawn(ran).await;
            (name, outcome.err().map(|failure| text_of(failure.into_panic())))
        });
    }
    let count = running.len();
    while let Some(ended) = running.join_next().await {
        let (name, failure) = ended.expect("a story");
        failed.extend(failure.map(|why| format!("{name}: {why}")));
    }
    assert!(failed.is_empty(), "{} of {count} failed:\n{}", failed.len(), failed.join("\n"));
}

fn text_of(panic: Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|t| (*t).to_owned()))
        .unwrap_or_else(|| "panicked".to_owned())
}

/// Runs a test on SQLite, without a broker.
async fn embedded(test: impl AsyncFnOnce(&Path, &Setup<'_>)) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("data/gateway.db").display());
    test(directory.path(), &Setup { settings: Vec::new(), url, broker: None }).await;
}

/// Runs a test on PostgreSQL and RabbitMQ.
async fn in_production<T>(test: T)
where
    T: for<'a> FnOnce(
            &'a Path,
            &'a Setup<'a>,
        ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>
        + Send
        + 'static,
{
    let server = servers::postgres_with(CONNECTIONS).await;
    on_broker(|broker| async move {
        on_postgres_at(&server, |db| async move {
            let (directory, prefix, amqp) =
                (tempfile::tempdir().unwrap(), broker.prefix(), broker.url());
            let settings = vec![
                ("NOEMIE_DATABASE_URL", db.url.as_str()),
                ("NOEMIE_DATABASE_CONNECTIONS", "5"),
                ("NOEMIE_AMQP_URL", amqp.as_str()),
                ("NOEMIE_AMQP_PREFIX", prefix.as_str()),
            ];
            test(directory.path(), &Setup { settings, url: db.url.clone(), broker: Some(&broker) })
                .await;
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_at_every_kill_point() {
    // The local log sends no message.
    let orders = named::orders(|order| order != "relay.sent");
    matrix(orders, |order| async move {
        embedded(async |dir: &Path, setup: &Setup<'_>| named::kill_at(&order, dir, setup).await)
            .await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_production_at_every_kill_point() {
    let orders = named::orders(|_| true);
    matrix(orders, |order| {
        in_production(move |dir, setup| {
            Box::pin(async move { named::kill_at(&order, dir, setup).await })
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_at_random_moments() {
    let total = random::Total::default();
    matrix(random::series(), |series| {
        let total = total.clone();
        async move {
            embedded(async |dir: &Path, setup: &Setup<'_>| {
                random::kill_in_series(&series, dir, setup, &total).await
            })
            .await
        }
    })
    .await;
    random::check_coverage(&total);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_production_at_random_moments() {
    let total = random::Total::default();
    matrix(random::series(), |series| {
        let total = total.clone();
        in_production(move |dir, setup| {
            Box::pin(async move { random::kill_in_series(&series, dir, setup, &total).await })
        })
    })
    .await;
    random::check_coverage(&total);
}
