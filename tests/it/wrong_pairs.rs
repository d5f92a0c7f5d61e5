//! Wrong pairs of database, broker, vault key, schema and archive, by the program itself: `serve`
//! refuses each with a sentence that says what differs and how to mend it, and a relay whose broker
//! answers later publishes nothing to the wrong one.

use crate::on_both;
use crate::support::broker::{Broker, on_broker};
use crate::support::databases::TestDatabase;
use crate::support::gateway::{Gateway, command, run_process};
use crate::support::proxy::Proxy;
use crate::support::wait::until;
use noemie_gateway::generate::{self, Options};
use noemie_gateway::relay::topology::WORK;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// Another installation.
const OTHER: &str = "0199d0a8-1234-7123-8123-123456789012";
/// Exit status of settings that cannot work.
const BAD_SETTINGS: i32 = 78;
/// Exit status of a failure.
const FAILED: i32 = 70;

/// An installation and the settings that are right for it.
struct Pairs {
    db: TestDatabase,
    broker: std::sync::Arc<Broker>,
    settings: Vec<(&'static str, String)>,
}

impl Pairs {
    fn new(db: TestDatabase, broker: std::sync::Arc<Broker>) -> Self {
        let settings = vec![
            ("NOEMIE_DATABASE_URL", db.url.clone()),
            ("NOEMIE_VAULT_KEY", KEY.to_owned()),
            ("NOEMIE_AMQP_URL", broker.url()),
            ("NOEMIE_AMQP_PREFIX", broker.prefix()),
            ("NOEMIE_GRPC_LISTEN", "127.0.0.1:0".to_owned()),
            ("NOEMIE_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        ];
        Self { db, broker, settings }
    }

    /// Returns the right settings with some changed; an empty value takes the setting away.
    fn with(&self, changes: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        let mut settings = self.settings.clone();
        for (name, value) in changes {
            settings.retain(|(known, _)| known != name);
            settings.extend((!value.is_empty()).then(|| (*name, (*value).to_owned())));
        }
        settings
    }

    fn run(
        &self,
        dir: &Path,
        changes: &[(&'static str, &str)],
        arguments: &[&str],
    ) -> (Option<i32>, String) {
        let mut process = command(dir);
        process.envs(self.with(changes)).args(arguments);
        let output = run_process(process, LIMIT);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Asserts that `serve` is refused with a status and these texts.
    #[track_caller]
    fn refused(&self, dir: &Path, changes: &[(&'static str, &str)], status: i32, texts: &[&str]) {
        let (ended, said) = self.run(dir, changes, &["serve"]);
        assert_eq!(ended, Some(status), "{changes:?}: {said}");
        for text in texts {
            assert!(said.contains(text), "{changes:?}: {text:?} is not in {said}");
        }
    }

    /// Asserts that a command succeeds, and returns what it says.
    #[track_caller]
    fn passes(&self, dir: &Path, arguments: &[&str]) -> String {
        let (ended, said) = self.run(dir, &[], arguments);
        assert_eq!(ended, Some(0), "{arguments:?}: {said}");
        said
    }

    fn id(&self, dir: &Path) -> String {
        let shown = self.passes(dir, &["installation", "show", "--format", "json"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        shown["id"].as_str().expect("an id").to_owned()
    }
}

async fn each_wrong_pair_is_refused(db: TestDatabase) {
    on_broker(|broker| async move {
        let pairs = Pairs::new(db, broker);
        let directory = tempfile::tempdir().expect("a directory");
        let dir = directory.path();
        let settings: Vec<(&str, &str)> =
            pairs.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let gateway = Gateway::start(dir, &settings).await;
        gateway.terminate();
        assert!(gateway.ended().await.success());
        settings_of_another_installation(&pairs, dir);
        another_broker(&pairs, dir).await;
        another_archive(&pairs, dir);
        another_schema(&pairs, dir).await;
    })
    .await;
}

fn settings_of_another_installation(pairs: &Pairs, dir: &Path) {
    let no_broker = [("NOEMIE_AMQP_URL", ""), ("NOEMIE_SINK", "local")];
    pairs.refused(dir, &no_broker, BAD_SETTINGS, &["local stream", "adopt-sink"]);
    let other_prefix = [("NOEMIE_AMQP_PREFIX", "other.")];
    pairs.refused(dir, &other_prefix, BAD_SETTINGS, &["prefix \"other.\"", "adopt-sink"]);
    let url = pairs.broker.url();
    let other_vhost = format!("{}/other", url.rsplit_once('/').expect("a virtual host").0);
    let other_vhost = [("NOEMIE_AMQP_URL", other_vhost.as_str())];
    pairs.refused(dir, &other_vhost, BAD_SETTINGS, &["virtual host \"other\"", "adopt-sink"]);
    let other_key = KEY.replace("00", "aa");
    let other_key = [("NOEMIE_VAULT_KEY", other_key.as_str())];
    pairs.refused(dir, &other_key, FAILED, &["vault key is not the one"]);
}

/// Another broker under the same names: it carries another mark, or none.
async fn another_broker(pairs: &Pairs, dir: &Path) {
    let adopt = ["installation", "adopt-broker", "--why", "the broker lost its disk"];
    let id = pairs.id(dir);
    pairs.broker.mark_as(OTHER).await;
    let named = ["belongs to another installation", "claims.installation", "adopt-broker"];
    pairs.refused(dir, &[], BAD_SETTINGS, &named);
    let (ended, said) = pairs.run(dir, &[], &[&adopt[..], &["--yes"]].concat());
    assert!(ended == Some(FAILED) && said.contains("belongs to another"), "{said}");

    pairs.broker.unmark().await;
    pairs.refused(dir, &[], BAD_SETTINGS, &["has no exchange", "adopt-broker"]);
    let said = pairs.passes(dir, &adopt);
    assert!(said.contains("Nothing is changed without --yes"), "{said}");
    pairs.refused(dir, &[], BAD_SETTINGS, &["has no exchange"]);
    pairs.passes(dir, &[&adopt[..], &["--yes"]].concat());
    pairs.passes(dir, &["migrate"]);
    let (ended, said) = pairs.run(dir, &[], &[&adopt[..], &["--yes"]].concat());
    assert!(ended == Some(FAILED) && said.contains("carries the mark already"), "{said}");
    adopted(pairs, "installation.adopt_broker", "the broker lost its disk").await;

    // The mark is that of this installation.
    pairs.broker.mark_as(&id).await;
    pairs.passes(dir, &["migrate"]);
}

fn another_archive(pairs: &Pairs, dir: &Path) {
    let (mark, id) = (dir.join("data/archive/installation"), pairs.id(dir));
    assert_eq!(fs::read_to_string(&mark).expect("the mark").trim(), id);
    assert_eq!(fs::metadata(&mark).expect("the mark").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(mark.parent().unwrap()).expect("reads").count(), 1, "nothing else");

    // A directory that is not mounted.
    let elsewhere = tempfile::tempdir().expect("a directory");
    let texts = ["has no file `installation`", "not mounted", "adopt-archive"];
    pairs.refused(elsewhere.path(), &[], BAD_SETTINGS, &texts);
    fs::write(elsewhere.path().join("file.b2"), "x").expect("a file");
    for arguments in [&["ingest", "file.b2", "--sender", "oct"][..], &["verify"], &["migrate"]] {
        let (ended, said) = pairs.run(elsewhere.path(), &[], arguments);
        assert!(ended == Some(BAD_SETTINGS) && said.contains(texts[0]), "{arguments:?}: {said}");
    }
    // Commands that read no raw file need no archive.
    pairs.passes(elsewhere.path(), &["list", "claims"]);

    let adopt = ["installation", "adopt-archive", "--why", "a new disk"];
    pairs.passes(elsewhere.path(), &adopt);
    pairs.refused(elsewhere.path(), &[], BAD_SETTINGS, &texts);
    let other = elsewhere.path().join("data/archive");
    fs::create_dir_all(&other).expect("a directory");
    fs::write(other.join("installation"), OTHER).expect("a mark");
    let texts = ["belongs to another installation", OTHER, "data_dir"];
    pairs.refused(elsewhere.path(), &[], BAD_SETTINGS, &texts);
    let (ended, said) = pairs.run(elsewhere.path(), &[], &[&adopt[..], &["--yes"]].concat());
    assert!(ended == Some(BAD_SETTINGS) && said.contains(texts[0]), "{said}");
    fs::remove_file(other.join("installation")).expect("moved away");
    pairs.passes(elsewhere.path(), &[&adopt[..], &["--yes"]].concat());
    pairs.passes(elsewhere.path(), &["verify"]);
    assert_eq!(fs::read_to_string(other.join("installation")).expect("the mark").trim(), id);
}

async fn another_schema(pairs: &Pairs, dir: &Path) {
    adopted(pairs, "installation.adopt_archive", "a new disk").await;
    let later = "INSERT INTO schema_versions (version, oldest_program) VALUES (1000, 1000)";
    pairs.db.execute(later).await.expect("changes the schema");
    pairs.refused(dir, &[], FAILED, &["version 1000", "run the later program"]);
    pairs.db.execute("DROP TABLE schema_versions").await.expect("changes the schema");
    pairs.refused(dir, &[], FAILED, &["too old", "name a new database"]);
}

/// Asserts that the journal ends with an operation that was asked for and done.
async fn adopted(pairs: &Pairs, action: &str, why: &str) {
    let steps = pairs.db.store.operation_steps(2).await.expect("reads");
    assert!(steps.iter().all(|step| step.action == action), "{steps:?}");
    assert_eq!(steps[0].stage, noemie_gateway::store::Stage::Done);
    assert_eq!((steps[1].step, &steps[1].detail["why"]), (0, &why.into()));
}

async fn a_broker_that_answers_late_is_compared_before_anything_is_published(db: TestDatabase) {
    on_broker(|broker| async move {
        let pairs = Pairs::new(db, broker);
        let directory = tempfile::tempdir().expect("a directory");
        let dir = directory.path();
        pairs.passes(dir, &["migrate"]);
        let id = pairs.id(dir);
        pairs.broker.mark_as(OTHER).await;

        // Nobody listens on the port of the broker while `serve` starts.
        let url = pairs.broker.url();
        let (before, vhost) = url.rsplit_once('/').expect("a virtual host");
        let (user, address) = before.rsplit_once('@').expect("a user");
        let target = address.rsplit_once(':').map_or(5672, |(_, port)| port.parse().unwrap());
        let port = Proxy::start(target).await.port;
        let late = format!("{user}@127.0.0.1:{port}/{vhost}");
        let settings = pairs.with(&[("NOEMIE_AMQP_URL", late.as_str())]);
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let gateway = Gateway::start(dir, &settings).await;
        let mut dre = Vec::new();
        generate::dre(&Options { invoices: 2, ..Options::default() }, &mut dre).unwrap();
        gateway.drop_file("oct", "whole.b2", &dre);
        until("the events wait", || async {
            gateway.metric("noemie_outbox_pending").await == Some(2.0)
        })
        .await;

        let _proxy = Proxy::start_at(port, target).await;
        until("the relay refuses the broker", || async {
            gateway.metric("noemie_relay_wrong_sink").await == Some(1.0)
        })
        .await;
        let health = gateway.admin_get("/healthz").await;
        assert!(health.contains("belongs to another installation"), "{health}");
        let is_told = |line: &str| {
            line.contains("\"ERROR\"") && line.contains("relay publishes nothing: wrong sink")
        };
        assert!(gateway.log().lines().any(is_told), "{}", gateway.log());
        assert!(!pairs.broker.exists(WORK).await, "nothing is declared on a wrong broker");

        pairs.broker.mark_as(&id).await;
        until("the events are published", || async {
            gateway.metric("noemie_outbox_pending").await == Some(0.0)
        })
        .await;
        assert_eq!(pairs.broker.drain(WORK).await.len(), 2);
        assert_eq!(gateway.metric("noemie_relay_wrong_sink").await, Some(0.0));
    })
    .await;
}

/// A replica that nobody stopped when another sink was put in force: it publishes nothing more, and
/// leaves the lease to a replica of the sink in force.
async fn a_replica_of_a_sink_no_longer_in_force_publishes_nothing(db: TestDatabase) {
    on_broker(|broker| async move {
        let pairs = Pairs::new(db, broker);
        let directory = tempfile::tempdir().expect("a directory");
        let dir = directory.path();
        let settings: Vec<(&str, &str)> =
            pairs.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let gateway = Gateway::start(dir, &settings).await;
        until("the relay publishes", || async {
            gateway.admin_get("/healthz").await.contains("publishing")
        })
        .await;
        let local = [("NOEMIE_AMQP_URL", ""), ("NOEMIE_SINK", "local")];
        let adopt = ["installation", "adopt-sink", "--why", "the broker was given up", "--yes"];
        let (ended, said) = pairs.run(dir, &local, &adopt);
        assert_eq!(ended, Some(0), "{said}");

        let mut dre = Vec::new();
        generate::dre(&Options { invoices: 2, ..Options::default() }, &mut dre).unwrap();
        gateway.drop_file("oct", "whole.b2", &dre);
        until("the relay refuses its sink", || async {
            gateway.metric("noemie_relay_wrong_sink").await == Some(1.0)
                && gateway.metric("noemie_outbox_pending").await == Some(2.0)
        })
        .await;
        let health = gateway.admin_get("/healthz").await;
        assert!(health.contains("sink 2 of the installation is in force"), "{health}");
        let is_told = |line: &str| line.contains("relay publishes nothing: wrong sink");
        assert!(gateway.log().lines().any(is_told), "{}", gateway.log());
        assert_eq!(pairs.broker.drain(WORK).await.len(), 0);

        let settings = pairs.with(&local);
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // Replicas share a database on a server; an embedded one has one gateway.
        let old = if pairs.db.is_postgres() {
            Some(gateway)
        } else {
            gateway.terminate();
            assert!(gateway.ended().await.success());
            None
        };
        let new = Gateway::start(dir, &settings).await;
        until("the events are published to the sink in force", || async {
            new.metric("noemie_outbox_pending").await == Some(0.0)
        })
        .await;
        let by_old = pairs.db.number("SELECT count(*) FROM published_events WHERE sink_no <> 2");
        assert_eq!(by_old.await, 0);
        assert_eq!(pairs.broker.drain(WORK).await.len(), 0);
        drop(old);
    })
    .await;
}

on_both!(
    each_wrong_pair_is_refused,
    a_replica_of_a_sink_no_longer_in_force_publishes_nothing,
    a_broker_that_answers_late_is_compared_before_anything_is_published,
);
