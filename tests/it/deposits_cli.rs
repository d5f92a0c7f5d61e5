//! `deposits` on the program itself: killed on the way and typed again, and while the depositor
//! waits for the receipt.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use crate::on_both;
use crate::support;

use gateway::{Gateway, eventually};
use noemie_gateway::generate::{self, Options, Profile};
use noemie_gateway::kill_point;
use serde_json::Value;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use support::databases::TestDatabase;
use support::gateway;
use tonic::Code;
use tonic_types::StatusExt as _;

const LIMIT: Duration = Duration::from_secs(120);
/// How a place ends the process.
const SIGABRT: i32 = 6;

/// Runs a command to its end: exit status, standard output, standard error.
fn run(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = gateway::run(dir, arguments, LIMIT);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs a command that dies at a place.
fn dies(dir: &Path, arguments: &[&str], place: &str) {
    let mut command = gateway::command(dir);
    command
        .args(arguments)
        .env(kill_point::VARIABLE, place)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    assert_eq!(command.status().unwrap().signal(), Some(SIGABRT), "{arguments:?} dies at {place}");
}

fn listed(dir: &Path) -> Vec<Value> {
    let (status, out, err) = run(dir, &["deposits", "list", "--format", "json"]);
    assert_eq!(status, 0, "{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_staged_deposit_is_listed_abandoned_on_the_record_and_may_come_again() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    let mut dre = Vec::new();
    // Two batches: the first one is committed, the second one is not.
    generate::dre(
        &Options { profile: Profile::Pharmacie, invoices: 600, ..Options::default() },
        &mut dre,
    )
    .unwrap();
    std::fs::write(dir.join("grand.b2"), dre).unwrap();
    dies(dir, &["ingest", "grand.b2"], "load.committed");
    let deposits = listed(dir);
    assert_eq!(
        (deposits.len(), &deposits[0]["claims"], &deposits[0]["file"], &deposits[0]["withdrawal"]),
        (1, &500.into(), &"grand.b2".into(), &Value::Null)
    );
    let id = deposits[0]["exchange_id"].as_str().unwrap();
    assert!(run(dir, &["deposits", "list"]).1.contains(id));
    assert!(run(dir, &["loads", "list"]).1.contains(id), "scripts may use the former name");

    assert_eq!(run(dir, &["deposits", "abandon", id]).0, 64, "a reason is needed");
    let (status, out, err) = run(dir, &["deposits", "abandon", id, "--why", "essai"]);
    assert!(status == 0 && err.contains("--yes") && out.contains("500 claims"), "{out} {err}");
    assert_eq!(listed(dir), deposits, "nothing was touched");

    let abandon = ["deposits", "abandon", id, "--why", "fichier d'essai", "--yes", "--by", "marie"];
    dies(dir, &abandon, "abandon.marked");
    assert_eq!(
        (&listed(dir)[0]["claims"], &listed(dir)[0]["withdrawal"]),
        (&500.into(), &"abandon".into())
    );
    dies(dir, &abandon, "abandon.step");
    assert_eq!(&listed(dir)[0]["claims"], &0);
    let (status, out, err) = run(dir, &abandon);
    assert!(status == 0 && out.contains("Deposit abandoned"), "{out} {err}");
    assert_eq!(listed(dir), [] as [Value; 0]);
    let (status, _, err) = run(dir, &abandon);
    assert!(status == 1 && err.contains("no staged deposit"), "{err}");

    let journal: Vec<Value> = run(dir, &["dlq", "journal", "--format", "json"])
        .1
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let stages: Vec<&str> = journal.iter().map(|step| step["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["done", "asked", "asked", "asked"], "newest first; two were cut");
    assert!(journal.iter().all(|step| step["action"] == "deposits.abandon"
        && step["actor"].as_str().unwrap().starts_with("marie (")
        && step["subject"] == id));
    assert_eq!(journal[3]["detail"]["why"], "fichier d'essai");
    assert_eq!(journal[3]["detail"]["deposit"]["claims"], 500);

    let (status, out, err) = run(dir, &["ingest", "grand.b2", "--format", "json"]);
    let receipt: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (status, &receipt["accepted"], &receipt["repeated"]),
        (0, &600.into(), &false.into()),
        "{err}"
    );
    let exchange = receipt["exchange_id"].as_str().unwrap();
    let (status, _, err) = run(dir, &["deposits", "abandon", exchange, "--why", "essai", "--yes"]);
    assert!(status == 1 && err.contains("has its receipt"), "{err}");
    assert_eq!(run(dir, &["verify"]).0, 0);
}

/// An upload whose invoices are being written by a gateway that runs is given up beside it: its
/// depositor hears so, and may deposit the same bytes again.
async fn a_staged_deposit_is_abandoned_under_its_depositor(db: TestDatabase) {
    let directory = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(
        directory.path(),
        &[("NOEMIE_DATABASE_URL", &db.url), ("NOEMIE_SINK", "local")],
    )
    .await;
    let mut dre = Vec::new();
    // Six batches: the command comes in between the first and the last.
    generate::dre(
        &Options { profile: Profile::Pharmacie, invoices: 3_000, ..Options::default() },
        &mut dre,
    )
    .unwrap();
    let command = async {
        eventually("a batch is written", || async {
            (db.number("SELECT count(*) FROM claims").await > 0).then_some(())
        })
        .await;
        let load: Value = serde_json::from_slice(
            &gateway.run_beside(&["deposits", "list", "--format", "json"]).stdout,
        )
        .unwrap();
        let id = load["exchange_id"].as_str().unwrap().to_owned();
        let output = gateway
            .run_beside(&["deposits", "abandon", &id, "--why", "essai", "--yes", "--by", "marie"]);
        (id, output)
    };
    let (answer, (id, output)) = tokio::join!(gateway.submit("oct-a", "grand.b2", &dre), command);
    let refused = answer.expect_err("the load was given up");
    let reason = refused.get_details_error_info().unwrap().reason;
    assert_eq!(
        (refused.code(), reason.as_str()),
        (Code::Aborted, "deposit_abandoned"),
        "{refused}"
    );
    assert!(output.status.success(), "{output:?}");
    db.holds_nothing_deposited().await;
    let receipt = gateway.submit("oct-a", "grand.b2", &dre).await.unwrap();
    let exchange = receipt.exchange.unwrap();
    assert!(
        !receipt.repeated && exchange.exchange_id != id && exchange.accepted == 3_000,
        "{exchange:?}"
    );
    let verified = gateway.run_beside(&["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

on_both! { a_staged_deposit_is_abandoned_under_its_depositor }
