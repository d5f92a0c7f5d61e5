//! The gateway dies at every named place between a byte and its event (`src/kill_point.rs`), then
//! at many moments of no name, on both databases. Each time it is started again, the story goes on,
//! and everything is counted: see `support/proof.rs`.
//!
//! `NOEMIE_TEST_KILLS=2000 cargo test --test kill_matrix unnamed -- --nocapture` for a long run,
//! with `NOEMIE_TEST_SEED=1` for other moments.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test stops at the first surprise")]

#[path = "support/broker.rs"]
mod broker;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/half_done.rs"]
mod half_done;
#[path = "kill_matrix/moment.rs"]
mod moment;
#[path = "kill_matrix/named.rs"]
mod named;
#[path = "support/proof.rs"]
mod proof;
#[path = "support/story.rs"]
mod story;
mod support;
#[path = "kill_matrix/unnamed.rs"]
mod unnamed;

use broker::{Broker, on_broker};
use gateway::Gateway;
use proof::Deposit;
use std::collections::BTreeSet;
use std::path::Path;
use support::databases::on_postgres;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Gateways at once, in all tests of this program: they mostly wait, and each has some ten of the
/// hundred connections of a PostgreSQL.
const AT_ONCE: usize = 8;
static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// The shape of a gateway: the variables of its environment, and where its tables are.
struct Shape<'a> {
    settings: Vec<(&'a str, &'a str)>,
    url: String,
    broker: Option<&'a Broker>,
}

/// Everything but what a worker heard.
async fn count(
    gateway: &Gateway,
    dir: &Path,
    shape: &Shape<'_>,
    deposits: &[Deposit],
    rejected: &BTreeSet<gateway::Invoice>,
) {
    proof::check(gateway, &shape.url, dir, deposits, rejected).await;
    proof::check_facts(&shape.url, &proof::stream(gateway, &shape.url).await).await;
}

/// Runs every story, some at once, and says at the end which ones failed.
async fn matrix<F: Future<Output = ()> + Send + 'static>(
    names: Vec<String>,
    run: impl Fn(String) -> F,
) {
    let (mut running, mut failed) = (JoinSet::new(), Vec::new());
    for name in names {
        let ran = run(name.clone());
        running.spawn(async move {
            let _turn = TURNS.acquire().await.expect("open");
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

async fn embedded(test: impl AsyncFnOnce(&Path, &Shape<'_>)) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("data/gateway.db").display());
    test(directory.path(), &Shape { settings: Vec::new(), url, broker: None }).await;
}

async fn in_the_shape_of_production<T>(test: T)
where
    T: for<'a> FnOnce(
            &'a Path,
            &'a Shape<'a>,
        ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>
        + Send
        + 'static,
{
    on_broker(|broker| {
        on_postgres(|db| async move {
            let (directory, prefix, amqp) =
                (tempfile::tempdir().unwrap(), broker.prefix(), broker.url());
            let settings = vec![
                ("NOEMIE_DATABASE_URL", db.url.as_str()),
                ("NOEMIE_DATABASE_CONNECTIONS", "5"),
                ("NOEMIE_AMQP_URL", amqp.as_str()),
                ("NOEMIE_AMQP_PREFIX", prefix.as_str()),
            ];
            test(directory.path(), &Shape { settings, url: db.url.clone(), broker: Some(&broker) })
                .await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_at_every_named_place() {
    // Without a broker nothing is on its way to one.
    let orders = named::orders(|order| order != "relay.sent");
    matrix(orders, |order| async move {
        embedded(async |dir: &Path, shape: &Shape<'_>| named::dies_at(&order, dir, shape).await)
            .await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_shape_of_production_at_every_named_place() {
    let orders = named::orders(|_| true);
    matrix(orders, |order| {
        in_the_shape_of_production(move |dir, shape| {
            Box::pin(async move { named::dies_at(&order, dir, shape).await })
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_at_unnamed_moments() {
    let total = unnamed::Total::default();
    matrix(unnamed::series(), |series| {
        let total = total.clone();
        async move {
            embedded(async |dir: &Path, shape: &Shape<'_>| {
                unnamed::dies_anywhere(&series, dir, shape, &total).await
            })
            .await
        }
    })
    .await;
    unnamed::check_aim(&total);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_shape_of_production_at_unnamed_moments() {
    let total = unnamed::Total::default();
    matrix(unnamed::series(), |series| {
        let total = total.clone();
        in_the_shape_of_production(move |dir, shape| {
            Box::pin(async move { unnamed::dies_anywhere(&series, dir, shape, &total).await })
        })
    })
    .await;
    unnamed::check_aim(&total);
}
