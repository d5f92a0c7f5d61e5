//! The mark of the installation, by the program itself: a start with another vault key, another
//! sink of events, or a schema outside the range of the program is refused with a sentence that
//! says what to do.

use crate::on_both;
use crate::support::broker::on_broker;
use crate::support::databases::TestDatabase;
use crate::support::gateway::{command, run_process};
use std::path::Path;
use std::process::Output;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Runs a command over the database with these settings beside the right key.
fn run(db: &TestDatabase, dir: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut process = command(dir);
    if settings.iter().all(|(name, _)| *name != "NOEMIE_AMQP_URL") {
        process.env("NOEMIE_SINK", "local");
    }
    process
        .env("NOEMIE_DATABASE_URL", &db.url)
        .env("NOEMIE_VAULT_KEY", KEY)
        .env("NOEMIE_GRPC_LISTEN", "127.0.0.1:0")
        .env("NOEMIE_ADMIN_LISTEN", "127.0.0.1:0")
        .envs(settings.iter().copied())
        .args(arguments);
    run_process(process, LIMIT)
}

fn passes(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Asserts that `serve` and `outbox` end with a refusal that has each of these texts.
fn refused(db: &TestDatabase, dir: &Path, settings: &[(&str, &str)], texts: &[&str]) {
    for arguments in [&["serve"][..], &["outbox"]] {
        let output = run(db, dir, settings, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments:?} {settings:?}: {said}");
        for text in texts {
            assert!(said.contains(text), "{arguments:?} {settings:?}: {text:?} in {said}");
        }
    }
}

async fn another_sink_is_refused_until_it_is_adopted(db: TestDatabase) {
    on_broker(|broker| async move { another_sink(&db, &broker.url(), &broker.prefix()).await })
        .await;
}

async fn another_sink(db: &TestDatabase, url: &str, prefix: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let dir = directory.path();
    let right = [("NOEMIE_AMQP_URL", url), ("NOEMIE_AMQP_PREFIX", prefix)];
    passes(&run(db, dir, &right, &["migrate"]));
    passes(&run(db, dir, &right, &["outbox"]));

    let named = format!("prefix {prefix:?}");
    let asks = ["amqp_url", "adopt-sink", named.as_str()];
    refused(db, dir, &[], &[&asks[..], &["local stream"]].concat());
    refused(db, dir, &[right[0], ("NOEMIE_AMQP_PREFIX", "other.")], &asks);
    let (host, _) = url.rsplit_once('/').expect("a virtual host");
    let other_vhost = format!("{host}/other");
    let other_vhost = [("NOEMIE_AMQP_URL", other_vhost.as_str()), right[1]];
    refused(db, dir, &other_vhost, &[&asks[..], &["virtual host \"other\""]].concat());

    let adopt = ["installation", "adopt-sink", "--why", "the broker was given up"];
    passes(&run(db, dir, &[], &adopt));
    refused(db, dir, &[], &asks);
    passes(&run(db, dir, &[], &[&adopt[..], &["--yes"]].concat()));
    passes(&run(db, dir, &[], &["outbox"]));
    refused(db, dir, &right, &["adopt-sink", "local stream"]);
    let shown = passes(&run(db, dir, &right, &["installation", "show"]));
    assert!(shown.contains("sink 2: the local stream"), "{shown}");
    let step = db.store.operation_steps(1).await.expect("reads").pop().expect("a step");
    assert_eq!(step.action, "installation.adopt_sink");
    assert_eq!(step.detail["why"], "the broker was given up");
}

async fn another_key_is_told_from_an_altered_mark(db: TestDatabase) {
    let directory = tempfile::tempdir().expect("a directory");
    let dir = directory.path();
    passes(&run(&db, dir, &[], &["migrate"]));
    let other = KEY.replace("00", "aa");
    refused(&db, dir, &[("NOEMIE_VAULT_KEY", &other)], &["vault key is not the one"]);

    for (statement, table) in [
        ("UPDATE installation SET incarnation = 2", "table installation"),
        ("UPDATE sinks SET adopted_by = 'nobody'", "table sinks"),
    ] {
        passes(&run(&db, dir, &[], &["outbox"]));
        db.execute(statement).await.expect("changes the row");
        refused(&db, dir, &[], &["was altered", table]);
        db.execute("UPDATE installation SET incarnation = 1").await.expect("changes it back");
    }
}

async fn a_schema_outside_the_range_of_the_program_is_refused(db: TestDatabase) {
    let directory = tempfile::tempdir().expect("a directory");
    let dir = directory.path();
    passes(&run(&db, dir, &[], &["migrate"]));

    // A later migration that the version before may run on.
    let change = async |sql| db.execute(sql).await.expect("changes the schema");
    change("INSERT INTO schema_versions (version, oldest_program) VALUES (1000, 1)").await;
    passes(&run(&db, dir, &[], &["outbox"]));
    change("UPDATE schema_versions SET oldest_program = 1000 WHERE version = 1000").await;
    refused(&db, dir, &[], &["version 1000", "run the later program"]);
    change("DROP TABLE schema_versions").await;
    refused(&db, dir, &[], &["too old", "name a new database"]);
}

/// A database that is lost beside its archive: no new installation is made in its place.
#[test]
fn a_lost_database_is_not_replaced_by_a_new_installation() {
    let directory = tempfile::tempdir().expect("a directory");
    let run = |arguments: &[&str]| {
        let mut process = command(directory.path());
        process.env("NOEMIE_SINK", "local").args(arguments);
        run_process(process, LIMIT)
    };
    passes(&run(&["migrate"]));
    let data = directory.path().join("data");
    for name in ["gateway.db", "gateway.db-wal", "gateway.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    let refused = run(&["migrate"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(78), "{said}");
    assert!(said.contains("After a restore") && said.contains("nothing was created"), "{said}");
    assert!(!data.join("gateway.db").exists(), "no database was made");
}

on_both!(
    another_sink_is_refused_until_it_is_adopted,
    another_key_is_told_from_an_altered_mark,
    a_schema_outside_the_range_of_the_program_is_refused,
);
