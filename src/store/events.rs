//! Events as readers see them: the history of a claim and the published stream.

use super::error::StoreError;
use super::outbox::OutboxEvent;
use crate::domain::{ClaimId, Scope};
use async_trait::async_trait;

/// Reads events.
#[async_trait]
pub trait Events: Send + Sync {
    /// Returns every event of a claim, in order.
    async fn claim_history(
        &self,
        scope: &Scope,
        id: ClaimId,
    ) -> Result<Vec<OutboxEvent>, StoreError>;

    /// Returns published events after a position, in order.
    async fn published_events(
        &self,
        scope: &Scope,
        after_position: i64,
        limit: usize,
    ) -> Result<Vec<OutboxEvent>, StoreError>;
}
