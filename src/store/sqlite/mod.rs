//! SQLite: the embedded default, a file owned by one process.
//!
//! A single connection writes, with BEGIN IMMEDIATE, so that a transaction waits for the one before
//! it at its start and never half-way; a few other connections read. WAL lets them read while the
//! writer writes. A caller with an open transaction must not write through the store at the same
//! time: it would wait for itself.

use super::connections::Connections;
use super::conventions::SqliteConventions;
use super::error::{StoreError, doing};
use super::journal_chains::Seal;
use super::lease::Lease;
use super::outbox::PublishingSink;
use super::wake::Wake;
use db::ANSWER_TIMEOUT;
use lease::LeaseKey;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

mod batch;
mod claim_writes;
mod claims_by_invoice;
mod db;
mod event_writes;
mod exchange_writes;
mod lease;
mod positions;
mod rejects;

#[path = "../shared/claim_listing.rs"]
pub(in crate::store) mod claim_listing;
#[path = "../shared/claim_pages.rs"]
mod claim_pages;
#[path = "../shared/claim_walk.rs"]
pub(in crate::store) mod claim_walk;
#[path = "../shared/claims.rs"]
mod claims;
#[path = "../shared/consistency.rs"]
mod consistency;
#[path = "../shared/decisions.rs"]
mod decisions;
#[path = "../shared/drop_leases.rs"]
mod drop_leases;
#[path = "../shared/events.rs"]
mod events;
#[path = "../shared/exchanges.rs"]
mod exchanges;
#[path = "../shared/health.rs"]
mod health;
#[path = "../shared/held_attempts.rs"]
mod held_attempts;
#[path = "../shared/installation.rs"]
mod installation;
#[path = "../shared/installation_events.rs"]
mod installation_events;
#[path = "../shared/journal_chains.rs"]
mod journal_chains;
#[path = "../shared/ledgers.rs"]
mod ledgers;
#[path = "../shared/listing.rs"]
mod listing;
#[path = "../shared/logical_files.rs"]
mod logical_files;
#[path = "../shared/next_place.rs"]
mod next_place;
#[path = "../shared/operations_journal.rs"]
mod operations_journal;
#[path = "../shared/outbox.rs"]
mod outbox;
#[path = "../shared/outcomes.rs"]
mod outcomes;
#[path = "../shared/placed_marks.rs"]
mod placed_marks;
#[path = "../shared/quarantine.rs"]
mod quarantine;
#[path = "../shared/receipt_chain.rs"]
mod receipt_chain;
#[path = "../shared/receipt_contents.rs"]
mod receipt_contents;
#[path = "../shared/resends.rs"]
mod resends;
#[path = "../shared/return_files.rs"]
mod return_files;
#[path = "../shared/schema.rs"]
mod schema;
#[path = "../shared/scope.rs"]
mod scope;
#[path = "../shared/staged_deposits.rs"]
mod staged_deposits;
#[path = "../shared/stored_invoices.rs"]
mod stored_invoices;
#[path = "../shared/transfer_readings.rs"]
mod transfer_readings;
#[path = "../shared/transfers.rs"]
mod transfers;
#[path = "../shared/unit.rs"]
mod unit;
#[path = "../shared/unmatched_returns.rs"]
mod unmatched_returns;
#[path = "../shared/withdrawals.rs"]
mod withdrawals;

/// Connections that read: enough for a listing, a status and the relay at once; more connections
/// would share the same disk.
const MAX_READERS: u32 = 4;
/// Time limit of the wait for the writer. A large return of a caisse has the writer for as long as
/// it is read.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(60);
/// Time limit of a statement that waits for a lock of another process (`sqlite3` in an operator's
/// shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Connections<Sqlite>,
    readers: Connections<Sqlite>,
    wake: Arc<Wake>,
    leases: Arc<lease::Leases>,
    seal: Seal,
    publishing_sink: PublishingSink,
}

impl SqliteStore {
    /// Opens the file, making it if it is not there. The schema is brought up by
    /// [`Schema::migrate`](super::Schema::migrate).
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: an ARL leaves only after the commit, so the commit must outlive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool =
            |max| SqlitePoolOptions::new().max_connections(max).acquire_timeout(ACQUIRE_TIMEOUT);
        // The writer first: it makes the file and turns WAL on, which a reader cannot.
        let writer = pool(1)
            .connect_with(options.clone())
            .await
            .map_err(doing("opening the SQLite file"))?;
        let readers = pool(MAX_READERS)
            .connect_with(options.read_only(true))
            .await
            .map_err(doing("opening the SQLite file for reading"))?;
        Ok(Self {
            writer: Connections::new(writer, ANSWER_TIMEOUT),
            readers: Connections::new(readers, ANSWER_TIMEOUT),
            wake: Arc::default(),
            leases: Arc::new(lease::Leases::beside(path)),
            seal: Seal::default(),
            publishing_sink: PublishingSink::default(),
        })
    }

    /// Returns the store of register and conventions, on the same connections.
    pub(in crate::store) fn conventions(&self) -> SqliteConventions {
        SqliteConventions {
            writer: self.writer.within(ANSWER_TIMEOUT),
            reader: self.readers.within(ANSWER_TIMEOUT),
            seal: self.seal.clone(),
        }
    }

    /// Returns the sealer of the journals.
    fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Returns the number of the sink that this process publishes to.
    fn publishing_sink(&self) -> &PublishingSink {
        &self.publishing_sink
    }

    /// Returns the connections for reads.
    fn reads(&self) -> &Connections<Sqlite> {
        &self.readers
    }

    /// Returns the connection for writes.
    fn writes(&self) -> &Connections<Sqlite> {
        &self.writer
    }

    /// Returns the connections for probes and the reads of the relay.
    fn upkeep(&self) -> &Connections<Sqlite> {
        &self.readers
    }

    /// Returns the connection for the writes of the relay.
    fn upkeep_writes(&self) -> &Connections<Sqlite> {
        &self.writer
    }

    /// Returns the connections for reads over all invoices of a deposit.
    fn whole_deposit(&self) -> &Connections<Sqlite> {
        &self.readers
    }

    /// Returns the announcer of commits.
    fn announcer(&self) -> &Arc<Wake> {
        &self.wake
    }

    /// Returns the connection that migrates.
    fn migrating(&self) -> SqlitePool {
        self.writer.pool().clone()
    }

    /// Ends a migration: its connection stays open for the writes.
    async fn end_migration(_: SqlitePool) {}

    /// Returns the migrations of this program.
    fn migrations() -> Migrator {
        sqlx::migrate!("migrations/sqlite")
    }

    /// Takes a lease, unless another task or process has it.
    async fn take_lease(&self, key: LeaseKey) -> Result<Option<Box<dyn Lease>>, StoreError> {
        lease::take(&self.leases, key)
    }
}
