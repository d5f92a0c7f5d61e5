//! Resends: published events that an operator has published again, because the broker lost them.

pub use crate::limits::{DEFAULT_RESEND_EVENTS, MAX_RESEND_EVENTS};
pub use crate::store::ResendFilter;

use super::operations::{OperationError, Operations, require_operator};
use crate::domain::{Caller, EventId, FreeText};
use crate::store::{OperationStep, PublishedPlace, RESEND, Stage};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Reason why no event is published again.
#[derive(Debug, thiserror::Error)]
pub enum ResendError {
    /// The caller may not do this, or the installation failed.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// Events go to the local stream, which keeps every event.
    #[error(
        "events of this installation go to the local stream, which keeps them all: nothing is sent \
         again; a subscriber of SubscribeClaimEvents gets earlier events again when it gives an \
         earlier resume token, or none"
    )]
    LocalStream,
    /// More events fit than the limit.
    #[error(
        "{events} events would be published again, and the limit is {limit}: name a later instant \
         or one exchange, or raise --limit (at most {MAX_RESEND_EVENTS})"
    )]
    TooMany {
        /// Events that fit.
        events: u64,
        /// Limit.
        limit: usize,
    },
}

/// An event at one end of a resend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ResendEnd {
    /// Position in the published stream.
    pub position: u64,
    /// Identifier of the event.
    pub event_id: EventId,
    /// Instant of its first publication.
    #[serde(with = "time::serde::rfc3339")]
    pub published_at: OffsetDateTime,
}

impl From<&PublishedPlace> for ResendEnd {
    fn from(place: &PublishedPlace) -> Self {
        let PublishedPlace { position, event_id, published_at, .. } = *place;
        Self { position, event_id, published_at }
    }
}

/// Events that are published again, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Resend {
    /// Number of events.
    pub events: u64,
    /// Event with the lowest position; `None` without events.
    pub first: Option<ResendEnd>,
    /// Event with the highest position; `None` without events.
    pub last: Option<ResendEnd>,
}

/// Request of an operator to publish events again.
#[derive(Debug, Clone, Copy)]
pub struct ResendRequest<'a> {
    /// Events.
    pub filter: ResendFilter,
    /// Largest number of events for which the request is done.
    pub limit: usize,
    /// Reason, for the journal.
    pub why: &'a FreeText,
    /// Author that the caller states.
    pub stated_author: Option<&'a FreeText>,
}

impl Operations {
    /// Returns the events that a resend would publish again, and changes nothing.
    pub async fn plan_resend(
        &self,
        caller: &Caller,
        request: ResendRequest<'_>,
    ) -> Result<Resend, ResendError> {
        Ok(self.resendable(caller, request).await?.0)
    }

    /// Puts published events in the queue again, under their event ids, with a row in the journal
    /// of operations. The events keep their positions in the published stream.
    pub async fn resend(
        &self,
        caller: &Caller,
        request: ResendRequest<'_>,
    ) -> Result<Resend, ResendError> {
        let (plan, events) = self.resendable(caller, request).await?;
        if events.is_empty() {
            return Ok(plan);
        }
        let (at, id) = (self.clock().now(), self.clock().new_id());
        let actor = self.author(caller, request.stated_author).name.to_string();
        let step = |events: u64| OperationStep {
            operation_id: id,
            step: 0,
            at,
            actor: actor.clone(),
            action: RESEND.to_owned(),
            stage: Stage::Done,
            subject: subject(request.filter),
            detail: json!({
                "events": events, "first": plan.first, "last": plan.last, "why": request.why,
            }),
        };
        let resent = self.store().resend(&events, &step).await.map_err(OperationError::from)?;
        Ok(Resend { events: resent, ..plan })
    }

    /// Returns the events that fit a request, with their numbers.
    async fn resendable(
        &self,
        caller: &Caller,
        request: ResendRequest<'_>,
    ) -> Result<(Resend, Vec<i64>), ResendError> {
        require_operator(caller)?;
        let mark = self.store().installation().await.map_err(OperationError::from)?;
        if mark.is_some_and(|(_, sink)| sink.is_local()) {
            return Err(ResendError::LocalStream);
        }
        let ResendRequest { filter, limit, .. } = request;
        let found = self.store().resendable_events(&filter, limit).await;
        let (events, places) = found.map_err(OperationError::from)?;
        if places.len() as u64 != events {
            return Err(ResendError::TooMany { events, limit });
        }
        let (first, last) = (places.first().map(Into::into), places.last().map(Into::into));
        let numbers = places.iter().map(|place| place.event_no).collect();
        Ok((Resend { events, first, last }, numbers))
    }
}

/// Returns the events of a resend in words, for the journal.
fn subject(filter: ResendFilter) -> String {
    match filter {
        ResendFilter::OfExchange(id) => format!("exchange {id}"),
        ResendFilter::PublishedSince(at) => {
            format!("published since {}", at.format(&Rfc3339).unwrap_or_default())
        }
    }
}
