//! A restored database or archive, by the program itself: an older database beside newer files is
//! refused until `restore finish`, and an older archive beside a newer database is named.

use crate::on_both;
use crate::support::databases::TestDatabase;
use crate::support::gateway::{Gateway, command, run_process};
use crate::support::raw::Raw;
use crate::support::story::dre;
use noemie_gateway::grpc::proto::{SubscribeClaimEventsRequest, SubscribeClaimEventsResponse};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;
use tempfile::TempDir;
use tonic::Code;
use tonic_types::StatusExt as _;

const LIMIT: Duration = Duration::from_secs(60);
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SENDER: &str = "oct-a";
const FINISH: [&str; 4] = ["restore", "finish", "--why", "the disk was lost"];

/// An installation whose database and archive are copied and put back while it is stopped.
struct Place {
    dir: TempDir,
    db: TestDatabase,
}

impl Place {
    fn new(db: TestDatabase) -> Self {
        Self { dir: tempfile::tempdir().expect("a directory"), db }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Settings of PostgreSQL; SQLite is a file of the data directory.
    fn settings(&self) -> Vec<(&str, &str)> {
        if self.db.is_postgres() {
            vec![
                ("NOEMIE_DATABASE_URL", &self.db.url),
                ("NOEMIE_VAULT_KEY", KEY),
                ("NOEMIE_SINK", "local"),
            ]
        } else {
            Vec::new()
        }
    }

    async fn start(&self) -> Gateway {
        Gateway::start(self.dir.path(), &self.settings()).await
    }

    /// Starts, deposits a file for each seed, waits for the ARLs, and stops. Returns the token of
    /// the last event.
    async fn deposit(&self, seeds: std::ops::Range<u64>, arls: usize) -> String {
        let gateway = self.start().await;
        for seed in seeds {
            let name = format!("lot{seed}.b2");
            let done = gateway.submit(SENDER, &name, &dre(seed, 2, None)).await.expect("deposits");
            assert!(!done.repeated, "{name}");
        }
        gateway.out_eventually(SENDER, "ARL_", arls).await;
        let last = event(&gateway, "", 2 * arls).await;
        gateway.terminate();
        assert!(gateway.ended().await.success());
        last.resume_token
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut process = command(self.dir.path());
        process
            .env("NOEMIE_GRPC_LISTEN", "127.0.0.1:0")
            .env("NOEMIE_ADMIN_LISTEN", "127.0.0.1:0")
            .envs(self.settings())
            .args(arguments);
        run_process(process, LIMIT)
    }

    /// Runs a command that ends with this success, and returns what it says.
    fn says(&self, arguments: &[&str], succeeds: bool) -> String {
        let output = self.run(arguments);
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.status.success(), succeeds, "{arguments:?}: {said}");
        said
    }

    fn copy_name(&self) -> String {
        let name = self.db.url.rsplit('/').next().expect("a name");
        format!("{name}_copy")
    }

    /// Copies the database of a stopped gateway.
    async fn copy_database(&self) {
        if self.db.is_postgres() {
            let url = self.db.url.as_str();
            let (name, copy) = (url.rsplit('/').next().expect("a name"), self.copy_name());
            clone_database(url, name, &copy).await;
        } else {
            copy_sqlite(&self.data().join("gateway.db"), &self.data().join("copy.db"));
        }
    }

    /// Puts the copy of the database back.
    async fn restore_database(&self) {
        if self.db.is_postgres() {
            let url = self.db.url.as_str();
            let (name, copy) = (url.rsplit('/').next().expect("a name"), self.copy_name());
            administer(url, format!("DROP DATABASE {name} WITH (FORCE)")).await;
            clone_database(url, &copy, name).await;
            administer(url, format!("DROP DATABASE {copy} WITH (FORCE)")).await;
        } else {
            copy_sqlite(&self.data().join("copy.db"), &self.data().join("gateway.db"));
        }
    }

    fn witness_lines(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.data().join("archive/witness")).expect("lines");
        text.lines().map(|line| serde_json::from_str(line).expect("a line")).collect()
    }
}

/// Copies a database file with its log, over the ones that are there.
fn copy_sqlite(from: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let named = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        let _ = fs::remove_file(named(to));
        if named(from).exists() {
            fs::copy(named(from), named(to)).expect("copies");
        }
    }
}

/// Runs a statement on the server, in its database `postgres`.
async fn administer(url: &str, statement: String) {
    let (server, _) = url.rsplit_once('/').expect("a database");
    let mut raw = Raw::connect(&format!("{server}/postgres")).await;
    raw.done(statement).await;
}

/// Clones a database, without its sessions: a waiter of the test's own store connects again.
async fn clone_database(url: &str, from: &str, to: &str) {
    administer(url, format!("ALTER DATABASE {from} ALLOW_CONNECTIONS false")).await;
    let sessions =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}'");
    administer(url, sessions).await;
    administer(url, format!("CREATE DATABASE {to} TEMPLATE {from}")).await;
    administer(url, format!("ALTER DATABASE {from} ALLOW_CONNECTIONS true")).await;
}

