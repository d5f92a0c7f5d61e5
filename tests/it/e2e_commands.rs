//! The command line as a person or a script types it: where a command finds its installation, who
//! is named in the journal, and what a closed pipe does.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use crate::support;

use gateway::{command, run, run_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::databases::on_postgres;
use support::gateway;

const LIMIT: Duration = Duration::from_secs(60);
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");
const NO_INSTALLATION: i32 = 78;

fn entries(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}

/// Commands that read or mend an installation.
const ON_AN_INSTALLATION: &[&[&str]] = &[
    &["status", "--ps", "992952606", "--invoice", "652038855"],
    &["list", "claims"],
    &["list", "exchanges"],
    &["list", "returns"],
    &["lookup", "992952606", "--amc", "0099900011", "--domain", "PHAR"],
    &["verify"],
    &["outbox"],
    &["dlq", "list"],
    &["dlq", "journal"],
    &["deposits", "list"],
];

#[test]
fn commands_that_need_an_installation_say_where_there_is_none_and_create_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in ON_AN_INSTALLATION {
        let output = run(dir.path(), arguments, LIMIT);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(NO_INSTALLATION), "{arguments:?}: {text}");
        let looked_in =
            format!("there is no installation in {}", dir.path().join("data").display());
        for part in [looked_in.as_str(), "--data-dir", "NOEMIE_DATA_DIR", "database_url"] {
            assert!(text.contains(part), "{arguments:?}: {text}");
        }
        assert!(output.stdout.is_empty() && text.lines().count() == 1, "{arguments:?}: {text}");
        assert_eq!(entries(dir.path()), 0, "{arguments:?} creates nothing");
    }
}

