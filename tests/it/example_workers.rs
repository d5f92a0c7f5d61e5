//! The workers of `examples/` on a real RabbitMQ. They get duplicates and an unreadable message, are
//! killed, and lose their connection; each event takes effect once.
//!
//! The Python worker needs `python3` with pika, which pip installs into `target/worker-venv`. Where
//! that fails the test prints that it was skipped. The test of the Rust worker is never skipped.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps is a test that fails with a line number"
)]

use crate::support;

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use noemie_gateway::domain::ClaimEvent;
use noemie_gateway::relay::dead_letters::{DeadQueue, look};
use noemie_gateway::relay::topology::{self, DEAD, WORK};
use sqlx::{Connection, SqliteConnection};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::relay::{Broker, Proxy, eventually, on_broker};
use support::samples::{claim, event, new_id};
use support::wait::{PATIENCE, within};

/// Claims whose events are published before a worker starts.
const CLAIMS: u64 = 40;
/// Events of each claim.
const FACTS: u64 = 25;
/// Claims whose events are published while the connection of the worker is cut.
const LATE_CLAIMS: u64 = 4;

/// A worker process, killed when it is dropped.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(program: &[PathBuf], url: &str, queue: &str, db: &Path) -> Worker {
    let log =
        std::fs::File::options().create(true).append(true).open(db.with_extension("log")).unwrap();
    let (first, rest) = program.split_first().unwrap();
    let mut command = Command::new(first);
    command
        .args(rest)
        .env("WORKER_AMQP_URL", url)
        .env("WORKER_QUEUE", queue)
        .env("WORKER_DB", db)
        .env_remove("WORKER_GRPC");
    Worker(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
}

/// Returns an integer from the worker's database, 0 before the worker has made its tables.
async fn number(db: &Path, sql: &'static str) -> i64 {
    let url = format!("sqlite:{}?mode=ro", db.display());
    let Ok(mut connection) = SqliteConnection::connect(&url).await else { return 0 };
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap_or(0)
}

/// Publishes the events of several claims, in order for each. The events of every third claim are
/// published twice.
async fn feed(broker: &Broker, claims: u64) {
    let exchange = noemie_gateway::domain::ExchangeId(new_id());
    let claims: Vec<_> = (1..=claims).map(|n| claim(exchange, n, &n.to_string()).claim).collect();
    for sequence in 1..=FACTS {
        for (n, claim) in claims.iter().enumerate() {
            let event: ClaimEvent = event(claim, sequence);
            for _ in 0..if n % 3 == 0 { 2 } else { 1 } {
                publish(broker, &event.event_id.to_string(), &serde_json::to_vec(&event).unwrap())
                    .await;
            }
        }
    }
}

async fn publish(broker: &Broker, id: &str, body: &[u8]) {
    let properties =
        BasicProperties::default().with_message_id(id.into()).with_type("claim.received".into());
    let key = "claim.dre.received.0099900011".into();
    let sent = broker.channel.basic_publish(
        broker.name(topology::CLAIMS),
        key,
        BasicPublishOptions::default(),
        body,
        properties,
    );
    sent.await.unwrap().await.unwrap();
}

/// Runs a worker through kills, a cut connection and an unreadable message.
async fn story(program: Vec<PathBuf>) {
    on_broker(|broker| async move {
        let dir = tempfile::tempdir().unwrap();
        let db = dir.path().join("worker.db");
        let queue = broker.prefix.name(WORK);
        let proxy = Proxy::start().await;
        topology::declare(&broker.channel, &broker.prefix).await.unwrap();
        feed(&broker, CLAIMS).await;
        publish(&broker, &new_id().to_string(), b"not an event: DUPONT").await;

        // The worker is killed twice in the middle of its work.
        for done in [150, 400] {
            let worker = start(&program, &proxy.url(), &queue, &db);
            wait_until_done(&db, done, PATIENCE).await;
            drop(worker);
        }
        // Its connection is cut in the middle of its work, or at the end on a fast machine. More
        // events are published after the cut.
        let connections = || {
            std::fs::read_to_string(db.with_extension("log"))
                .unwrap_or_default()
                .matches("consuming")
                .count()
        };
        let before = connections();
        let worker = start(&program, &proxy.url(), &queue, &db);
        eventually("the worker goes on", || async {
            connections() > before && number(&db, "SELECT count(*) FROM done").await > 600
        })
        .await;
        proxy.cut();
        feed(&broker, LATE_CLAIMS).await;
        let all = i64::try_from((CLAIMS + LATE_CLAIMS) * FACTS).unwrap();
        // The worker may notice the cut only by its heartbeat.
        wait_until_done(&db, all, 3 * PATIENCE).await;
        eventually("everything is acknowledged", || async {
            broker.depth(WORK).await == 0 && broker.depth(DEAD).await == 1
        })
        .await;
        drop(worker);

        assert_eq!(
            number(&db, "SELECT count(*) FROM facts").await,
            all,
            "each event took effect once"
        );
        assert_eq!(
            number(&db, "SELECT count(*) FROM (SELECT DISTINCT claim_id, sequence FROM facts)")
                .await,
            all
        );
        let dead = look(&broker.settings(), DeadQueue::Dead, 10).await.unwrap();
        assert_eq!((dead.letters[0].reason.as_str(), &dead.letters[0].body), ("rejected", &None));
        let log = std::fs::read_to_string(db.with_extension("log")).unwrap();
        assert!(
            log.contains("given up") && log.contains("trying again") && !log.contains("DUPONT"),
            "{log}"
        );
    })
    .await;
}

/// Waits until the worker has handled so many events. Panics with the worker's log after `limit`.
async fn wait_until_done(db: &Path, events: i64, limit: Duration) {
    let probe =
        || async { (number(db, "SELECT count(*) FROM done").await >= events).then_some(()) };
    if within(limit, probe).await.is_none() {
        let log = std::fs::read_to_string(db.with_extension("log")).unwrap_or_default();
        panic!("{events} events are not done within {limit:?}: {log}");
    }
}

/// Returns `target/<profile>`, from the path of this test program.
fn build_directory() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_worker_handles_each_event_once() {
    let directory = build_directory();
    // Cargo builds the examples for a run of all tests only.
    let mut build = Command::new(env!("CARGO"));
    build
        .current_dir(root())
        .args(["build", "--locked", "--quiet", "--example", "worker", "--target-dir"])
        .arg(directory.parent().unwrap());
    if directory.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success(), "the example builds");
    story(vec![directory.join("examples/worker")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_worker_handles_each_event_once() {
    let Some(python) = python_with_pika() else {
        eprintln!(
            "SKIPPED: no python3 with pika, and pip could not install it into target/worker-venv: \
             examples/worker.py was not tested"
        );
        return;
    };
    story(vec![python, root().join("examples/worker.py")]).await;
}

/// Returns the python3 of the machine if it has pika, else that of an environment under `target/`.
fn python_with_pika() -> Option<PathBuf> {
    let has_pika = |python: &Path| {
        let asked = Command::new(python).args(["-c", "import pika"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let run = |program: &Path, args: &[&str]| {
        Command::new(program)
            .args(args)
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let system = PathBuf::from("python3");
    if has_pika(&system) {
        return Some(system);
    }
    let environment = build_directory().parent()?.join("worker-venv");
    let python = environment.join("bin/python");
    if !has_pika(&python) {
        run(&system, &["-m", "venv", environment.to_str()?]);
        run(&python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pika"]);
    }
    has_pika(&python).then_some(python)
}