/// Returns the event of this rank after a token.
async fn event(gateway: &Gateway, token: &str, rank: usize) -> SubscribeClaimEventsResponse {
    let mut stream = subscribe(gateway, token).await.expect("subscribes");
    for _ in 1..rank {
        stream.message().await.expect("goes on").expect("a message");
    }
    stream.message().await.expect("goes on").expect("a message")
}

async fn subscribe(
    gateway: &Gateway,
    token: &str,
) -> Result<tonic::Streaming<SubscribeClaimEventsResponse>, tonic::Status> {
    let request = SubscribeClaimEventsRequest { resume_token: token.into(), ..Default::default() };
    gateway.work().subscribe_claim_events(request).await.map(tonic::Response::into_inner)
}

fn reason(status: &tonic::Status) -> String {
    status.get_error_details().error_info().expect("a reason").reason.clone()
}

fn has_all(said: &str, texts: &[&str]) {
    for text in texts {
        assert!(said.contains(text), "{text:?} in {said}");
    }
}

async fn an_older_database_is_refused_until_the_restore_is_finished(db: TestDatabase) {
    let place = Place::new(db);
    place.deposit(1..4, 3).await;
    assert_eq!(place.witness_lines().last().expect("a line")["receipts"], 3);
    place.copy_database().await;
    let token = place.deposit(4..6, 5).await;
    let lines = place.witness_lines();
    assert_eq!(lines.last().expect("a line")["receipts"], 5);
    assert!(place.says(&["verify"], true).contains("everything fits"));

    place.restore_database().await;
    let ahead = ["older than the archive", "last receipt 5, the database 3", "restore finish"];
    has_all(&place.says(&["serve"], false), &ahead);
    let file = place.dir.path().join("lot9.b2");
    fs::write(&file, dre(9, 2, None)).expect("a file");
    has_all(
        &place.says(&["ingest", "--sender", SENDER, file.to_str().expect("text")], false),
        &ahead,
    );
    assert_eq!(place.witness_lines(), lines, "no line hides the difference");

    let seen = place.says(&["verify"], false);
    let to_tell = ["To tell oct-a:", "send again lot4.b2", "send again lot5.b2", "no longer known"];
    has_all(&seen, &["WITNESS_DIFFERS", "RECEIPT_LOST"]);
    has_all(&seen, &to_tell);
    let tried = place.says(&FINISH, true);
    has_all(&tried, &[&to_tell[..], &["would be 2", "Nothing is changed without --yes"]].concat());
    has_all(&place.says(&["serve"], false), &ahead);

    has_all(&place.says(&[&FINISH[..], &["--yes"]].concat(), true), &to_tell);
    let first = place.witness_lines().pop().expect("a line");
    assert_eq!((&first["incarnation"], &first["receipts"]), (&2.into(), &3.into()));
    let seen = place.says(&["verify"], true);
    has_all(&seen, &["LOSS_KNOWN", "everything fits", "on record"]);

    let gateway = place.start().await;
    let refused = subscribe(&gateway, &token).await.expect_err("a token of before");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::OutOfRange, "resume_token_expired")
    );
    let next = event(&gateway, "", 1).await.resume_token;
    let (stream, _) = next.rsplit_once('-').expect("a position");
    let later = format!("{stream}-999");
    let refused = subscribe(&gateway, &later).await.expect_err("a token of no event yet");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::OutOfRange, "resume_token_ahead")
    );
    event(&gateway, &next, 1).await;
    let again = gateway.submit(SENDER, "lot4.b2", &dre(4, 2, None)).await.expect("deposits");
    assert!(!again.repeated, "the lost file is taken as a new one");
    gateway.terminate();
    assert!(gateway.ended().await.success());
    assert!(place.says(&["verify"], true).contains("everything fits"));
}

async fn an_older_archive_is_named_file_by_file(db: TestDatabase) {
    let place = Place::new(db);
    place.deposit(1..4, 3).await;
    let before = files(&place.data().join("archive"));
    place.deposit(4..6, 5).await;
    // The archive as it was before, as far as the raw files go.
    let lost: Vec<PathBuf> =
        files(&place.data().join("archive")).difference(&before).cloned().collect();
    assert_eq!(lost.len(), 2);
    lost.iter().for_each(|file| fs::remove_file(file).expect("removes"));

    let seen = place.says(&["verify"], false);
    has_all(
        &seen,
        &["ARCHIVE_LOST", "restore a newer archive", "To tell oct-a:", "copy of lot4.b2"],
    );
    assert!(!seen.contains("send again"), "the receipts hold: {seen}");
    let gateway = place.start().await;
    assert!(gateway.log().contains("lacks the raw file of the last receipt"), "{}", gateway.log());
    let finish = [&FINISH[..], &["--yes"]].concat();
    let busy = place.says(&finish, false);
    assert!(busy.contains("another gateway") || busy.contains("a gateway is at work"), "{busy}");
    gateway.terminate();
    assert!(gateway.ended().await.success());
    has_all(&place.says(&finish, true), &["fits the last witness line", "ARCHIVE_LOST"]);
    has_all(&place.says(&["verify"], true), &["everything fits", "LOSS_KNOWN"]);
}

/// Returns the raw files under a directory.
fn files(dir: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "enc") {
            found.insert(path);
        }
    }
    found
}

on_both!(
    an_older_database_is_refused_until_the_restore_is_finished,
    an_older_archive_is_named_file_by_file,
);
