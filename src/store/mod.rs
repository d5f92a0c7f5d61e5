//! The store: claims, exchanges, outbox, ledger, returns. One trait in the domain's words, two
//! databases behind it, one conformance suite (`tests/store_conformance.rs`) that both pass.
//!
//! A whole change is one [`UnitOfWork`]: everything it wrote becomes visible at
//! [`UnitOfWork::commit`] or not at all. The store does not know what a legal transition is, how a
//! file is read, or how an event travels. SQL lives here and nowhere else.

use crate::domain::page::PageToken;
use crate::domain::{
    Claim, ClaimEvent, ClaimId, ClaimLine, Exchange, ExchangeId, Finding, InvoiceKey, Ledger,
    LogicalFile, Page, Quarantined, ReturnFile, ReturnId, ReturnKind,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use time::{Date, OffsetDateTime};

mod columns;
mod connections;
pub mod conventions;
mod exchange_rows;
mod listing;
mod live;
mod loads;
mod open;
mod operations;
pub mod postgres;
mod reads;
mod rows;
mod shapes;
pub mod sqlite;
mod traces;
mod unit;
mod wake;
mod withdrawals;
mod writes;

pub use crate::domain::{NewClaim, UnmatchedReturn};
pub use open::Database;
pub use operations::{OperationStep, Stage};
pub use shapes::{
    ChainLink, ChainTip, ClaimFilter, Closing, Link, OpenDeposit, OutboxDepth, OutboxEvent,
    PartChange, RecordedDecision, StagedDeposit, StoreFigures, Written,
};
pub use traces::{StoredInvoice, is_aside_of};
pub use wake::{Occasion, Waiter};
pub use withdrawals::{Removed, Withdrawal};

/// A store shared by all rooms.
pub type SharedStore = Arc<dyn Store>;

/// The database failed, or holds what it should not.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or could not be reached.
    #[error("database{}, while {doing}", if is_busy(.source) { " busy with another change, try again" } else { "" })]
    Database {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: sqlx::Error,
    },
    /// The migrations could not be applied.
    #[error("migrating the database")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A row that this version cannot read.
    #[error("unreadable row: {0}")]
    Corrupt(String),
    /// The books of an exchange do not balance: nothing was written.
    #[error("ledger of the exchange does not balance: {0:?}")]
    Unbalanced(Ledger),
    /// A step of this change failed or was given up before: the change cannot be committed.
    #[error("a step of this change failed before: nothing of it was written")]
    Spoiled,
    /// The database, or the line to it, said nothing for this long. What was being committed may
    /// have been applied.
    #[error("database gave no answer within {0:?}")]
    NoAnswer(Duration),
    /// Replicas of a version before this one are connected, and need what was to be removed.
    #[error("replicas of an earlier version are connected ({0} connections): stop them first")]
    OlderReplicas(u64),
    /// The database URL is of no kind known here.
    #[error("database URL must start with postgres://, postgresql:// or sqlite:, not {scheme:?}")]
    UnsupportedUrl {
        /// What stands before the first `:`; the rest may hold a password.
        scheme: String,
    },
}

impl StoreError {
    /// Whether the database is away, or so busy that no connection came free in time: the same call
    /// may pass later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        let Self::Database { source, .. } = self else { return matches!(self, Self::NoAnswer(_)) };
        match source {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
            // PostgreSQL goes down, recovers, ends our connection, or has no more: classes 08 and
            // 53, and 57P01 to 57P03.
            sqlx::Error::Database(e)
                if e.code().is_some_and(|c| {
                    c.starts_with("08") || c.starts_with("53") || c.starts_with("57P0")
                }) =>
            {
                true
            }
            _ => self.worth_a_retry(),
        }
    }

    /// Whether the same change, begun again from its start, may well succeed: two changes met
    /// (deadlock, same key at once, a busy file) and this one gave way.
    #[must_use]
    pub fn worth_a_retry(&self) -> bool {
        let Self::Database { source: sqlx::Error::Database(e), .. } = self else { return false };
        // PostgreSQL: serialization failure, deadlock, lock not available. SQLite: busy, and busy
        // with a stale snapshot.
        e.is_unique_violation()
            || matches!(e.code().as_deref(), Some("40001" | "40P01" | "55P03" | "5" | "517"))
    }
}

/// Whether another change holds what this one waited for: PostgreSQL after its `lock_timeout`,
/// SQLite after its busy timeout.
fn is_busy(source: &sqlx::Error) -> bool {
    matches!(source, sqlx::Error::Database(e) if matches!(e.code().as_deref(), Some("55P03" | "5")))
}

