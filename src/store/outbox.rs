//! The outbox: events that a transaction wrote and the relay has to publish.
//!
//! Events of one claim are published in the order of their commits. A published event gets a
//! position in the stream; positions have no holes.

use super::error::StoreError;
use super::lease::Lease;
use super::wake::{Occasion, Waiter};
use crate::domain::{ClaimEvent, ClaimId};
use async_trait::async_trait;
use time::OffsetDateTime;

/// An event with its row in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Row id in the outbox, in commit order of each claim.
    pub outbox_id: i64,
    /// Position in the published stream; 0 before publication.
    pub position: i64,
    /// Event.
    pub event: ClaimEvent,
    /// JSON as written at commit, byte for byte what consumers get.
    pub payload: String,
    /// Number of failed publications.
    pub attempts: i32,
}

/// The events that wait for publication, for the relay.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes the lease to publish, unless another replica has it.
    async fn try_relay_lease(&self) -> Result<Option<Box<dyn Lease>>, StoreError>;

    /// Returns the oldest unpublished events except these row ids, in order.
    async fn unpublished_events(
        &self,
        limit: usize,
        except: &[i64],
    ) -> Result<Vec<OutboxEvent>, StoreError>;

    /// Flags events as published and gives them positions in the stream, in the order given.
    async fn mark_published(
        &self,
        outbox_ids: &[i64],
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Counts a failed publication of events.
    async fn count_failed_attempt(&self, outbox_ids: &[i64]) -> Result<(), StoreError>;

    /// Returns a waiter that any replica wakes when it writes or publishes events.
    fn waiter(&self, occasion: Occasion) -> Waiter;
}

/// Writes events, inside a transaction.
#[async_trait]
pub trait OutboxWrites: Send {
    /// Returns the sequence that the next event of each claim takes: 1 + the number of its events.
    /// A claim without events is left out.
    async fn next_sequences(
        &mut self,
        claims: &[ClaimId],
    ) -> Result<Vec<(ClaimId, u64)>, StoreError>;

    /// Inserts events in the outbox, in order.
    async fn insert_events(&mut self, events: &[ClaimEvent]) -> Result<(), StoreError>;
}