#[test]
fn commands_that_begin_an_installation_create_it_and_say_where() {
    for arguments in [
        &["ingest", &format!("{FIXTURES}/b2/ok/two_ps.crlf.b2")][..],
        &["finess", "import", &format!("{FIXTURES}/b2/ok/two_ps.crlf.b2")],
        &["conventions", "import", &format!("{FIXTURES}/b2/ok/two_ps.crlf.b2")],
        &["migrate"],
    ] {
        let dir = tempfile::tempdir().unwrap();
        let created = |text: &str| {
            let place = dir.path().join("data");
            text.lines()
                .filter(|line| {
                    line.contains("a new installation was created")
                        && line.contains(place.to_str().unwrap())
                })
                .count()
        };
        let first = String::from_utf8(run(dir.path(), arguments, LIMIT).stderr).unwrap();
        assert_eq!(created(&first), 1, "{arguments:?}: {first}");
        assert!(dir.path().join("data/gateway.db").exists(), "{arguments:?}");
        let again = String::from_utf8(run(dir.path(), arguments, LIMIT).stderr).unwrap();
        assert_eq!(created(&again), 0, "{arguments:?}: {again}");
        let listed = run(dir.path(), &["list", "exchanges"], LIMIT);
        assert!(listed.status.success(), "{arguments:?}: {listed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_postgresql_database_is_no_installation_and_stays_empty() {
    on_postgres(|db| async move {
        db.execute("DROP SCHEMA public CASCADE").await.unwrap();
        db.execute("CREATE SCHEMA public").await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let answer = |arguments: &[&str]| {
            let mut process = command(dir.path());
            process.args(arguments).env("NOEMIE_DATABASE_URL", &db.url);
            process.env("NOEMIE_SINK", "local");
            let limit = Duration::from_secs(60);
            let output = tokio::task::block_in_place(|| run_process(process, limit));
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        let (status, text) = answer(&["list", "claims"]);
        assert_eq!(status, Some(NO_INSTALLATION), "{text}");
        assert!(text.contains("there is no installation in postgres://"), "{text}");
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        assert_eq!((db.number(tables).await, entries(dir.path())), (0, 0));
        // No start makes a key that other replicas would not have.
        for command in ["serve", "migrate", "ingest file.b2", "finess import finess.csv"] {
            fs::write(dir.path().join("file.b2"), "x").unwrap();
            fs::write(dir.path().join("finess.csv"), "x").unwrap();
            let (status, text) = answer(&command.split(' ').collect::<Vec<_>>());
            assert_eq!(status, Some(NO_INSTALLATION), "{command}: {text}");
            assert!(text.contains("run `noemie-gateway key create` once"), "{command}: {text}");
            assert!(!dir.path().join("data/vault.key").exists(), "{command}");
            assert_eq!(db.number(tables).await, 0, "{command}");
        }
        let (status, text) = answer(&["key", "create"]);
        assert_eq!(status, Some(0), "{text}");
        let key = dir.path().join("data/vault.key");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        let made = fs::read(&key).unwrap();
        let (status, text) = answer(&["key", "create"]);
        assert!(status == Some(NO_INSTALLATION) && text.contains("exists already"), "{text}");
        assert_eq!(fs::read(&key).unwrap(), made, "a key is never replaced");
        let (status, text) = answer(&["migrate"]);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains("a new installation was created in postgres://"), "{text}");
        assert_eq!(answer(&["list", "claims"]).0, Some(0));

        // Without the key of an installation that exists, no other one takes its place.
        fs::remove_file(&key).unwrap();
        for command in ["serve", "list claims"] {
            let (status, text) = answer(&command.split(' ').collect::<Vec<_>>());
            assert_eq!(status, Some(NO_INSTALLATION), "{command}: {text}");
            assert!(text.contains("vault key that is not there: put it back in"), "{text}");
        }
        let (status, text) = answer(&["key", "create"]);
        assert!(status == Some(NO_INSTALLATION) && text.contains("has its vault key"), "{text}");
        assert!(!key.exists());
    })
    .await;
}

/// Runs a command whose standard output and standard error are pipes that nobody reads any more:
/// exit status.
fn run_into_closed_pipe(dir: &Path, arguments: &[&str]) -> Option<i32> {
    let mut process = command(dir);
    process.args(arguments).stdin(Stdio::null());
    for pipe in [Command::stdout, Command::stderr] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        pipe(&mut process, Stdio::from(writer));
    }
    process.status().unwrap().code()
}

#[test]
fn a_closed_pipe_ends_no_command_with_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dre = format!("{FIXTURES}/b2/ok/two_ps.crlf.b2");
    let claim = ["status", "--ps", "992952606", "--invoice", "652038855"];
    for (arguments, status) in [
        (&["demo", "--dir", data.to_str().unwrap()][..], 0),
        (&["list", "claims"], 0),
        (&["list", "exchanges", "--format", "json"], 0),
        (&["list", "returns"], 0),
        (&claim, 0),
        (&["status", "--ps", "992952606", "--invoice", "000000000"], 1),
        (&["lookup", "992952606", "--amc", "0099900011", "--domain", "PHAR"], 0),
        (&["outbox"], 0),
        (&["deposits", "list"], 0),
        (&["dlq", "journal"], 0),
        (&["dlq", "list"], 64),
        (&["verify"], 0),
        (&["migrate"], 0),
        (&["config", "show"], 0),
        (&["--help"], 0),
        (&["no-such-command"], 64),
        (&["ingest", &dre], 0),
        (&["finess", "import", &dre], 2),
        (&["conventions", "import", &dre], 2),
        (&["generate", "--norm", "dre", "--invoices", "1000"], 0),
        (&["generate", "--norm", "rsp", "--invoices", "1000"], 0),
    ] {
        assert_eq!(run_into_closed_pipe(dir.path(), arguments), Some(status), "{arguments:?}");
    }
}

/// `head` takes one line of more than a pipe holds.
#[test]
fn head_ends_a_long_listing_quietly() {
    let dir = tempfile::tempdir().unwrap();
    let generated = run(
        dir.path(),
        &["generate", "--norm", "dre", "--invoices", "1000", "--real", "-o", "d.b2"],
        LIMIT,
    );
    assert!(generated.status.success());
    assert!(run(dir.path(), &["ingest", "d.b2"], LIMIT).status.success());
    let mut process = command(dir.path());
    process.args(["list", "claims", "--limit", "1000", "--format", "json"]);
    let mut child = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = child.wait_with_output().unwrap();
    let text = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), text.as_str()), (Some(0), ""));
}