/// A transaction in the domain's words. Dropping it without [`commit`](Self::commit) leaves no
/// trace.
#[async_trait]
pub trait UnitOfWork: Send {
    /// Takes the place of an exchange: `None` when it is free, else the exchange that the same
    /// sender already deposited with the same digest or the same non-empty idempotency key. Two
    /// callers at once: the second one waits for the first one's commit. The earlier one may still
    /// be [loading](Store::load).
    async fn claim_exchange(
        &mut self,
        sender: &str,
        digest: &str,
        idempotency_key: &str,
        id: ExchangeId,
    ) -> Result<Option<ExchangeId>, StoreError>;

    /// Lets the exchange that just took its place be committed without verdict: its invoices follow
    /// in transactions of their own. Its logical files are written now, so that another file with
    /// the same remittance is refused from here on.
    async fn open_load(
        &mut self,
        load: &StagedDeposit,
        logical_files: &[LogicalFile],
    ) -> Result<(), StoreError>;

    /// Moves the mark of a load, the rank of its last invoice written, when it stands where this
    /// caller left it, and the load is neither closed nor being taken back. Until the end of this
    /// change nobody else goes on with the load or closes it. To close it, the mark is moved to
    /// where it stands.
    async fn advance_load(
        &mut self,
        id: ExchangeId,
        from: u64,
        to: u64,
    ) -> Result<bool, StoreError>;

    /// The deposits without verdict, this one's own place included.
    async fn open_loads(&mut self) -> Result<Vec<OpenDeposit>, StoreError>;

    /// Marks a load: from the commit on nobody goes on with it, and what is written of it is to be
    /// taken back. `false` when it is not open any more.
    async fn withdraw(&mut self, id: ExchangeId, why: Withdrawal) -> Result<bool, StoreError>;

    /// Removes at most so many invoices of a load that is marked, and at the end the mark or the
    /// place. `None` when it is not marked (any more).
    async fn take_back(
        &mut self,
        id: ExchangeId,
        at_most: usize,
    ) -> Result<Option<Removed>, StoreError>;

    /// Frees the remittances that an open load holds: its file is refused.
    async fn free_logical_files(&mut self, id: ExchangeId) -> Result<(), StoreError>;

    /// The earlier exchange that holds the same logical file (issuer, recipient, message, created,
    /// file id), if any: control C5.
    async fn find_logical_file(
        &mut self,
        file: &LogicalFile,
    ) -> Result<Option<ExchangeId>, StoreError>;

    /// The latest claim of each invoice, with its parts, locked until the end. Invoices without
    /// claim are left out.
    async fn latest_claims(&mut self, invoices: &[InvoiceKey]) -> Result<Vec<Claim>, StoreError>;

    /// One claim, locked until the end.
    async fn claim(&mut self, id: ClaimId) -> Result<Option<Claim>, StoreError>;

    /// Writes claims with their parts and lines, in as few statements as possible. Answers the ids
    /// written: a claim whose invoice already has a live claim (AMC part not rejected) is left out,
    /// whoever wrote it first.
    async fn insert_claims(&mut self, claims: &[Arc<NewClaim>])
    -> Result<Vec<ClaimId>, StoreError>;

    /// Writes the new state of parts.
    async fn update_parts(&mut self, changes: &[PartChange]) -> Result<(), StoreError>;

    /// The sequence that the next event of each claim takes: 1 + the number of its events. Claims
    /// without events are left out.
    async fn next_sequences(
        &mut self,
        claims: &[ClaimId],
    ) -> Result<Vec<(ClaimId, u64)>, StoreError>;

    /// Puts events in the outbox, in order.
    async fn insert_events(&mut self, events: &[ClaimEvent]) -> Result<(), StoreError>;

    /// Puts invoices aside.
    async fn insert_quarantined(&mut self, invoices: &[Quarantined]) -> Result<(), StoreError>;

    /// Marks the invoices that wait in the quarantine of earlier exchanges as replaced by the
    /// claims of this one with the same PS and number.
    async fn resolve_quarantined(&mut self, by: ExchangeId) -> Result<(), StoreError>;

    /// Writes findings of the exchange, numbered from `first_ordinal` on. Findings of one exchange
    /// are numbered from 1 without a gap: the number is the page token of a report.
    async fn insert_anomalies(
        &mut self,
        exchange_id: ExchangeId,
        first_ordinal: u64,
        findings: &[Finding],
    ) -> Result<(), StoreError>;

