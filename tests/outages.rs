//! Outages under load: PostgreSQL, RabbitMQ, a replica or the disk is stopped, killed, cut, silent or
//! full, and comes back. The gateway is not restarted. Each outage ends with the check of
//! `support/proof.rs`, that no file is lost and no claim is stored twice.
//!
//! The tests stop and kill private servers (`support/servers.rs`), and leave the servers of the
//! machine alone. Without the programs of a server its test prints that it was skipped. Servers that
//! fall silent are tested with `NOEMIE_TEST_LONG=1`.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "outages/postgres.rs"]
mod postgres;
#[path = "outages/rabbitmq.rs"]
mod rabbitmq;
#[path = "outages/replicas.rs"]
mod replicas;
#[path = "outages/room.rs"]
mod room;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use support::broker::{self, Broker};
use support::gateway::{self, Gateway};
use support::load::{self, Gateways, Load, Refusals};
use support::proof::{self, Deposit, Fact, number};
use support::wait::eventually;
use support::{proxy, servers, story, wait};
use tempfile::TempDir;

/// Exchanges that must be completed before, during and after an outage.
const PROGRESS: i64 = 6;
const EXCHANGES: &str = "SELECT count(*) FROM exchanges WHERE verdict IS NOT NULL";

/// A gateway under load.
struct Outage {
    gateway: Gateway,
    directory: TempDir,
    load: Load,
    url: String,
}

impl Outage {
    /// Starts the gateway and its load, and waits until exchanges are completed.
    async fn begin(name: &str, settings: &[(&str, &str)], url: &str) -> Self {
        println!("{name}");
        let directory = tempfile::tempdir().unwrap();
        let gateway = Gateway::start(directory.path(), settings).await;
        let load = Load::start(directory.path(), Gateways::new(vec![gateway.channel.clone()]), 1);
        let outage = Self { gateway, directory, load, url: url.to_owned() };
        outage.expect_progress("before").await;
        outage
    }

    /// Waits until [`PROGRESS`] more exchanges are completed.
    async fn expect_progress(&self, when: &str) {
        let count = || async { number(&self.url, EXCHANGES).await.ok() };
        let before = eventually("the database answers", count).await;
        let start = Instant::now();
        eventually("exchanges are completed", || async {
            count().await.filter(|now| *now >= before + PROGRESS)
        })
        .await;
        println!("  {when}: {PROGRESS} more exchanges in {:.1} s", start.elapsed().as_secs_f64());
    }

    /// Waits until exchanges are completed again without a restart, stops the load, and checks
    /// everything. Returns the refusals.
    async fn end(self) -> Refusals {
        self.expect_progress("after").await;
        let start = Instant::now();
        let (deposits, refusals) = self.load.stop().await;
        wait_until_idle(&self.url, self.directory.path(), &deposits).await;
        println!(
            "  {} files, idle after {:.1} s; refusals: {refusals:?}",
            deposits.len(),
            start.elapsed().as_secs_f64()
        );
        proof::check(&self.gateway, &self.url, self.directory.path(), &deposits, &BTreeSet::new())
            .await;
        proof::check_facts(&self.url, &proof::stream(&self.gateway, &self.url).await).await;
        proof::check_verify(&self.gateway);
        assert!(
            !refusals.contains_key("Internal"),
            "an outage must not be an internal error: {refusals:?}\n{}",
            self.gateway.log()
        );
        refusals
    }
}

/// Waits until every deposit is completed, every event published and every return file delivered.
async fn wait_until_idle(url: &str, dir: &Path, deposits: &[Deposit]) {
    let inbox = dir.join("data/in");
    let dropped = || -> usize {
        let senders = fs::read_dir(&inbox).into_iter().flatten().map(|e| e.unwrap().path());
        senders.map(|sender| fs::read_dir(sender).map_or(0, Iterator::count)).sum()
    };
    let pending = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) \
        FROM returns WHERE delivered_at IS NULL)";
    eventually("the gateway is idle", || async {
        let done = dropped() == 0
            && number(url, EXCHANGES).await.ok()? >= deposits.len() as i64
            && number(url, pending).await.ok()? == 0;
        done.then_some(())
    })
    .await;
}

/// Takes the events of a queue.
async fn drain(broker: &Broker, queue: &str) -> Vec<Fact> {
    broker.drain(queue).await.iter().map(Fact::from).collect()
}

/// Runs blocking work on a server, on a thread for it.
async fn blocking<T: Send + 'static, S: Send + 'static>(
    server: &Arc<Mutex<S>>,
    work: impl FnOnce(&mut S) -> T + Send + 'static,
) -> T {
    let server = Arc::clone(server);
    tokio::task::spawn_blocking(move || work(&mut server.lock().unwrap())).await.unwrap()
}
