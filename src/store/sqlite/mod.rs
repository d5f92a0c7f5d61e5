//! SQLite: the embedded default. One process owns the file.
//!
//! One connection writes, with BEGIN IMMEDIATE, so that a unit of work waits for the one before it
//! at its start and never half-way; a few others read. WAL lets them read while the writer writes.
//! A caller that holds a unit of work must not write through the store at the same time: it would
//! wait for itself.

use super::codec::doing;
use super::connections::Connections;
use super::conventions::SqliteConventions;
use super::wake::{Occasion, Waiter, Wake};
use super::{
    ChainLink, ChainTip, ClaimFilter, Claims, Events, Exchanges, Health, Lease, OperationStep,
    OperationsJournal, Outbox, OutboxDepth, OutboxEvent, Quarantine, ReceiptChain, ReturnFiles,
    Schema, StagedDeposit, StagedDeposits, StagedProgress, StoreError, StoreFigures, StoredInvoice,
    StoredInvoices, Transactions, UnitOfWork,
};
use crate::domain::page::PageToken;
use crate::domain::{
    Claim, ClaimId, ClaimLine, Exchange, ExchangeId, Finding, InvoiceKey, Ledger, Page,
    Quarantined, ReturnFile, ReturnId, ReturnKind,
};
use async_trait::async_trait;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

mod batch;
mod lease;
mod outbox;
mod unit;

mod operations {
    super::super::operations_journal::shared_operations!(sqlx::Sqlite);
}
mod reads {
    super::super::reads::shared_reads!(sqlx::Sqlite);
}
mod writes {
    super::super::writes::shared_writes!(sqlx::Sqlite);
}
mod loads {
    super::super::loads::shared_loads!(sqlx::Sqlite, "");
    super::super::withdrawals::shared_withdrawals!("");
}

/// Connections that read: enough for a listing, a status and the relay at once; more would only
/// share the same disk.
const READERS: u32 = 4;
/// How long a writer waits for its turn. A large return of a caisse holds the writer for as long as
/// it is read.
const WRITER_PATIENCE: Duration = Duration::from_secs(60);
/// How long a statement waits for a lock of another process (`sqlite3` in an operator's shell).
const BUSY: Duration = Duration::from_secs(10);

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    wake: Arc<Wake>,
    leases: Arc<lease::Leases>,
}

impl SqliteStore {
    /// Opens the file, making it if it is not there. The schema is brought up by
    /// [`Store::migrate`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: an ARL leaves only after the commit, so the commit must outlive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let pool =
            |max| SqlitePoolOptions::new().max_connections(max).acquire_timeout(WRITER_PATIENCE);
        // The writer first: it makes the file and turns WAL on, which a reader cannot.
        let writer = pool(1)
            .connect_with(options.clone())
            .await
            .map_err(doing("opening the SQLite file"))?;
        let readers = pool(READERS)
            .connect_with(options.read_only(true))
            .await
            .map_err(doing("opening the SQLite file for reading"))?;
        Ok(Self {
            writer,
            readers,
            wake: Arc::default(),
            leases: Arc::new(lease::Leases::beside(path)),
        })
    }

    /// Register and conventions, on the same connections. A file answers or fails: its limits are
    /// those of the pools.
    pub(in crate::store) fn conventions(&self) -> SqliteConventions {
        let connections = |pool: &SqlitePool| Connections::new(pool.clone(), Duration::MAX);
        SqliteConventions { writer: connections(&self.writer), reader: connections(&self.readers) }
    }
}

#[async_trait]
impl Schema for SqliteStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut migrations = sqlx::migrate!("migrations/sqlite");
        // A newer gateway may have been here, and this one may be started again: migrations only
        // ever add.
        migrations.set_ignore_missing(true);
        migrations.run(&self.writer).await.map_err(StoreError::Migration)
    }
}

#[async_trait]
impl Health for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        reads::ping(&self.readers).await
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, StoreError> {
        reads::outbox_depth(&self.readers).await
    }

    async fn figures(&self, now: OffsetDateTime) -> Result<StoreFigures, StoreError> {
        reads::figures(&self.readers, now).await
    }
}

#[async_trait]
impl Transactions for SqliteStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let tx =
            self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(doing("starting a change"))?;
        Ok(Box::new(unit::SqliteUnit::new(tx, Arc::clone(&self.wake))))
    }
}

#[async_trait]
impl Exchanges for SqliteStore {
    async fn exchange(&self, id: ExchangeId) -> Result<Option<Exchange>, StoreError> {
        reads::exchange(&self.readers, id).await
    }

    async fn exchange_by_digest(
        &self,
        sender: &str,
        digest: &str,
    ) -> Result<Option<Exchange>, StoreError> {
        reads::exchange_by_digest(&self.readers, sender, digest).await
    }

    async fn exchanges(
        &self,
        sender: Option<&str>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Exchange>, StoreError> {
        reads::exchanges(&self.readers, sender, after, limit).await
    }

    async fn ledger(&self, id: ExchangeId) -> Result<Option<Ledger>, StoreError> {
        reads::ledger(&self.readers, id).await
    }

    async fn anomalies(
        &self,
        id: ExchangeId,
        from_ordinal: u64,
        limit: usize,
    ) -> Result<Vec<Finding>, StoreError> {
        reads::anomalies(&self.readers, id, from_ordinal, limit).await
    }

    async fn archive_names_in_use(&self, names: &[String]) -> Result<Vec<String>, StoreError> {
        reads::archived(&self.readers, names).await
    }
}

#[async_trait]
impl StagedDeposits for SqliteStore {
    async fn staged_deposit(&self, id: ExchangeId) -> Result<Option<StagedDeposit>, StoreError> {
        loads::load(&self.readers, id).await
    }

