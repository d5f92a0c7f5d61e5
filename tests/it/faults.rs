//! Mistakes made again on demand (`src/fault.rs`): an early ARL, a doubled event, a forked chain.
//! `verify` finds each of them, and finds nothing when the same story runs without the mistake.

use crate::on_both;
use crate::support;

use noemie_gateway::fault::{self, DOUBLED_EVENT, EARLY_ARL, FORKED_CHAIN};
use noemie_gateway::generate::{self, Options, Profile};
use noemie_gateway::kill_point;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;
use support::databases::TestDatabase;
use support::gateway;

const LIMIT: Duration = Duration::from_secs(60);
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn run(db: &TestDatabase, dir: &Path, set: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut process = gateway::command(dir);
    process
        .env("NOEMIE_DATABASE_URL", &db.url)
        .env("NOEMIE_SINK", "local")
        .env("NOEMIE_VAULT_KEY", KEY)
        .envs(set.iter().copied())
        .args(arguments);
    gateway::run_process(process, LIMIT)
}

/// Deposits two files, the second one with these settings, and returns the codes of the findings of
/// `verify`.
fn found_after(db: &TestDatabase, dir: &Path, set: &[(&str, &str)]) -> Vec<String> {
    for (name, seed) in [("a.b2", 1), ("b.b2", 2)] {
        let options =
            Options { profile: Profile::Pharmacie, invoices: 3, seed, ..Options::default() };
        let mut bytes = Vec::new();
        generate::dre(&options, &mut bytes).expect("generates");
        fs::write(dir.join(name), bytes).expect("writes");
    }
    assert!(run(db, dir, &[], &["ingest", "a.b2"]).status.success());
    run(db, dir, set, &["ingest", "b.b2"]);
    let verified = run(db, dir, &[], &["verify", "--format", "json"]);
    let answer: Value = serde_json::from_slice(&verified.stdout).unwrap_or_else(|_| {
        panic!("{}", String::from_utf8_lossy(&verified.stderr));
    });
    let findings = answer["findings"].as_array().expect("findings");
    assert_eq!(verified.status.success(), findings.is_empty(), "{answer}");
    findings.iter().map(|found| found["code"].as_str().expect("a code").to_owned()).collect()
}

/// The process dies after the early ARL and before the commit: the ARL has no receipt, nor has the
/// file in the archive.
async fn an_early_arl_is_found(db: TestDatabase) {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("data/out");
    for (fault, expected) in [("none", &[][..]), (EARLY_ARL, &["RECEIPT_LOST"; 2])] {
        let set = [
            (fault::VARIABLE, fault),
            (fault::DIRECTORY, out.to_str().expect("a path")),
            (kill_point::VARIABLE, "ingest.closed"),
        ];
        assert_eq!(found_after(&db, directory.path(), &set), expected, "{fault}");
    }
}

async fn a_doubled_event_is_found(db: TestDatabase) {
    finds(&db, DOUBLED_EVENT, "EVENT_DIFFERS");
}

async fn a_forked_chain_is_found(db: TestDatabase) {
    finds(&db, FORKED_CHAIN, "RECEIPT_ALTERED");
}

fn finds(db: &TestDatabase, fault: &str, code: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let dir = directory.path();
    let found = found_after(db, dir, &[(fault::VARIABLE, fault)]);
    assert!(!found.is_empty() && found.iter().all(|found| found == code), "{fault}: {found:?}");
}

on_both! { an_early_arl_is_found, a_doubled_event_is_found, a_forked_chain_is_found }
