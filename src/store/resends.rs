//! Resends: published events that an operator puts in the queue again, because the broker lost
//! them.

use super::error::StoreError;
use super::operations_journal::OperationStep;
use crate::domain::{EventId, ExchangeId};
use async_trait::async_trait;
use time::OffsetDateTime;

/// Action that the journal of operations names for a resend.
pub const RESEND: &str = "outbox.resend";

/// Events to publish again. The later published events of the same subjects always belong to them,
/// so that a consumer gets the events of each subject in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResendFilter {
    /// Events that this exchange reported.
    OfExchange(ExchangeId),
    /// Events published for the first time at this instant or later.
    PublishedSince(OffsetDateTime),
}

/// A published event that may be published again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedPlace {
    /// Number of the event.
    pub event_no: i64,
    /// Position in the published stream.
    pub position: u64,
    /// Identifier of the event.
    pub event_id: EventId,
    /// Instant of the first publication.
    pub published_at: OffsetDateTime,
}

/// Makes the step of the journal from the number of events put in the queue. The store calls it
/// inside the transaction.
pub type ResendStep<'a> = &'a (dyn Fn(u64) -> OperationStep + Send + Sync);

/// Reads published events, and puts them in the queue again.
#[async_trait]
pub trait Resends: Send + Sync {
    /// Returns the number of the events that fit a filter and do not wait already, and the first
    /// `limit` of them, in the order of their positions. Reads the whole history.
    async fn resendable_events(
        &self,
        filter: &ResendFilter,
        limit: usize,
    ) -> Result<(u64, Vec<PublishedPlace>), StoreError>;

    /// Puts events in the queue again and writes the step of the journal, in one transaction.
    /// Returns the number of events put there; one that waits already is left out.
    async fn resend(&self, events: &[i64], step: ResendStep<'_>) -> Result<u64, StoreError>;

    /// Returns how many times an event was put in the queue again, over all events.
    async fn resent_events(&self) -> Result<u64, StoreError>;
}