    async fn staged_deposits(&self, limit: usize) -> Result<Vec<StagedDeposit>, StoreError> {
        loads::loads(&self.readers, limit).await
    }

    async fn staged_progress(&self, id: ExchangeId) -> Result<StagedProgress, StoreError> {
        loads::written(&self.readers, id).await
    }

    async fn try_deposit_lease(
        &self,
        id: ExchangeId,
    ) -> Result<Option<Box<dyn Lease>>, StoreError> {
        lease::take(&self.leases, lease::Right::StagedDeposit(id))
    }
}

#[async_trait]
impl ReceiptChain for SqliteStore {
    async fn chain_links(
        &self,
        from_sequence: u64,
        limit: usize,
    ) -> Result<Vec<ChainLink>, StoreError> {
        loads::chain(&self.readers, from_sequence, limit).await
    }

    async fn chain_tip(&self) -> Result<ChainTip, StoreError> {
        loads::chain_tip(&self.readers).await
    }

    async fn chain_sequences(
        &self,
        ids: &[ExchangeId],
    ) -> Result<Vec<(ExchangeId, u64)>, StoreError> {
        reads::links_of(&self.readers, ids).await
    }
}

#[async_trait]
impl StoredInvoices for SqliteStore {
    async fn stored_invoices(
        &self,
        id: ExchangeId,
        invoices: &[InvoiceKey],
    ) -> Result<Vec<StoredInvoice>, StoreError> {
        batch::traces(&self.readers, id, invoices).await
    }

    async fn count_invoices(&self, id: ExchangeId) -> Result<(u64, u64), StoreError> {
        loads::held(&self.readers, id).await
    }
}

#[async_trait]
impl Quarantine for SqliteStore {
    async fn quarantined(
        &self,
        id: ExchangeId,
        limit: usize,
    ) -> Result<Vec<Quarantined>, StoreError> {
        reads::quarantined(&self.readers, id, limit).await
    }

    async fn quarantined_by_invoice(
        &self,
        ps: &str,
        invoice_number: &str,
    ) -> Result<Vec<Quarantined>, StoreError> {
        reads::quarantined_invoice(&self.readers, ps, invoice_number).await
    }

    async fn quarantined_by_ordinals(
        &self,
        id: ExchangeId,
        ranks: (u64, u64),
    ) -> Result<Vec<Quarantined>, StoreError> {
        let mut db = self.readers.acquire().await.map_err(doing("reading what was put aside"))?;
        loads::aside(&mut db, id, ranks).await
    }
}

#[async_trait]
impl Claims for SqliteStore {
    async fn claim(&self, id: ClaimId) -> Result<Option<Claim>, StoreError> {
        let mut db = self.readers.acquire().await.map_err(doing("reading a claim"))?;
        reads::claim(&mut db, id).await
    }

    async fn claim_lines(&self, id: ClaimId) -> Result<Vec<ClaimLine>, StoreError> {
        reads::claim_lines(&self.readers, id).await
    }

    async fn claims(
        &self,
        filter: &ClaimFilter,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Claim>, StoreError> {
        reads::claims(&self.readers, filter, after, limit).await
    }
}

#[async_trait]
impl Events for SqliteStore {
    async fn claim_history(&self, id: ClaimId) -> Result<Vec<OutboxEvent>, StoreError> {
        reads::history(&self.readers, id).await
    }

    async fn published_events(
        &self,
        position: i64,
        limit: usize,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        reads::published_after(&self.readers, position, limit).await
    }
}

#[async_trait]
impl ReturnFiles for SqliteStore {
    async fn return_files(
        &self,
        recipient: Option<&str>,
        kind: Option<ReturnKind>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<ReturnFile>, StoreError> {
        reads::returns(&self.readers, recipient, kind, after, limit).await
    }

    async fn return_file(&self, id: ReturnId) -> Result<Option<ReturnFile>, StoreError> {
        reads::return_file(&self.readers, id).await
    }

    async fn arl(&self, id: ExchangeId) -> Result<Option<ReturnFile>, StoreError> {
        reads::arl(&self.readers, id).await
    }

    async fn return_files_to_deliver(&self, limit: usize) -> Result<Vec<ReturnFile>, StoreError> {
        reads::returns_to_deliver(&self.readers, limit).await
    }

    async fn has_rejects_to_return(&self) -> Result<bool, StoreError> {
        reads::has_rejects_to_return(&self.readers).await
    }

    async fn mark_delivered(&self, id: ReturnId, at: OffsetDateTime) -> Result<(), StoreError> {
        writes::mark_delivered(&self.writer, id, at).await
    }
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn try_relay_lease(&self) -> Result<Option<Box<dyn Lease>>, StoreError> {
        lease::take(&self.leases, lease::Right::Relay)
    }

    async fn unpublished_events(
        &self,
        limit: usize,
        except: &[i64],
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        reads::unpublished(&self.readers, limit, except).await
    }

    async fn mark_published(
        &self,
        outbox_ids: &[i64],
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        outbox::mark_published(&self.writer, outbox_ids, at).await?;
        self.wake.wake(Occasion::Published);
        Ok(())
    }

    async fn count_failed_attempt(&self, outbox_ids: &[i64]) -> Result<(), StoreError> {
        outbox::count_attempt(&self.writer, outbox_ids).await
    }

    fn waiter(&self, occasion: Occasion) -> Waiter {
        self.wake.waiter(occasion)
    }
}

#[async_trait]
impl OperationsJournal for SqliteStore {
    async fn insert_operation_step(&self, step: &OperationStep) -> Result<(), StoreError> {
        operations::write(&self.writer, step).await
    }

    async fn operation_steps(&self, limit: usize) -> Result<Vec<OperationStep>, StoreError> {
        operations::newest(&self.readers, limit).await
    }
}
