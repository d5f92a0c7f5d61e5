//! A range of the published stream, shared by the followers that read it.

use super::statuses::Statuses;
use crate::domain::{ClaimId, Lane};
use crate::store::{PublishedEvent, StreamPage};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Mutex, OwnedSemaphorePermit};

/// Events of a range of positions.
#[derive(Debug)]
pub(super) struct Block {
    events: Vec<PublishedEvent>,
    /// Position after which the block has every event.
    pub(super) after: i64,
    /// Position up to which the block has every event.
    pub(super) end: i64,
    /// Instant before the reading.
    pub(super) read_at: Instant,
    /// Statuses of the claims of the events, shared by watchers; held by the watcher that reads.
    statuses: Mutex<Option<Arc<Statuses>>>,
}

impl Block {
    pub(super) fn of_page(page: StreamPage, read_at: Instant) -> Self {
        let StreamPage { events, after, end } = page;
        Self { events, after, end, read_at, statuses: Mutex::default() }
    }
}

/// Events of the stream in a row, as one follower sees them.
#[derive(Debug, Clone)]
pub struct Batch {
    block: Arc<Block>,
    /// First event of the batch in the block.
    first: usize,
    /// Lane of the events that the batch shows; `None` shows both lanes.
    lane: Option<Lane>,
    /// Permit to work on the batch, given back when the batch is dropped.
    _turn: Arc<OwnedSemaphorePermit>,
}

impl Batch {
    /// Returns the events of a block that lie after a position.
    pub(super) fn after(
        block: Arc<Block>,
        position: i64,
        lane: Option<Lane>,
        turn: OwnedSemaphorePermit,
    ) -> Self {
        let first = block.events.partition_point(|event| event.position <= position);
        Self { block, first, lane, _turn: Arc::new(turn) }
    }

    /// Returns the events, in the order of their positions.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &PublishedEvent> {
        let events = self.block.events[self.first..].iter();
        events.filter(|event| self.lane.is_none_or(|lane| event.event.lane() == lane))
    }

    /// Returns the position up to which a follower of the batch has seen every event.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.block.end
    }

    /// Returns the position after which the batch has every event.
    pub(super) fn start(&self) -> i64 {
        self.block.after
    }

    /// Returns the statuses that watchers of the block share.
    pub(super) fn statuses(&self) -> &Mutex<Option<Arc<Statuses>>> {
        &self.block.statuses
    }

    /// Returns the claims of the events of the whole block, each once.
    pub(super) fn claims_of_block(&self) -> Vec<ClaimId> {
        let claims: HashSet<ClaimId> =
            self.block.events.iter().map(|event| event.event.claim_id).collect();
        claims.into_iter().collect()
    }

    /// Returns the instant before the reading of the batch.
    pub(super) fn read_at(&self) -> Instant {
        self.block.read_at
    }
}
