//! Rules between rows of different tables that no constraint of the schema holds.

use super::error::StoreError;
use async_trait::async_trait;

/// A rule between rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// An event waits in the queue, or is published.
    EventIsQueuedOrPublished,
    /// A published event has left the queue, unless it is to be published again.
    EventIsNotBoth,
    /// A published event waits while it was published again less often than an operator asked.
    ResendWaits,
    /// A position of the published stream names a sink of the installation.
    PublicationHasSink,
    /// A sink confirms the positions from its own first one to that of the next sink. An event that
    /// was published again may have a later sink than its position.
    SinkConfirmsInItsTime,
    /// A row of the queue has an event.
    QueueHasEvent,
    /// A position of the published stream has an event.
    PublicationHasEvent,
    /// Positions begin with 1 and have no hole.
    PositionsHaveNoHole,
    /// An event waits for no deposit but that of its claim, and for that one while it is staged.
    EventWaitsForItsDeposit,
    /// A reported reject names a file that reports its claim, or an exchange.
    ReportExists,
    /// A duplicate names a claim with its PS and invoice number.
    DuplicateHasOriginal,
    /// A replaced invoice names a claim with its PS and invoice number.
    ResolutionHasClaim,
    /// A deposit with a receipt is not being withdrawn, and its closing has an instant.
    ReceiptIsClosed,
    /// A quarantined invoice does not wait once a later receipt has a claim of its number.
    ReplacedIsResolved,
    /// A file of rejects reports as many claims as are noted for it.
    ReportedRejectsAreCounted,
    /// A file of rejects reports rejects of its own lane.
    ReportIsOfItsLane,
    /// A staged deposit with a receipt is written to its last invoice.
    StagedDepositIsWhole,
    /// An AMC number is listed if and only if a convention names it.
    AmcHasConvention,
    /// A return is kept unmatched only while no claim of its invoice is there.
    UnmatchedHasNoClaim,
    /// A return that was kept unmatched names the claim that its outcomes name.
    LateMatchIsOne,
    /// A transfer is told by a file.
    TransferIsTold,
    /// A person matched an answer with the claim that it has, and only then its claim has another
    /// identity.
    MatchByHandIsRecorded,
    /// An invoice of which a copy is held or dismissed has an attempt that is treated.
    HeldCopyHasOriginal,
    /// The versions of the schema are those that the migrations of this program state.
    SchemaVersionIsKnown,
}

/// A rule that rows break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenRule {
    /// Rule.
    pub rule: Rule,
    /// Number of rows that break it.
    pub rows: u64,
}

/// Checks rules between rows.
#[async_trait]
pub trait Consistency: Send + Sync {
    /// Returns the rules that rows break. Reads the whole history, in the database.
    async fn broken_rules(&self) -> Result<Vec<BrokenRule>, StoreError>;
}
