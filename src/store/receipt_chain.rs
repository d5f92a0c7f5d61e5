//! The chain of receipts: one keyed digest a receipt, each over the digest before it.

use super::error::StoreError;
use super::operations_journal::OperationStep;
use crate::domain::{ExchangeId, KeyId};
use async_trait::async_trait;
use time::OffsetDateTime;

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainTip {
    /// Sequence of the last receipt, 0 before the first.
    pub sequence: u64,
    /// Digest of the last receipt, empty before the first.
    pub link: String,
    /// Latest instant of a receipt, or the instant of a clock that an operator accepted since.
    pub latest_at: OffsetDateTime,
}

impl Default for ChainTip {
    fn default() -> Self {
        Self { sequence: 0, link: String::new(), latest_at: OffsetDateTime::UNIX_EPOCH }
    }
}

/// A receipt in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainLink {
    /// Sequence, 1-based, without holes.
    pub sequence: u64,
    /// Exchange of the receipt.
    pub exchange_id: ExchangeId,
    /// Keyed digest (hex) over the digest before, this sequence and the receipt.
    pub link: String,
    /// Master key that made the digest.
    pub key_id: KeyId,
    /// How far the clock was behind the latest receipt, milliseconds.
    pub behind_ms: u64,
}

/// A new link of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// Keyed digest (hex).
    pub link: String,
    /// Master key that made the digest.
    pub key_id: KeyId,
    /// Instant of the receipt, read once the end of the chain is locked.
    pub at: OffsetDateTime,
    /// How far the clock was behind the latest receipt, milliseconds.
    pub behind_ms: u64,
}

/// Computes the link of a receipt from the end of the chain and the digest of its contents
/// ([`ReceiptChain::receipt_contents`]). The store calls it once the end is locked.
pub type SignLink<'a> = &'a (dyn Fn(&ChainTip, &str) -> NewLink + Send + Sync);

/// Reads the chain. [`close_exchange`](super::ExchangeWrites::close_exchange) extends it.
#[async_trait]
pub trait ReceiptChain: Send + Sync {
    /// Returns the links from a sequence on, in order.
    async fn chain_links(
        &self,
        from_sequence: u64,
        limit: usize,
    ) -> Result<Vec<ChainLink>, StoreError>;

    /// Returns the digest (hex) of the rows that the receipt of an exchange signs beside the
    /// exchange itself: logical files, findings, quarantined invoices, unmatched returns.
    async fn receipt_contents(&self, id: ExchangeId) -> Result<String, StoreError>;

    /// Returns the end of the chain.
    async fn chain_tip(&self) -> Result<ChainTip, StoreError>;

    /// Takes the instant of a clock for that of the latest receipt, so that this clock gives
    /// receipts again, and writes the step of the journal, in one transaction.
    async fn accept_clock(
        &self,
        now: OffsetDateTime,
        step: &OperationStep,
    ) -> Result<(), StoreError>;

    /// Returns the sequences of the receipts of these exchanges. An exchange without link is left
    /// out.
    async fn chain_sequences(
        &self,
        ids: &[ExchangeId],
    ) -> Result<Vec<(ExchangeId, u64)>, StoreError>;
}
