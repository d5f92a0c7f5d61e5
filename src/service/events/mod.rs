//! The published events as a stream: first the events that are already published, then each new
//! one, until the reader hangs up or the gateway stops.
//!
//! The token of the last message read is all that a reader has to keep: a stream that was cut
//! starts again after it, and the service remembers nothing between two streams. A token of data
//! before a restore, or of another filter, is an error, because the same position stands for
//! another event there, or for events that the reader was not shown.
//!
//! A stream, with those that continue it after a cut, shows events by position and those of a claim
//! in the order of its life; no event twice, except after a token that the reader did not keep;
//! every matching event up to the token, which moves although no event matches. It holds no more
//! than a block of events for a reader, however slow. When events that a reader has not seen are
//! deleted, its stream and its token end with an error.

mod batch;
mod blocks;
mod follow;
mod interest;
mod statuses;
mod watch;

pub use crate::store::PublishedEvent;
pub use batch::Batch;
pub use follow::Followed;
pub use interest::{EventFilter, Interest, Start, StatusChange};
pub use watch::{WatchError, Watched};

use super::claims::{ClaimFilter, Claims};
use super::error::ServiceError;
use crate::domain::page::DEFAULT_PAGE_ROWS;
use crate::domain::{Caller, ClaimId, FilterDigest, PageToken, ResumeToken, StreamOrigin};
use crate::store::{Occasion, SharedStore, StoreError};
use blocks::Blocks;
use follow::Follower;
use futures::{Stream, StreamExt as _, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use watch::Watcher;

/// Reason why a stream does not continue after a token.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// Events after the token are no longer kept, a restore began a later incarnation of the data,
    /// or the token is of another installation.
    #[error(
        "events after the resume token are no longer kept, or it is of data before a restore or of \
         another gateway: events after it may be missing. Read the state of your claims anew, and \
         subscribe with an empty token"
    )]
    Expired,
    /// The token is of a position that the stream has not reached, or of a later incarnation.
    #[error(
        "the resume token is ahead of the stream: the gateway runs on older data than the one that \
         gave it. Tell its operator before you subscribe with an empty token"
    )]
    Ahead,
    /// The token is of a stream with another filter, which did not show the events of this one.
    #[error(
        "the resume token is of a stream with other filters: matching events before it were not \
         shown. Give the filters of the stream that gave it, or subscribe with an empty token"
    )]
    OtherFilter,
    /// The database failed.
    #[error("asking the store")]
    Store(#[from] StoreError),
}

/// Streams events to callers.
#[derive(Clone)]
pub struct Events {
    store: SharedStore,
    claims: Claims,
    blocks: Arc<Blocks>,
}

impl Events {
    /// Makes the streams over a store.
    #[must_use]
    pub fn new(store: SharedStore, claims: Claims) -> Self {
        Self { store, claims, blocks: Arc::default() }
    }

    /// Returns the token after which a stream with this filter continues.
    ///
    /// # Errors
    /// [`ResumeError::Expired`], [`ResumeError::Ahead`] and [`ResumeError::OtherFilter`] for a
    /// token that other data or another stream gave.
    pub async fn resume(
        &self,
        start: Start,
        filter: FilterDigest,
    ) -> Result<ResumeToken, ResumeError> {
        let mark = self.store.installation().await?;
        let (id, incarnation) =
            mark.map_or((Uuid::nil(), 1), |(mark, _)| (mark.id, mark.incarnation));
        let origin = StreamOrigin::new(id, incarnation);
        let token = match start {
            Start::Oldest => {
                return Ok(origin.token(filter, self.store.start_position().await?));
            }
            Start::Now | Start::Snapshot => {
                return Ok(origin.token(filter, self.store.last_position().await?));
            }
            Start::After(token) => token,
        };
        if token.origin.is_after(origin) {
            return Err(ResumeError::Ahead);
        }
        if token.origin != origin {
            return Err(ResumeError::Expired);
        }
        if token.filter != filter {
            return Err(ResumeError::OtherFilter);
        }
        if token.position > self.store.last_position().await? {
            return Err(ResumeError::Ahead);
        }
        if token.position < self.store.start_position().await? {
            return Err(ResumeError::Expired);
        }
        Ok(token)
    }