    /// Keeps returns that match nothing.
    async fn insert_unmatched(
        &mut self,
        exchange_id: ExchangeId,
        returns: &[UnmatchedReturn],
    ) -> Result<(), StoreError>;

    /// Writes the exchange, its ledger, logical files and ARL, and chains its receipt by `link`.
    /// Fails with [`StoreError::Unbalanced`] when the books do not balance. To be called last: the
    /// end of the chain is locked until the end.
    async fn close_exchange(&mut self, closing: &Closing, link: Link<'_>)
    -> Result<(), StoreError>;

    /// The decision recorded under a key.
    async fn recorded_decision(
        &mut self,
        idempotency_key: &str,
    ) -> Result<Option<RecordedDecision>, StoreError>;

    /// Records a decision under its key.
    async fn insert_decision(
        &mut self,
        idempotency_key: &str,
        decision: &RecordedDecision,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// AMC rejects decided and not yet told to their sender, oldest first, locked. For the 580
    /// file.
    async fn rejects_to_return(&mut self, limit: usize) -> Result<Vec<Claim>, StoreError>;

    /// Marks AMC rejects as told by an exchange: the caisse's own return already tells its rejects
    /// to the professional.
    async fn mark_rejects_told(
        &mut self,
        by: ExchangeId,
        claims: &[ClaimId],
    ) -> Result<(), StoreError>;

    /// Writes a return file and marks the rejects it tells as told.
    async fn insert_return(
        &mut self,
        file: &ReturnFile,
        told: &[ClaimId],
    ) -> Result<(), StoreError>;

    /// Writes one line of the access journal: who read what person's data, when.
    async fn insert_access(
        &mut self,
        claim_id: ClaimId,
        caller: &str,
        purpose: &str,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Makes everything visible at once, and wakes the relay when events were written.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// A right that one replica holds at a time (to publish, to load a deposit): lost with its
/// connection, given back on drop.
#[async_trait]
pub trait Lease: Send {
    /// Whether the right is still held.
    async fn still_held(&mut self) -> bool;
}

/// The store.
#[async_trait]
pub trait Store: Send + Sync {
    /// Brings the schema to this version. What only versions before this one need stays for their
    /// sake, when there may be any.
    async fn migrate(&self) -> Result<(), StoreError>;
    /// Whether something is left that only versions before this one need.
    async fn serves_older_versions(&self) -> Result<bool, StoreError>;
    /// Removes what only versions before this one need. Refused while a replica of one is
    /// connected.
    async fn leave_older_versions(&self) -> Result<(), StoreError>;
    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;
    /// Starts a change.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// One exchange.
    async fn exchange(&self, id: ExchangeId) -> Result<Option<Exchange>, StoreError>;
    /// The exchange a sender already deposited with this digest.
    async fn exchange_by_digest(
        &self,
        sender: &str,
        digest: &str,
    ) -> Result<Option<Exchange>, StoreError>;
    /// A deposit that is being loaded. Exchanges with a verdict are none.
    async fn load(&self, id: ExchangeId) -> Result<Option<StagedDeposit>, StoreError>;
    /// The deposits that are being loaded, or wait to be resumed, oldest first.
    async fn loads(&self, limit: usize) -> Result<Vec<StagedDeposit>, StoreError>;
    /// What is written of a load. Read by who holds its right, after the load itself.
    async fn written(&self, id: ExchangeId) -> Result<Written, StoreError>;
    /// The right to load a deposit, when nobody holds it.
    async fn try_load_lease(&self, id: ExchangeId) -> Result<Option<Box<dyn Lease>>, StoreError>;
    /// The chain of receipts from a rank on, in order.
    async fn chain(&self, from_sequence: u64, limit: usize) -> Result<Vec<ChainLink>, StoreError>;
    /// The end of the chain of receipts.
    async fn chain_tip(&self) -> Result<ChainTip, StoreError>;
    /// What is kept of these invoices of an exchange.
    async fn traces(
        &self,
        id: ExchangeId,
        invoices: &[InvoiceKey],
    ) -> Result<Vec<StoredInvoice>, StoreError>;
    /// The invoices of an exchange that were put aside or are duplicates, from a rank to another.
    async fn aside(
        &self,
        id: ExchangeId,
        ranks: (u64, u64),
    ) -> Result<Vec<Quarantined>, StoreError>;
    /// How many claims an exchange has, and how many invoices aside.
    async fn held(&self, id: ExchangeId) -> Result<(u64, u64), StoreError>;
    /// The ranks in the chain of the receipts of these exchanges; those that no link names are left
    /// out.
    async fn links_of(&self, ids: &[ExchangeId]) -> Result<Vec<(ExchangeId, u64)>, StoreError>;
    /// Those of these archived files that belong to an exchange or a load, under whatever name it
    /// has them.
    async fn archived(&self, names: &[String]) -> Result<Vec<String>, StoreError>;
    /// Exchanges, newest first.
    async fn exchanges(
        &self,
        sender: Option<&str>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Exchange>, StoreError>;
    /// The books of an exchange.
    async fn ledger(&self, id: ExchangeId) -> Result<Option<Ledger>, StoreError>;
    /// Findings of an exchange in order, from the one numbered `from_ordinal` on.
    async fn anomalies(
        &self,
        id: ExchangeId,
        from_ordinal: u64,
        limit: usize,
    ) -> Result<Vec<Finding>, StoreError>;
    /// Quarantined invoices of an exchange.
    async fn quarantined(
        &self,
        id: ExchangeId,
        limit: usize,
    ) -> Result<Vec<Quarantined>, StoreError>;
    /// Quarantined invoices of a PS and number that still wait.
    async fn quarantined_invoice(
        &self,
        ps: &str,
        invoice_number: &str,
    ) -> Result<Vec<Quarantined>, StoreError>;

    /// One claim.
    async fn claim(&self, id: ClaimId) -> Result<Option<Claim>, StoreError>;
    /// Its lines.
    async fn claim_lines(&self, id: ClaimId) -> Result<Vec<ClaimLine>, StoreError>;
    /// Claims, newest first.
    async fn claims(
        &self,
        filter: &ClaimFilter,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Claim>, StoreError>;
    /// Every event of a claim, in order.
    async fn history(&self, id: ClaimId) -> Result<Vec<OutboxEvent>, StoreError>;

    /// Return files, newest first; bodies sealed.
    async fn returns(
        &self,
        recipient: Option<&str>,
        kind: Option<ReturnKind>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<ReturnFile>, StoreError>;
    /// One return file.
    async fn return_file(&self, id: ReturnId) -> Result<Option<ReturnFile>, StoreError>;
    /// The ARL of an exchange.
    async fn arl(&self, id: ExchangeId) -> Result<Option<ReturnFile>, StoreError>;
    /// Return files not yet written to their drop directory, oldest first.
    async fn returns_to_deliver(&self, limit: usize) -> Result<Vec<ReturnFile>, StoreError>;
    /// Marks a return file as written to its drop directory.
    async fn mark_delivered(&self, id: ReturnId, at: OffsetDateTime) -> Result<(), StoreError>;

    /// The right to publish, when no other replica holds it.
    async fn try_relay_lease(&self) -> Result<Option<Box<dyn Lease>>, StoreError>;
    /// The oldest unpublished events but for these, in order.
    async fn unpublished(
        &self,
        limit: usize,
        except: &[i64],
    ) -> Result<Vec<OutboxEvent>, StoreError>;
    /// Marks events as published and gives them their positions in the stream, in the order given.
    async fn mark_published(
        &self,
        outbox_ids: &[i64],
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;
    /// Counts a failed try of events.
    async fn count_attempt(&self, outbox_ids: &[i64]) -> Result<(), StoreError>;
    /// Published events after a position, in order.
    async fn published_after(
        &self,
        position: i64,
        limit: usize,
    ) -> Result<Vec<OutboxEvent>, StoreError>;
    /// Depth of the outbox.
    async fn outbox_depth(&self) -> Result<OutboxDepth, StoreError>;
    /// Somebody who waits until events were written or published, by any replica.
    fn waiter(&self, occasion: Occasion) -> Waiter;

    /// Writes a step of an operation in the journal. Committed when this answers.
    async fn journal_operation(&self, step: &OperationStep) -> Result<(), StoreError>;
    /// Steps of the journal, newest first.
    async fn operations(&self, limit: usize) -> Result<Vec<OperationStep>, StoreError>;

    /// Figures for metrics.
    async fn figures(&self, now: OffsetDateTime) -> Result<StoreFigures, StoreError>;
}

/// The number of days of a window, for filters that take dates.
#[must_use]
pub fn start_of(date: Date) -> OffsetDateTime {
    date.midnight().assume_utc()
}
