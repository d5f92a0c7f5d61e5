//! The roles of `deploy/postgres/roles.sql` and the permissions on RabbitMQ of
//! `docs/operations.md`, on the real servers: the program does with each role what the documents
//! say, and no more.

use crate::support;
use broker::on_broker;
use databases::{TestDatabase, on_postgres, server_url};
use gateway::{Gateway, command, eventually};
use noemie_gateway::clock::{Clock, SystemClock};
use noemie_gateway::generate::{self, Options};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{broker, databases, gateway};

const ROLES: &str = include_str!("../../deploy/postgres/roles.sql");
const OPERATIONS: &str = include_str!("../../docs/operations.md");
/// Password of every role and user of the test.
const PASSWORD: &str = "roles";
/// SQLSTATE of a missing right.
const NO_RIGHT: &str = "42501";

/// Returns the address of the same database for a role.
fn of_role(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{role}:{PASSWORD}@{host}")
}

/// Runs SQL as the superuser of the tests.
async fn administer(url: &str, sql: String) {
    let mut db = PgConnection::connect(url).await.unwrap();
    db.execute(AssertSqlSafe(sql.clone())).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
}

/// Runs the program under a role, and returns exit status and standard error.
async fn run(dir: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> (i32, String) {
    let mut process: Command = command(dir);
    process.args(arguments).envs(settings.iter().copied()).stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || process.output().unwrap()).await.unwrap();
    (ended.status.code().unwrap(), String::from_utf8(ended.stderr).unwrap())
}

/// Runs `rabbitmqctl` on the broker of this machine; `None` when it is not there, or may not.
fn rabbitmqctl(arguments: &[&str]) -> Option<()> {
    let run = Command::new("rabbitmqctl").args(arguments).stdin(Stdio::null()).output();
    run.ok().filter(|done| done.status.success()).map(|_| ())
}

/// Returns the expressions of the documents for a prefix: configure, write, read.
fn permissions(prefix: &str) -> Vec<String> {
    let line = OPERATIONS.lines().find(|line| line.starts_with("rabbitmqctl set_permissions"));
    let expressions: Vec<&str> =
        line.expect("the command").split('\'').skip(1).step_by(2).collect();
    assert_eq!(expressions.len(), 3, "{expressions:?}");
    expressions.iter().map(|text| text.replace("PREFIX", &prefix.replace('.', "\\."))).collect()
}

/// Returns the address of the broker for a user.
fn of_user(url: &str, user: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{user}:{PASSWORD}@{host}")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_does_its_work_and_no_more() {
    let id = SystemClock.new_id().simple().to_string();
    let user = format!("noemie_test_{id}");
    let (roles_id, broker_user) = (id.clone(), user.clone());
    let story = tokio::spawn(on_broker(|broker| async move {
        let (url, prefix) = (broker.url(), broker.prefix());
        let permitted = rabbitmqctl(&["add_user", &broker_user, PASSWORD]).and_then(|()| {
            let expressions = permissions(&prefix);
            let mut arguments = vec!["set_permissions", "-p", "/", broker_user.as_str()];
            arguments.extend(expressions.iter().map(String::as_str));
            rabbitmqctl(&arguments)
        });
        let url = match permitted {
            Some(()) => of_user(&url, &broker_user),
            None => {
                println!("skipped: rabbitmqctl cannot make a user here, its own user is used");
                url
            }
        };
        on_postgres(move |db| async move { roles(&db, &roles_id, &url, &prefix).await }).await;
    }))
    .await;
    let _ = rabbitmqctl(&["delete_user", &user]);
    for role in ["owner", "runtime", "reader"] {
        administer(&server_url(), format!("DROP ROLE IF EXISTS noemie_{role}_{id}")).await;
    }
    story.unwrap();
}

async fn roles(db: &TestDatabase, id: &str, amqp: &str, prefix: &str) {
    // The support of the tests has migrated as superuser.
    administer(&db.url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public".to_owned()).await;
    let mut script = ROLES.to_owned();
    for role in ["owner", "runtime", "reader"] {
        script = script.replace(&format!("noemie_{role}"), &format!("noemie_{role}_{id}"));
        script += &format!("ALTER ROLE noemie_{role}_{id} PASSWORD '{PASSWORD}';\n");
    }
    administer(&db.url, script.clone()).await;
    administer(&db.url, script).await;

    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    fs::write(&key, "7".repeat(64)).unwrap();
    let key = key.display().to_string();
    let urls =
        ["owner", "runtime", "reader"].map(|role| of_role(&db.url, &format!("noemie_{role}_{id}")));
    let settings = urls.each_ref().map(|url| {
        [
            ("NOEMIE_DATABASE_URL", url.as_str()),
            ("NOEMIE_AMQP_URL", amqp),
            ("NOEMIE_AMQP_PREFIX", prefix),
            ("NOEMIE_VAULT_KEY_FILE", key.as_str()),
        ]
    });
    let [owner, runtime, reader] = &settings;

    let ports = [("NOEMIE_GRPC_LISTEN", "127.0.0.1:0"), ("NOEMIE_ADMIN_LISTEN", "127.0.0.1:0")];
    let serve = [runtime.as_slice(), &ports].concat();
    let (status, err) = run(dir.path(), &["serve", "--no-migrate"], &serve).await;
    assert!(status == 78 && err.contains("there is no installation"), "{err}");
    let (status, err) = run(dir.path(), &["migrate"], owner).await;
    assert_eq!(status, 0, "{err}");
    let mut connection = PgConnection::connect(&urls[1]).await.unwrap();
    for statement in ["CREATE TABLE t (x int)", "CREATE TEMPORARY TABLE t (x int)"] {
        let refused = connection.execute(statement).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().unwrap(), NO_RIGHT, "{statement}");
    }

    let gateway = Gateway::start_with(dir.path(), runtime, &["--no-migrate"]).await;
    let mut dre = Vec::new();
    generate::dre(&Options { invoices: 2, ..Options::default() }, &mut dre).unwrap();
    gateway.drop_file("oct", "whole.b2", &dre);
    eventually("every event is with the broker", || async {
        let waiting = db.number("SELECT count(*) FROM outbox").await;
        (waiting == 0 && db.number("SELECT count(*) FROM events").await == 2).then_some(())
    })
    .await;
    let (status, err) = run(dir.path(), &["dlq", "list"], runtime).await;
    assert_eq!(status, 0, "{err}");
    gateway.terminate();
    gateway.ended().await;

    for arguments in [&["list", "claims"][..], &["verify"], &["outbox"]] {
        let (status, err) = run(dir.path(), arguments, reader).await;
        assert_eq!(status, 0, "{arguments:?}: {err}");
    }
    fs::write(dir.path().join("other.b2"), &dre[..200]).unwrap();
    let (status, err) = run(dir.path(), &["ingest", "other.b2", "--sender", "oct"], reader).await;
    assert!(status == 70 && err.contains("permission denied"), "{status}: {err}");

    administer(&db.url, "DELETE FROM _sqlx_migrations".to_owned()).await;
    let (status, err) = run(dir.path(), &["serve", "--no-migrate"], &serve).await;
    assert!(status == 78 && err.contains("is not at the version of this program"), "{err}");
}