    /// Streams the published events after a position. After the first events that were already
    /// published, and then after each `heartbeat` without an event, the stream says how far it is.
    /// It ends at `stop` and after the first failure; [`ResumeError::Expired`] when events that it
    /// has not read are no longer kept.
    pub fn follow(
        &self,
        caller: &Caller,
        after: i64,
        heartbeat: Duration,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<Followed, ResumeError>> + Send + use<> {
        tracing::debug!(caller = caller.name, after, "events followed");
        let follower = Follower {
            store: self.store.clone(),
            blocks: Arc::clone(&self.blocks),
            scope: caller.scope.clone(),
            position: after,
            published: self.store.waiter(Occasion::Published),
            stop,
            heartbeat,
            next_heartbeat: None,
        };
        stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            match follower.next().await {
                Ok(followed) => followed.map(|followed| (Ok(followed), Some(follower))),
                Err(failure) => Some((Err(failure), None)),
            }
        })
    }

    /// Streams the statuses that published events after a position change, as [`Self::follow`] does
    /// with the events.
    pub fn watch(
        &self,
        caller: &Arc<Caller>,
        interest: Arc<Interest>,
        after: i64,
        heartbeat: Duration,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<Watched, WatchError>> + Send + use<> {
        let watcher = Watcher {
            claims: self.claims.clone(),
            caller: Arc::clone(caller),
            interest,
            since: blocks::now(),
        };
        let events = Box::pin(self.follow(caller, after, heartbeat, stop));
        stream::try_unfold((events, watcher), |(mut events, mut watcher)| async {
            let Some(followed) = events.next().await else { return Ok(None) };
            let watched = watcher.learn(followed?).await?;
            Ok(Some((watched, (events, watcher))))
        })
    }

    /// Streams the status of each claim of interest, newest first, in pages. Events after a
    /// position that was read before the first page complete it: a claim that a page has missed has
    /// a later event.
    pub fn snapshot(
        &self,
        caller: Arc<Caller>,
        interest: Arc<Interest>,
    ) -> impl Stream<Item = Result<Vec<StatusChange>, ServiceError>> + Send + use<> {
        let claims = self.claims.clone();
        let filter = ClaimFilter {
            sender: interest.sender.clone(),
            ps: interest.ps.clone(),
            ..ClaimFilter::default()
        };
        let filter = Arc::new(filter);
        stream::try_unfold(Some(None::<PageToken>), move |after| {
            let (claims, caller) = (claims.clone(), Arc::clone(&caller));
            let (interest, filter) = (Arc::clone(&interest), Arc::clone(&filter));
            async move {
                let Some(after) = after else { return Ok(None) };
                if !interest.claims.is_empty() {
                    let found = of_claims(&claims, &caller, &interest).await?;
                    return Ok(Some((found, None)));
                }
                let query = super::claims::ClaimQuery { filter: (*filter).clone(), overdue: false };
                let page = claims.list(&caller, query, after, DEFAULT_PAGE_ROWS).await?;
                let found = page.items.into_iter().map(StatusChange::of_snapshot).collect();
                Ok(Some((found, page.next.map(Some))))
            }
        })
    }
}

/// Returns the status of each claim that a watcher named and that its filter covers.
async fn of_claims(
    claims: &Claims,
    caller: &Caller,
    interest: &Interest,
) -> Result<Vec<StatusChange>, ServiceError> {
    let ids: Vec<ClaimId> = interest.claims.iter().copied().collect();
    let mut found = Vec::with_capacity(ids.len());
    for (id, view) in claims.by_ids(caller, &ids).await? {
        let sender = view.claim.as_ref().map_or("", |claim| &claim.sender);
        if interest.covers_claim(id, sender, &view.ps) {
            found.push(StatusChange::of_snapshot(view));
        }
    }
    Ok(found)
}
