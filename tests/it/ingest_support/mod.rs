//! A gateway in a temporary directory, and files for it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use noemie_gateway::app::App;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::config::Config;
use noemie_gateway::domain::{Channel, ClaimId};
use noemie_gateway::generate::{self, Options, Profile, RspOptions};
use noemie_gateway::ingest::{Deposit, Receipt};
use noemie_parsers::physical::enregistrements::Forme;
use sqlx::{Connection as _, SqliteConnection};
use std::path::Path;
use std::sync::Arc;

pub struct Gateway {
    pub app: App,
    _directory: tempfile::TempDir,
}

impl Gateway {
    pub async fn open() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = Config { data_dir: directory.path().join("data"), ..Config::default() };
        let app = App::open(config, Arc::new(SystemClock)).await.expect("the gateway opens");
        Self { app, _directory: directory }
    }

    pub async fn deposit(&self, sender: &str, bytes: &[u8]) -> Receipt {
        let deposit = Deposit {
            sender: sender.parse().expect("a sender"),
            channel: Channel::Cli,
            file_name: "file".into(),
            idempotency_key: None,
        };
        let mut incoming = self.app.ingest.open(deposit).expect("the archive opens");
        incoming.write(bytes).expect("the bytes are archived");
        self.app.ingest.accept(incoming).await.expect("a receipt")
    }

    async fn database(&self) -> SqliteConnection {
        let url = format!("sqlite:{}", self.app.config.data_dir.join("gateway.db").display());
        SqliteConnection::connect(&url).await.expect("the database opens")
    }

    /// Returns one integer, by raw SQL.
    pub async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.database().await).await.expect("a number")
    }

    /// Executes a statement, by raw SQL.
    pub async fn run(&self, sql: &'static str) {
        sqlx::query(sql).execute(&mut self.database().await).await.expect("done");
    }

    /// Makes the person of a claim unreadable, as a damaged disk would.
    pub async fn damage_person(&self, claim: ClaimId) {
        let done = sqlx::query("UPDATE claims SET vault = x'00' WHERE id = $1")
            .bind(claim.0)
            .execute(&mut self.database().await)
            .await;
        assert_eq!(done.expect("changed").rows_affected(), 1);
    }
}

/// A pharmacy's file of four invoices.
pub fn options(seed: u64) -> Options {
    Options { profile: Profile::Pharmacie, invoices: 4, seed, ..Options::default() }
}

pub fn dre(options: &Options) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::dre(options, &mut bytes).expect("written");
    bytes
}

/// The caisse's answer to a file.
pub fn rsp(dre: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::rsp(
        dre,
        Forme::Crlf,
        &RspOptions { rejected: 0, deferred: 0, ..RspOptions::default() },
        &mut bytes,
    )
    .expect("written");
    bytes
}

/// The answer of a caisse that rejects everything.
pub fn rejecting(dre: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = RspOptions {
        rejected: 100,
        deferred: 0,
        amc_rejected: 0,
        amc_left: 0,
        ..RspOptions::default()
    };
    generate::rsp(dre, Forme::Crlf, &options, &mut bytes).expect("written");
    bytes
}

/// Names of the files of a directory, hidden ones included.
pub fn files_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).map(|found| {
        found.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    });
    entries.unwrap_or_default()
}
