//! Events as readers see them: the history of a claim and the published stream.

use super::error::StoreError;
use crate::domain::{ClaimEvent, ClaimId, Scope};
use async_trait::async_trait;

/// A published event of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedEvent {
    /// Position in the published stream, from 1.
    pub position: i64,
    /// The event.
    pub event: ClaimEvent,
}

/// Reads events.
#[async_trait]
pub trait Events: Send + Sync {
    /// Returns every event of a claim, in order, published or not.
    async fn claim_history(
        &self,
        scope: &Scope,
        id: ClaimId,
    ) -> Result<Vec<ClaimEvent>, StoreError>;

    /// Returns published events of claims after a position, in order.
    async fn published_events(
        &self,
        scope: &Scope,
        after_position: i64,
        limit: usize,
    ) -> Result<Vec<PublishedEvent>, StoreError>;
}
