//! Health and figures, for probes and metrics.

use super::error::StoreError;
use async_trait::async_trait;
use time::OffsetDateTime;

/// Counter of exchanges that were refused because their ledger did not balance (invariant 1).
pub const LEDGERS_UNBALANCED: &str = "noemie_ledger_unbalanced_total";

/// Figures for metrics and `doctor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreFigures {
    /// Quarantined invoices that wait for a corrected resend.
    pub quarantine_waiting: u64,
    /// Claims whose AMC payment limit is over.
    pub overdue: u64,
    /// Copies of other senders' invoices about which the desk has not decided.
    pub held: u64,
    /// Those of them whose day for the decision is over.
    pub held_late: u64,
    /// Staged deposits: being written, or cut and waiting to be resumed.
    pub staged_deposits: u64,
    /// Transfers whose items are not the amount announced.
    pub transfers_unexplained: u64,
    /// Since when the oldest of them is unexplained.
    pub unexplained_since: Option<OffsetDateTime>,
    /// Latest instant of a receipt; `None` before the first.
    pub latest_receipt_at: Option<OffsetDateTime>,
}

/// Depth of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxDepth {
    /// Events not yet published.
    pub pending: u64,
    /// Instant of the oldest of them.
    pub oldest: Option<OffsetDateTime>,
}

/// Answers probes and metrics.
#[async_trait]
pub trait Health: Send + Sync {
    /// Returns when the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Returns the depth of the outbox.
    async fn outbox_depth(&self) -> Result<OutboxDepth, StoreError>;

    /// Returns the figures for metrics.
    async fn figures(&self, now: OffsetDateTime) -> Result<StoreFigures, StoreError>;
}
