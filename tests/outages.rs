//! What the gateway leans on goes away under load and comes back: stopped, killed, cut, silent,
//! full. No restart of the gateway, nothing lost, nothing double: each outage ends with the count
//! of `support/proof.rs`.
//!
//! Servers of our own are stopped and killed (`support/servers.rs`); those of the machine are left
//! alone. Without their programs the test says so and does nothing.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/broker.rs"]
mod broker;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/load.rs"]
mod load;
#[path = "outages/postgres.rs"]
mod postgres;
#[path = "support/proof.rs"]
mod proof;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "outages/rabbitmq.rs"]
mod rabbitmq;
#[path = "outages/replicas.rs"]
mod replicas;
#[path = "outages/room.rs"]
mod room;
#[path = "support/servers.rs"]
mod servers;
#[path = "support/story.rs"]
mod story;
mod support;

use broker::Broker;
use gateway::{Gateway, eventually};
use load::{Doors, Load, Refusals};
use proof::{Deposit, Fact, number};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tempfile::TempDir;

/// Exchanges that go through before an outage, and after it.
const SOME: i64 = 6;
const EXCHANGES: &str = "SELECT count(*) FROM exchanges WHERE verdict IS NOT NULL";

/// A gateway under load, in a directory of its own.
struct Outage {
    gateway: Gateway,
    directory: TempDir,
    load: Load,
    url: String,
}

impl Outage {
    /// Starts the gateway and the load, and waits until files go through.
    async fn begin(name: &str, settings: &[(&str, &str)], url: &str) -> Self {
        println!("{name}");
        let directory = tempfile::tempdir().unwrap();
        let gateway = Gateway::start(directory.path(), settings).await;
        let load = Load::start(directory.path(), Doors::new(vec![gateway.channel.clone()]), 1);
        let outage = Self { gateway, directory, load, url: url.to_owned() };
        outage.goes_on("before").await;
        outage
    }

    /// Waits until some more files went through.
    async fn goes_on(&self, when: &str) {
        let count = || async { number(&self.url, EXCHANGES).await.ok() };
        let before = eventually("the database answers", count).await;
        let start = Instant::now();
        eventually("files go through", || async {
            count().await.filter(|now| *now >= before + SOME)
        })
        .await;
        println!("  {when}: {SOME} more exchanges in {:.1} s", start.elapsed().as_secs_f64());
    }

    /// It is over: files go through again without a restart, and everything is counted. Answers
    /// what was refused on the way.
    async fn end(self) -> Refusals {
        self.goes_on("after").await;
        let start = Instant::now();
        let (deposits, refusals) = self.load.stop().await;
        settles(&self.url, self.directory.path(), &deposits).await;
        println!(
            "  {} files, at rest after {:.1} s; refused on the way: {refusals:?}",
            deposits.len(),
            start.elapsed().as_secs_f64()
        );
        proof::check(&self.gateway, &self.url, self.directory.path(), &deposits, &BTreeSet::new())
            .await;
        proof::check_facts(&self.url, &proof::stream(&self.gateway, &self.url).await).await;
        proof::check_verify(&self.gateway);
        assert!(
            !refusals.contains_key("Internal"),
            "an outage is no fault of the gateway: {refusals:?}\n{}",
            self.gateway.log()
        );
        refusals
    }
}

/// Waits until every file has its ARL and every event left.
async fn settles(url: &str, dir: &Path, deposits: &[Deposit]) {
    let inbox = dir.join("data/in");
    let waiting = || -> usize {
        let senders = fs::read_dir(&inbox).into_iter().flatten().map(|e| e.unwrap().path());
        senders.map(|sender| fs::read_dir(sender).map_or(0, Iterator::count)).sum()
    };
    let under_way = "SELECT (SELECT count(*) FROM outbox WHERE position IS NULL) + (SELECT count(*) FROM returns WHERE delivered_at IS NULL)";
    eventually("every file went through", || async {
        let done = waiting() == 0
            && number(url, EXCHANGES).await.ok()? >= deposits.len() as i64
            && number(url, under_way).await.ok()? == 0;
        done.then_some(())
    })
    .await;
}

async fn heard(broker: &Broker, queue: &str) -> Vec<Fact> {
    broker.drain(queue).await.iter().map(Fact::from).collect()
}

/// Something that takes its time on a thread of its own.
async fn elsewhere<T: Send + 'static, S: Send + 'static>(
    server: &Arc<Mutex<S>>,
    work: impl FnOnce(&mut S) -> T + Send + 'static,
) -> T {
    let server = Arc::clone(server);
    tokio::task::spawn_blocking(move || work(&mut server.lock().unwrap())).await.unwrap()
}
