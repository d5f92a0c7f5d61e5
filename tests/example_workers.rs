//! The workers of `examples/` on a real RabbitMQ: fed duplicates and poison, killed in the middle,
//! cut off; each fact takes effect once.
//!
//! The Python one needs `python3` with pika, installed into `target/worker-venv` when pip can.
//! Where that fails the test says so and passes: the Rust one is never skipped.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps is a test that fails with a line number"
)]

#[path = "support/relay.rs"]
mod relay;
mod support;

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use noemie_gateway::domain::ClaimEvent;
use noemie_gateway::relay::dead_letters::{DeadQueue, look};
use noemie_gateway::relay::topology::{self, DEAD, WORK};
use relay::{Broker, PATIENCE, Proxy, eventually, on_broker};
use sqlx::{Connection, SqliteConnection};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::samples::{claim, event, new_id};

const CLAIMS: u64 = 40;
const FACTS: u64 = 25;
/// Claims that are told of when the line of the worker is cut.
const LATE_CLAIMS: u64 = 4;

/// A worker process; dropping it kills it.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // Gone already is as good.
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

/// One integer of the worker's database; 0 before it has made its tables.
async fn number(db: &Path, sql: &'static str) -> i64 {
    let url = format!("sqlite:{}?mode=ro", db.display());
    let Ok(mut connection) = SqliteConnection::connect(&url).await else { return 0 };
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap_or(0)
}

/// Events of several claims, in order for each, every third one published twice.
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

/// The whole story for one worker.
async fn story(program: Vec<PathBuf>) {
    on_broker(|broker| async move {
        let dir = tempfile::tempdir().unwrap();
        let db = dir.path().join("worker.db");
        let queue = broker.prefix.name(WORK);
        let proxy = Proxy::start().await;
        topology::declare(&broker.channel, &broker.prefix).await.unwrap();
        feed(&broker, CLAIMS).await;
        publish(&broker, &new_id().to_string(), b"not an event: DUPONT").await;

        // Killed in the middle, twice, each time further on.
        for done in [150, 400] {
            let worker = start(&program, &proxy.url(), &queue, &db);
            let start = Instant::now();
            while number(&db, "SELECT count(*) FROM done").await < done {
                assert!(
                    start.elapsed() < PATIENCE,
                    "{}",
                    std::fs::read_to_string(db.with_extension("log")).unwrap_or_default()
                );
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            drop(worker);
        }
        // Its line is cut in the middle, or at the end where it is faster than the look at its
        // tables: there is more to do behind the cut.
        let lines = || {
            std::fs::read_to_string(db.with_extension("log"))
                .unwrap_or_default()
                .matches("consuming")
                .count()
        };
        let before = lines();
        let worker = start(&program, &proxy.url(), &queue, &db);
        eventually("it goes on", || async {
            lines() > before && number(&db, "SELECT count(*) FROM done").await > 600
        })
        .await;
        proxy.cut();
        feed(&broker, LATE_CLAIMS).await;
        let all = i64::try_from((CLAIMS + LATE_CLAIMS) * FACTS).unwrap();
        // A worker may hear of the cut only by its heartbeat.
        let cut = Instant::now();
        while number(&db, "SELECT count(*) FROM done").await < all {
            let log = || std::fs::read_to_string(db.with_extension("log")).unwrap_or_default();
            assert!(cut.elapsed() < 3 * PATIENCE, "not every event is done: {}", log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        eventually("everything is acknowledged", || async {
            broker.depth(WORK).await == 0 && broker.depth(DEAD).await == 1
        })
        .await;
        drop(worker);

        assert_eq!(
            number(&db, "SELECT count(*) FROM facts").await,
            all,
            "each fact took effect once"
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

/// `target/<profile>`, by where this test runs.
fn build_directory() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_worker_takes_each_fact_once() {
    let directory = build_directory();
    // Cargo builds the examples before it runs all tests, and not before it runs this one alone.
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
async fn the_python_worker_takes_each_fact_once() {
    let Some(python) = python_with_pika() else {
        eprintln!(
            "SKIPPED: no python3 with pika, and pip could not install it into target/worker-venv: examples/worker.py was not tried"
        );
        return;
    };
    story(vec![python, root().join("examples/worker.py")]).await;
}

/// The machine's python3 when it has pika, else that of an environment of our own under `target/`.
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
    let place = build_directory().parent()?.join("worker-venv");
    let python = place.join("bin/python");
    if !has_pika(&python) {
        run(&system, &["-m", "venv", place.to_str()?]);
        run(&python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pika"]);
    }
    has_pika(&python).then_some(python)
}
