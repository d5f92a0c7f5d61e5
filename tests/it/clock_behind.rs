//! A clock behind the latest receipt, by the program itself: up to five minutes the receipt has a
//! note, beyond that there is no receipt until an operator accepts the clock.

use crate::on_both;
use crate::support;

use noemie_gateway::generate::{self, Options, Profile};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;
use support::databases::TestDatabase;
use support::gateway::{self, Gateway};
use tonic::Code;
use tonic_types::StatusExt as _;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const LIMIT: Duration = Duration::from_secs(60);
const ON_TIME: &str = "2026-03-02T10:00:00Z";
const THREE_MINUTES_BEHIND: &str = "2026-03-02T09:57:00Z";
const TEN_MINUTES_BEHIND: &str = "2026-03-02T09:50:00Z";

/// Runs a command over the database while the clock shows an instant.
fn at(instant: &str, db: &TestDatabase, dir: &Path, arguments: &[&str]) -> Output {
    let mut process = gateway::command(dir);
    process.envs(settings(instant, &db.url)).args(arguments);
    gateway::run_process(process, LIMIT)
}

fn settings<'a>(instant: &'a str, url: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("NOEMIE_TEST_CLOCK", instant),
        ("NOEMIE_DATABASE_URL", url),
        ("NOEMIE_SINK", "local"),
        ("NOEMIE_VAULT_KEY", KEY),
    ]
}

fn dre(seed: u64) -> Vec<u8> {
    let options = Options { profile: Profile::Pharmacie, invoices: 3, seed, ..Options::default() };
    let mut bytes = Vec::new();
    generate::dre(&options, &mut bytes).expect("generates");
    bytes
}

/// Asserts the exit status of a command, and returns what it printed on standard error.
fn ends(output: &Output, status: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{said}");
    said
}

async fn a_clock_behind_is_noted_then_refused_then_accepted(db: TestDatabase) {
    let directory = tempfile::tempdir().expect("a directory");
    let dir = directory.path();
    for (name, seed) in [("a.b2", 1), ("b.b2", 2), ("c.b2", 3)] {
        fs::write(dir.join(name), dre(seed)).expect("writes");
    }
    ends(&at(ON_TIME, &db, dir, &["ingest", "a.b2"]), 0);
    let said = ends(&at(THREE_MINUTES_BEHIND, &db, dir, &["ingest", "b.b2"]), 0);
    assert!(said.contains("behind the latest receipt"), "{said}");
    let noted = "SELECT count(*) FROM receipt_chain WHERE behind_ms BETWEEN 100000 AND 300000";
    assert_eq!(db.number(noted).await, 1);

    let said = ends(&at(TEN_MINUTES_BEHIND, &db, dir, &["ingest", "c.b2"]), 70);
    for text in ["clock_behind", "2026-03-02 9:50:", "2026-03-02 10:00:", "accept-clock"] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert_eq!(db.number("SELECT count(*) FROM exchanges").await, 2, "nothing of it is kept");
    // Invariant 7: a file that has its receipt gets it again.
    ends(&at(TEN_MINUTES_BEHIND, &db, dir, &["ingest", "a.b2"]), 0);
    a_running_gateway_says_so(&db, dir).await;

    let accept = ["installation", "accept-clock", "--why", "the receipt was dated by a test"];
    ends(&at(THREE_MINUTES_BEHIND, &db, dir, &[&accept[..], &["--yes"]].concat()), 1);
    ends(&at(TEN_MINUTES_BEHIND, &db, dir, &accept), 0);
    ends(&at(TEN_MINUTES_BEHIND, &db, dir, &["ingest", "c.b2"]), 70);
    ends(&at(TEN_MINUTES_BEHIND, &db, dir, &[&accept[..], &["--yes"]].concat()), 0);
    ends(&at(TEN_MINUTES_BEHIND, &db, dir, &["ingest", "c.b2"]), 0);
    ends(&at(ON_TIME, &db, dir, &["verify"]), 0);
    let step = db.store.operation_steps(1).await.expect("reads").pop().expect("a step");
    assert_eq!(step.action, "installation.accept_clock");
    assert_eq!(step.detail["why"], "the receipt was dated by a test");
}

async fn a_running_gateway_says_so(db: &TestDatabase, dir: &Path) {
    let gateway = Gateway::start(dir, &settings(TEN_MINUTES_BEHIND, &db.url)).await;
    let refused = gateway.submit("oct1", "c.b2", &dre(3)).await.expect_err("no receipt");
    let details = refused.get_error_details();
    let reason = details.error_info().expect("a reason").reason.clone();
    assert_eq!((refused.code(), reason.as_str()), (Code::Unavailable, "clock_behind"));
    let behind = gateway.metric("noemie_clock_behind_seconds").await.expect("the gauge");
    assert!((400.0..=800.0).contains(&behind), "{behind}");
    let failures = gateway.metric("noemie_deposit_failures_total{cause=\"clock_behind\"}").await;
    assert_eq!(failures, Some(1.0));
    gateway.kill();
}

on_both! { a_clock_behind_is_noted_then_refused_then_accepted }
