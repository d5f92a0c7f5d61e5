//! The published events as a stream: first the events that are already published, then each new
//! one, until the reader hangs up or the gateway stops.
//!
//! The token of the last event read is all that a reader has to keep: a stream that was cut starts
//! again after it, and the service remembers nothing between two streams. A token of data before a
//! restore is an error, because the same position stands for another event there.

pub use crate::store::PublishedEvent;

use super::claims::Claims;
use super::error::ServiceError;
use super::view::ClaimView;
use crate::domain::Scope;
use crate::domain::{Caller, ClaimEvent, ClaimId, ResumeToken, StreamOrigin};
use crate::store::{Occasion, SharedStore, StoreError, Waiter};
use futures::{Stream, stream};
use std::collections::HashSet;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Events of one batch.
const BATCH: usize = 100;
/// Longest wait between two reads: the delay that a lost wake-up costs.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Claims that a watcher is interested in; an empty field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interest {
    /// Claims.
    pub claims: HashSet<ClaimId>,
    /// Name of the depositor.
    pub sender: Option<String>,
    /// PS number.
    pub ps: Option<String>,
}

/// A status that a watcher gets, and the position after which a new stream continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The claim as it is now; `None` when only the position moves.
    pub view: Option<ClaimView>,
    /// Position of the event that changed it, or of the last event read.
    pub position: i64,
}

/// Reason why a stream does not continue after a token.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// A restore began a later incarnation of the data, or the token is of another installation.
    #[error(
        "the resume token is of data before a restore, or of another gateway: events after it may \
         be missing. Read the state of your claims anew, and subscribe with an empty token"
    )]
    Expired,
    /// The token is of a position that the stream has not reached, or of a later incarnation.
    #[error(
        "the resume token is ahead of the stream: the gateway runs on older data than the one that \
         gave it. Tell its operator before you subscribe with an empty token"
    )]
    Ahead,
    /// The database failed.
    #[error("asking the store")]
    Store(#[from] StoreError),
}

/// Streams events to callers.
#[derive(Clone)]
pub struct Events {
    store: SharedStore,
    claims: Claims,
}

impl Events {
    /// Makes the streams over a store.
    #[must_use]
    pub fn new(store: SharedStore, claims: Claims) -> Self {
        Self { store, claims }
    }

    /// Returns the token after which a stream continues, with the origin of the present data.
    /// `None` starts before the oldest event.
    ///
    /// # Errors
    /// [`ResumeError::Expired`] and [`ResumeError::Ahead`] for a token that other data gave.
    pub async fn resume(&self, token: Option<ResumeToken>) -> Result<ResumeToken, ResumeError> {
        let mark = self.store.installation().await?;
        let (id, incarnation) =
            mark.map_or((Uuid::nil(), 1), |(mark, _)| (mark.id, mark.incarnation));
        let origin = StreamOrigin::new(id, incarnation);
        let Some(token) = token else { return Ok(origin.token(0)) };
        if token.origin.is_after(origin) {
            return Err(ResumeError::Ahead);
        }
        if token.origin != origin {
            return Err(ResumeError::Expired);
        }
        if token.position > self.store.last_position().await? {
            return Err(ResumeError::Ahead);
        }
        Ok(token)
    }

    /// Streams the published events after a position, in batches that are never empty; 0 is before
    /// the oldest event. The stream ends at `stop` and after the first failure.
    pub fn follow(
        &self,
        caller: &Caller,
        after: i64,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<Vec<PublishedEvent>, ServiceError>> + Send + use<> {
        tracing::debug!(caller = caller.name, after, "events followed");
        let published = self.store.waiter(Occasion::Published);
        let follower = Follower {
            store: self.store.clone(),
            scope: caller.scope.clone(),
            position: after,
            published,
            stop,
        };
        stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            match follower.next_batch().await {
                Ok(batch) => batch.map(|events| (Ok(events), Some(follower))),
                Err(failure) => Some((Err(failure), None)),
            }
        })
    }

    /// Returns the statuses that a batch of events changes: of several events of a claim only the
    /// last counts. The last change carries the position of the whole batch.
    pub async fn changes(
        &self,
        caller: &Caller,
        events: &[PublishedEvent],
        interest: &Interest,
    ) -> Result<Vec<StatusChange>, ServiceError> {
        let mut seen = HashSet::new();
        let newest_first = events.iter().rev();
        let mut latest: Vec<&PublishedEvent> = newest_first
            .filter(|event| interest.covers(&event.event) && seen.insert(event.event.claim_id))
            .collect();
        latest.reverse();
        let mut changes = Vec::with_capacity(latest.len() + 1);
        for PublishedEvent { position, event } in latest {
            let view = self.claims.get(caller, event.claim_id).await?;
            changes.push(StatusChange { view, position: *position });
        }
        let end = events.last().map_or(0, |last| last.position);
        if changes.last().is_none_or(|last| last.position != end) {
            changes.push(StatusChange { view: None, position: end });
        }
        Ok(changes)
    }
}

impl Interest {
    fn covers(&self, event: &ClaimEvent) -> bool {
        (self.claims.is_empty() || self.claims.contains(&event.claim_id))
            && self.sender.as_ref().is_none_or(|sender| *sender == event.sender)
            && self.ps.as_ref().is_none_or(|ps| *ps == event.ps)
    }
}

/// A reader of the published stream, and its position.
struct Follower {
    store: SharedStore,
    scope: Scope,
    position: i64,
    published: Waiter,
    stop: CancellationToken,
}

impl Follower {
    /// Waits for the next events; `None` once the gateway stops.
    async fn next_batch(&mut self) -> Result<Option<Vec<PublishedEvent>>, ServiceError> {
        while !self.stop.is_cancelled() {
            self.published.arm();
            let events = self.store.published_events(&self.scope, self.position, BATCH).await?;
            if let Some(last) = events.last() {
                self.position = last.position;
                return Ok(Some(events));
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.published.wait(MAX_WAIT) => {}
            }
        }
        Ok(None)
    }
}
