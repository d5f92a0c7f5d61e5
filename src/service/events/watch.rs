//! Watchers of statuses: those of a block are read in one batch, and shared.

use super::batch::Batch;
use super::follow::Followed;
use super::interest::{Interest, StatusChange};
use super::statuses::{Statuses, serves};
use super::{ResumeError, blocks};
use crate::domain::{Caller, ClaimId};
use crate::service::claims::Claims;
use crate::service::error::ServiceError;
use crate::store::PublishedEvent;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

/// A block's claims are read for all watchers once a watcher wants one in so many of them.
const SHARED_FROM: usize = 4;

/// Item of the stream of a watcher of statuses.
#[derive(Debug, Clone)]
pub enum Watched {
    /// Statuses that changed; none when no event was of interest.
    Changes(Vec<StatusChange>),
    /// See [`Followed::CaughtUp`].
    CaughtUp {
        /// Position of the last event published.
        position: i64,
        /// Instant before the reading that found no further event.
        read_at: Instant,
    },
}

/// Failure that ends a stream of statuses.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The stream of events ended.
    #[error(transparent)]
    Stream(#[from] ResumeError),
    /// The statuses could not be read.
    #[error(transparent)]
    Statuses(#[from] ServiceError),
}

/// Turns the events of a stream into statuses.
pub(super) struct Watcher {
    pub(super) claims: Claims,
    pub(super) caller: Arc<Caller>,
    pub(super) interest: Arc<Interest>,
    /// Instant after which shared statuses must have been read.
    pub(super) since: Instant,
}

impl Watcher {
    /// Returns what the watcher learns when the follower of its stream learns this.
    pub(super) async fn learn(&mut self, followed: Followed) -> Result<Watched, ServiceError> {
        match followed {
            Followed::Events(batch) => self.changes(&batch).await.map(Watched::Changes),
            Followed::CaughtUp { position, read_at } => Ok(Watched::CaughtUp { position, read_at }),
        }
    }

    /// Returns the statuses that a batch of events changes: of several events of a claim only the
    /// last counts.
    async fn changes(&mut self, batch: &Batch) -> Result<Vec<StatusChange>, ServiceError> {
        let latest = self.latest(batch);
        if latest.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: Vec<ClaimId> = latest.iter().map(|event| event.event.claim_id).collect();
        let statuses = self.statuses(batch, &wanted).await?;
        self.since = statuses.read_at;
        let change = |published: &PublishedEvent| StatusChange {
            view: statuses.found.get(&published.event.claim_id).cloned(),
            position: published.position,
        };
        Ok(latest.into_iter().map(change).collect())
    }

    /// Returns the last event of each claim of interest, in order.
    fn latest<'b>(&self, batch: &'b Batch) -> Vec<&'b PublishedEvent> {
        let mut seen = HashSet::new();
        let newest_first = batch.events().rev();
        let mut latest: Vec<&PublishedEvent> = newest_first
            .filter(|event| self.interest.covers(&event.event) && seen.insert(event.event.claim_id))
            .collect();
        latest.reverse();
        latest
    }

    /// Returns the statuses of these claims of a batch, and maybe of others.
    async fn statuses(
        &self,
        batch: &Batch,
        wanted: &[ClaimId],
    ) -> Result<Arc<Statuses>, ServiceError> {
        if self.caller.scope.is_limited() {
            return self.read(wanted).await.map(Arc::new);
        }
        let mut shared = batch.statuses().lock().await;
        let is_fresh = |statuses: &&Arc<Statuses>| serves(statuses.read_at, self.since);
        if let Some(statuses) = shared.as_ref().filter(is_fresh) {
            return Ok(Arc::clone(statuses));
        }
        let all = batch.claims_of_block();
        if wanted.len() * SHARED_FROM < all.len() {
            drop(shared);
            return self.read(wanted).await.map(Arc::new);
        }
        let statuses = Arc::new(self.read(&all).await?);
        *shared = Some(Arc::clone(&statuses));
        Ok(statuses)
    }

    async fn read(&self, ids: &[ClaimId]) -> Result<Statuses, ServiceError> {
        let read_at = blocks::now();
        let views = self.claims.by_ids(&self.caller, ids).await?;
        let found = views.into_iter().map(|(id, view)| (id, Arc::new(view))).collect();
        Ok(Statuses { read_at, found })
    }
}