/// A full disk behind a redirection is a failure, other than a closed pipe.
#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    assert!(run(dir.path(), &["migrate"], LIMIT).status.success());
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut process = command(dir.path());
    let output = process.arg("outbox").stdout(full).stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(70), "{text}");
    assert!(text.contains("No space left on device"), "{text}");
}

/// Containers and cron set neither `USER` nor `LOGNAME`.
#[test]
fn the_journal_names_user_id_and_host_where_the_environment_names_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let mut dre = command(dir.path());
    dre.args(["generate", "--norm", "dre", "--invoices", "600", "-o", "large.b2"]);
    assert!(dre.output().unwrap().status.success());
    let mut cut = command(dir.path());
    cut.args(["ingest", "large.b2"]).env("NOEMIE_KILL_AT", "load.committed");
    assert!(!cut.output().unwrap().status.success());
    let listed = run(dir.path(), &["deposits", "list", "--format", "json"], LIMIT);
    let deposit: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let mut abandon = command(dir.path());
    abandon
        .args(["deposits", "abandon", deposit["exchange_id"].as_str().unwrap()])
        .args(["--why", "essai", "--yes"])
        .env_remove("USER")
        .env_remove("LOGNAME");
    let output = abandon.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let journal = run(dir.path(), &["dlq", "journal", "--format", "json"], LIMIT).stdout;
    let step: Value =
        serde_json::from_slice(journal.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let id = |option: &str| {
        let output = Command::new(option).args((option == "id").then_some("-u")).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(step["actor"], format!("{}@{}", id("id"), id("hostname")));
}

/// Returns the commands that `demo` says to try next, run under the name `program`.
fn suggestions(program: &str, dir: &Path, data: &Path) -> Vec<String> {
    let mut demo = gateway::program();
    demo.arg0(program).arg("demo").arg("--dir").arg(data).current_dir(dir);
    let output = demo.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let (_, lines) = printed.split_once("À essayer ensuite :\n").unwrap();
    lines.lines().map(|line| line.trim().to_owned()).collect()
}

/// Started by a path, as `cargo run` does, `demo` prints that path; found on the PATH, its name.
#[test]
fn commands_that_the_demo_suggests_work_as_printed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Path::new(gateway::PROGRAM).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    for (program, data) in [(gateway::PROGRAM, "demo"), ("noemie-gateway", "l'essai de demo")] {
        let lines = suggestions(program, dir.path(), &dir.path().join(data));
        let [validate, list, status, lookup, serve] = lines.as_slice() else { panic!("{lines:?}") };
        let run = |line: &str| {
            assert!(line.starts_with(program), "{line}");
            let mut shell = gateway::without_settings(Command::new("sh"));
            shell.args(["-c", line]).current_dir(dir.path()).env("PATH", &path);
            let output = shell.stdin(Stdio::null()).output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        let (code, text) = run(validate);
        assert!(code == Some(2) && text.contains("Fichier accepté en partie"), "{text}");
        let (code, text) = run(list);
        assert!(code == Some(0) && text.matches("demande ").count() == 5, "{text}");
        let (code, text) = run(status);
        assert!(code == Some(0) && text.contains("[paid_and_rejected]"), "{text}");
        let (code, text) = run(lookup);
        assert!(code == Some(0) && text.starts_with("Oui [CONVENTION_ACTIVE]"), "{text}");
        serves(serve, dir.path(), &path);
    }
}

/// Runs the line that starts the gateway, and stops it once it is open.
fn serves(line: &str, dir: &Path, path: &str) {
    let mut shell = gateway::without_settings(Command::new("sh"));
    shell.args(["-c", &format!("exec {line}")]).current_dir(dir).env("PATH", path);
    for port in ["NOEMIE_GRPC_LISTEN", "NOEMIE_ADMIN_LISTEN"] {
        shell.env(port, "127.0.0.1:0");
    }
    shell.env("NOEMIE_DRAIN_SECONDS", "0");
    let mut child = shell.stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("gateway is open")), "{line}");
    let stop = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(stop.success());
    assert!(log.any(|line| line.unwrap().contains("gateway is closed")), "{line}");
    assert!(child.wait().unwrap().success(), "{line}");
}
