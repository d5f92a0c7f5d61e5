//! The ingest and the store of a gateway over a database of its own.

use noemie_gateway::archive::Archive;
use noemie_gateway::clock::{Clock, SystemClock};
use noemie_gateway::domain::Channel;
use noemie_gateway::generate::{self, Options, Profile};
use noemie_gateway::ingest::{Deposit, Ingest, Limits};
use noemie_gateway::store::{Database, SharedStore};
use noemie_gateway::vault::Vault;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Time between two reads of the progress.
pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A fresh database with its gateway. [`Bench::close`] drops the database.
pub struct Bench {
    pub database: Database,
    pub store: SharedStore,
    pub vault: Arc<Vault>,
    pub ingest: Arc<Ingest>,
    pub url: String,
    dropped: Option<(String, String)>,
    _dir: TempDir,
}

impl Bench {
    pub async fn postgres() -> Self {
        let server = server();
        let name = format!("noemie_bench_{}", SystemClock.new_id().simple());
        administer(&server, format!("CREATE DATABASE {name}")).await;
        Self::open(database(&server, &name), Some((server, name))).await
    }

    /// Opens an existing database, which is not dropped.
    pub async fn named(name: &str) -> Self {
        Self::open(database(&server(), name), None).await
    }

    /// Opens a database in a file, which is kept.
    pub async fn file(path: &str) -> Self {
        Self::open(format!("sqlite:{path}"), None).await
    }

    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("gateway.db").display());
        Self { _dir: dir, ..Self::open(url, None).await }
    }

    async fn open(url: String, dropped: Option<(String, String)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(Some(&url), dir.path(), 8).await.unwrap();
        let store = database.store();
        store.migrate().await.unwrap();
        let vault = Arc::new(Vault::from_master_key([1; 32]));
        let archive = Arc::new(Archive::new(dir.path().join("archive"), Arc::clone(&vault)));
        let ingest = Ingest::new(
            Arc::clone(&store),
            Arc::clone(&vault),
            archive,
            Arc::new(SystemClock),
            Limits::default(),
        );
        let ingest = Arc::new(ingest);
        Self { database, store, vault, ingest, url, dropped, _dir: dir }
    }

    /// Deposits a file, and returns the time from the first byte to the receipt.
    pub async fn ingest(&self, bytes: &[u8]) -> Duration {
        let deposit = Deposit {
            sender: "bench".parse().expect("a sender"),
            channel: Channel::Cli,
            file_name: "".into(),
            idempotency_key: None,
        };
        let start = Instant::now();
        let mut incoming = self.ingest.open(deposit).unwrap();
        for chunk in bytes.chunks(256 * 1024) {
            incoming = incoming.append(chunk.to_vec()).await.unwrap();
        }
        let receipt = self.ingest.accept(incoming).await.unwrap();
        assert_eq!(receipt.exchange.accepted, receipt.exchange.invoices);
        start.elapsed()
    }

    /// Waits until every event is published.
    pub async fn drained(&self) {
        while self.store.outbox_depth().await.unwrap().pending > 0 {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    pub async fn close(self) {
        drop(self.ingest);
        drop((self.store, self.database));
        if let Some((server, name)) = self.dropped {
            administer(&server, format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

fn server() -> String {
    std::env::var("NOEMIE_TEST_DATABASE_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

/// Returns the address of a database, with TLS off as on the bare side.
fn database(server: &str, name: &str) -> String {
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}?sslmode=disable")
}

async fn administer(server: &str, sql: String) {
    let mut db = PgConnection::connect(server).await.unwrap();
    db.execute(AssertSqlSafe(sql)).await.unwrap();
}

/// Returns a DRE file of a pharmacy.
pub fn file(invoices: u64, seed: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::dre(
        &Options { profile: Profile::Pharmacie, invoices, seed, ..Options::default() },
        &mut bytes,
    )
    .unwrap();
    bytes
}
