//! The outbox: the queue of events that a transaction wrote and the relay has to publish.
//!
//! Events of one subject are published in the order of their commits. A published event leaves the
//! queue and gets a position in the stream; positions have no holes. The event itself stays in the
//! history.

use super::codec::int;
use super::error::StoreError;
use super::lease::Lease;
use super::wake::{Occasion, Waiter};
use crate::domain::{ClaimEvent, ClaimId, EventId, ExchangeId};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use time::OffsetDateTime;
use uuid::Uuid;

/// An event that waits for publication. Its codes are the stored texts: the relay also sends an
/// event of a later version, whose subject or kind this version does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Number of the event, in commit order of each subject.
    pub event_no: i64,
    /// Identifier of the event; the same on every delivery.
    pub event_id: EventId,
    /// Kind of the subject, for example `claim`.
    pub subject_kind: String,
    /// Identifier of the subject.
    pub subject_id: Uuid,
    /// 1-based rank of the event in the life of the subject.
    pub sequence: u64,
    /// Kind of fact, for example `received`.
    pub kind: String,
    /// Exchange that reported the fact; `None` for a decision.
    pub exchange_id: Option<ExchangeId>,
    /// Routing key.
    pub routing_key: String,
    /// JSON as written at commit, byte for byte what consumers get.
    pub payload: String,
    /// Instant of the fact.
    pub occurred_at: OffsetDateTime,
    /// Number of failed publications.
    pub attempts: i32,
    /// Whether the event was published before, and an operator asked to publish it again.
    pub is_resend: bool,
}

impl OutboxEvent {
    /// Returns the subject as text, for example `claim/<uuid>`.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{}/{}", self.subject_kind, self.subject_id)
    }

    /// Returns the name of the event, for example `claim.received`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}", self.subject_kind, self.kind)
    }
}

/// The events that wait for publication, for the relay.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes the lease to publish, unless another replica has it.
    async fn try_relay_lease(&self) -> Result<Option<Box<dyn Lease>>, StoreError>;

    /// Returns the oldest unpublished events except those of these numbers, in order. Once
    /// [`Self::publish_to`] named a sink, it fails as [`Self::check_sink`] does.
    async fn unpublished_events(
        &self,
        limit: usize,
        except: &[i64],
    ) -> Result<Vec<OutboxEvent>, StoreError>;

    /// Sets the number of the sink that this process publishes to.
    fn publish_to(&self, sink: u64);

    /// Fails with [`StoreError::SinkReplaced`] when another sink is in force than the one of
    /// [`Self::publish_to`]. A database without a mark has none in force.
    async fn check_sink(&self) -> Result<(), StoreError>;

    /// Removes events from the queue and gives them positions in the stream, in the order given. A
    /// number that is not in the queue is ignored. An event that is published again keeps its
    /// position. Each position names the sink of [`Self::publish_to`], which confirmed the event.
    ///
    /// # Errors
    /// [`StoreError::SinkReplaced`] when another sink is in force: the events stay in the queue.
    async fn mark_published(&self, events: &[i64], at: OffsetDateTime) -> Result<(), StoreError>;

    /// Counts a failed publication of events.
    async fn count_failed_attempt(&self, events: &[i64]) -> Result<(), StoreError>;

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

    /// Inserts events in the history and in the queue, in order.
    async fn insert_events(&mut self, events: &[ClaimEvent]) -> Result<(), StoreError>;
}

/// Number of the sink that this process publishes to.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct PublishingSink(Arc<AtomicI64>);

impl PublishingSink {
    pub(in crate::store) fn set(&self, sink: u64) {
        self.0.store(int(sink), Ordering::Relaxed);
    }

    pub(in crate::store) fn number(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}
