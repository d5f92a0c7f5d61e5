//! What goes in and out of the store besides the domain's own types.

use super::withdrawals::Withdrawal;
use crate::domain::{
    Channel, ClaimEvent, ClaimId, ClaimPart, ClaimStatus, EventId, Exchange, ExchangeId, Ledger,
    LogicalFile, ReturnFile,
};
use noemie_parsers::types::Montant;
use time::OffsetDateTime;

/// A change of one part of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartChange {
    /// The claim.
    pub claim_id: ClaimId,
    /// The part as it is after the change.
    pub part: ClaimPart,
}

/// What a committed exchange writes last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The exchange, with its final counts.
    pub exchange: Exchange,
    /// When it is closed: from then on its events wait for the relay.
    pub at: OffsetDateTime,
    /// Its books; must balance.
    pub ledger: Ledger,
    /// Its logical files (none are stored for a refused exchange, so that a corrected file can be
    /// sent again).
    pub logical_files: Vec<LogicalFile>,
    /// The ARL.
    pub arl: ReturnFile,
}

/// Makes the link of a receipt behind the end of the chain. Called once the end is locked.
pub type Link<'a> = &'a (dyn Fn(&ChainTip) -> String + Send + Sync);

/// A decision already recorded under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDecision {
    /// Digest of the request, to tell a repetition from a different request under the same key.
    pub request_digest: String,
    /// The event that it produced.
    pub event_id: EventId,
    /// The claim.
    pub claim_id: ClaimId,
}

/// A deposit whose invoices are being written in several transactions: its exchange has its place,
/// and no verdict yet. Nothing of it is shown, nor published, before it is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedDeposit {
    /// The exchange it becomes.
    pub id: ExchangeId,
    /// Who deposited.
    pub sender: String,
    /// Digest of the bytes (BLAKE3, hex).
    pub digest: String,
    /// The caller's idempotency key, empty when none.
    pub idempotency_key: String,
    /// Door.
    pub channel: Channel,
    /// Name given by the sender.
    pub file_name: String,
    /// Size in bytes.
    pub size: u64,
    /// When the deposit came.
    pub received_at: OffsetDateTime,
    /// Name of the encrypted raw file in the archive.
    pub archive_name: String,
    /// Where its last batch left the mark (see
    /// [`UnitOfWork::advance_load`](super::UnitOfWork::advance_load)).
    pub loaded: u64,
    /// Set while what is written of it is taken back.
    pub withdrawal: Option<Withdrawal>,
}

/// What is written of a load. Batches are written in the order of the file: every invoice up to the
/// last one is a claim, or stands aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Rank of the last invoice, 0 when there is none.
    pub last: u64,
    /// Invoices that are claims.
    pub claims: u64,
    /// Their records.
    pub records: u64,
    /// Total billed by them.
    pub total: Montant,
    /// Asked of the AMO.
    pub amo: Montant,
    /// Asked of the AMC.
    pub amc: Montant,
}

/// A deposit without verdict, as another one meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenDeposit {
    /// The exchange it becomes.
    pub id: ExchangeId,
    /// Whether it is being taken back.
    pub withdrawn: bool,
}

/// The end of the chain of receipts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainTip {
    /// Rank of the last receipt, 0 before the first.
    pub sequence: u64,
    /// Its link, empty before the first.
    pub link: String,
}

/// The place of a receipt in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainLink {
    /// Rank, 1-based, without holes.
    pub sequence: u64,
    /// Exchange of the receipt.
    pub exchange_id: ExchangeId,
    /// Keyed digest (hex) over the link before, this rank and the receipt.
    pub link: String,
}

/// Filters of a claim listing; empty fields do not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimFilter {
    /// Who deposited.
    pub sender: Option<String>,
    /// PS number.
    pub ps: Option<String>,
    /// Invoice number.
    pub invoice_number: Option<String>,
    /// Exchange.
    pub exchange_id: Option<ExchangeId>,
    /// Derived status.
    pub status: Option<ClaimStatus>,
    /// Received on or after this instant.
    pub received_from: Option<OffsetDateTime>,
    /// Received before this instant.
    pub received_before: Option<OffsetDateTime>,
    /// Only claims whose AMC part waits although its promise ended before this instant.
    pub overdue_at: Option<OffsetDateTime>,
}

/// An event of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Rank in the outbox, in commit order of each claim.
    pub outbox_id: i64,
    /// Position in the published stream; 0 before publication.
    pub position: i64,
    /// Event.
    pub event: ClaimEvent,
    /// JSON as written at commit, byte for byte what consumers get.
    pub payload: String,
    /// How many times publication was tried.
    pub attempts: i32,
}

/// Depth of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxDepth {
    /// Events not yet published.
    pub pending: u64,
    /// When the oldest of them was written.
    pub oldest: Option<OffsetDateTime>,
}

/// Figures for metrics and `doctor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreFigures {
    /// Exchanges whose books do not balance. Must be 0.
    pub unbalanced: u64,
    /// Quarantined invoices that wait for a resend.
    pub quarantine_waiting: u64,
    /// Claims whose AMC promise is over.
    pub overdue: u64,
    /// Deposits whose invoices are being written, or whose writing was cut and waits to be resumed.
    pub loading: u64,
}
