//! Transactions.

use super::access_journal::AccessJournalWrites;
use super::claims::ClaimWrites;
use super::decisions::DecisionWrites;
use super::error::StoreError;
use super::exchanges::ExchangeWrites;
use super::held_attempts::HeldAttemptWrites;
use super::outbox::OutboxWrites;
use super::outcomes::OutcomeWrites;
use super::quarantine::QuarantineWrites;
use super::return_files::ReturnFileWrites;
use super::staged_deposits::StagedDepositWrites;
use super::transfers::TransferWrites;
use super::unmatched_returns::UnmatchedReturnWrites;
use async_trait::async_trait;

/// A transaction over all nouns. Its rows become visible at [`commit`](Self::commit) or not at all;
/// a transaction dropped without commit is rolled back.
#[async_trait]
pub trait UnitOfWork:
    ExchangeWrites
    + StagedDepositWrites
    + ClaimWrites
    + QuarantineWrites
    + UnmatchedReturnWrites
    + OutcomeWrites
    + HeldAttemptWrites
    + TransferWrites
    + OutboxWrites
    + ReturnFileWrites
    + DecisionWrites
    + AccessJournalWrites
{
    /// Commits, and wakes the relay when events were written.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Begins transactions.
#[async_trait]
pub trait Transactions: Send + Sync {
    /// Begins a transaction.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;
}
