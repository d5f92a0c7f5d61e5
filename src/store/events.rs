//! Events as readers see them: the history of a claim and the published stream.

use super::error::StoreError;
use super::journal_chains::Seal;
use crate::domain::{ClaimEvent, ClaimId, Scope, Subject};
use async_trait::async_trait;
use uuid::Uuid;

/// A published event of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedEvent {
    /// Position in the published stream, from 1.
    pub position: i64,
    /// The event.
    pub event: ClaimEvent,
}

/// A range of the published stream, as a reader with a scope sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPage {
    /// Events of claims inside the scope, in order.
    pub events: Vec<PublishedEvent>,
    /// Position after which the page shows every event inside the scope: the position asked for, or
    /// a later one when events after it are no longer kept.
    pub after: i64,
    /// Position up to which the page shows every event inside the scope.
    pub end: i64,
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

    /// Returns the events of the next positions, at most `limit`, after a position. The page has
    /// fewer events when some are of other subjects or of the other lane.
    async fn published_events(
        &self,
        scope: &Scope,
        after_position: i64,
        limit: usize,
    ) -> Result<StreamPage, StoreError>;

    /// Returns the position before the oldest published event that is kept, 0 before the first.
    /// A deletion of published events takes the oldest ones and keeps the last one: the next
    /// position follows it.
    async fn start_position(&self) -> Result<i64, StoreError>;

    /// Returns the position of the last published event, 0 before the first.
    async fn last_position(&self) -> Result<i64, StoreError>;
}

/// Returns the fields that the keyed digest of an event signs: its text and what places it. The
/// other columns repeat the text.
#[must_use]
pub fn event_fields(subject: &Subject, sequence: i64, event: Uuid, text: &str) -> Vec<String> {
    let (subject, sequence) = (subject.to_string(), sequence.to_string());
    vec!["event".to_owned(), subject, sequence, event.to_string(), text.to_owned()]
}

/// Returns the keyed digest of an event of a claim with its text.
pub(in crate::store) fn event_check(seal: &Seal, event: &ClaimEvent, text: &str) -> String {
    subject_check(seal, &event.subject, event.sequence, event.event_id.0, text)
}

/// Returns the keyed digest of an event of a subject with its text.
pub(in crate::store) fn subject_check(
    seal: &Seal,
    subject: &Subject,
    sequence: u64,
    event: Uuid,
    text: &str,
) -> String {
    let fields = event_fields(subject, super::codec::int(sequence), event, text);
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    seal.link(&fields)
}
