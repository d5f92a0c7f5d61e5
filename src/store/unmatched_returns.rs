//! Returns of a caisse that match no claim.

use super::error::StoreError;
use crate::domain::{ExchangeId, UnmatchedReturn};
use async_trait::async_trait;

/// Writes unmatched returns, inside a transaction.
#[async_trait]
pub trait UnmatchedReturnWrites: Send {
    /// Inserts returns that match no claim.
    async fn insert_unmatched_returns(
        &mut self,
        exchange_id: ExchangeId,
        returns: &[UnmatchedReturn],
    ) -> Result<(), StoreError>;
}
