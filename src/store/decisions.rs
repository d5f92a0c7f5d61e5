//! Decisions under their idempotency keys.

use super::error::StoreError;
use crate::domain::{ClaimId, EventId};
use async_trait::async_trait;
use time::OffsetDateTime;

/// A decision already recorded under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDecision {
    /// Digest of the request. A different digest under the same key is a different request.
    pub request_digest: String,
    /// The event that the decision produced.
    pub event_id: EventId,
    /// The claim.
    pub claim_id: ClaimId,
}

/// Reads and writes decisions, inside a transaction.
#[async_trait]
pub trait DecisionWrites: Send {
    /// Returns the decision recorded under a key.
    async fn recorded_decision(
        &mut self,
        idempotency_key: &str,
    ) -> Result<Option<RecordedDecision>, StoreError>;

    /// Inserts a decision under its key.
    async fn insert_decision(
        &mut self,
        idempotency_key: &str,
        decision: &RecordedDecision,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;
}
