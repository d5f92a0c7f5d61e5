//! A follower of the published stream.

use super::ResumeError;
use super::batch::{Batch, Block};
use super::blocks::{self, Blocks};
use crate::domain::Scope;
use crate::limits::{STREAM_BLOCK_EVENTS, STREAM_MAX_WAIT};
use crate::store::{SharedStore, StoreError, Waiter};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

/// What a follower learns from the stream.
#[derive(Debug, Clone)]
pub enum Followed {
    /// Positions after those before, with the events of the follower's scope among them.
    Events(Batch),
    /// There was no further position: the follower has seen every event up to this one.
    CaughtUp {
        /// Position of the last event published.
        position: i64,
        /// Instant before the reading that found no further event.
        read_at: Instant,
    },
}

/// A reader of the published stream, and its position.
pub(super) struct Follower {
    pub(super) store: SharedStore,
    pub(super) blocks: Arc<Blocks>,
    pub(super) scope: Scope,
    pub(super) position: i64,
    pub(super) published: Waiter,
    pub(super) stop: CancellationToken,
    /// Time without a message after which the follower says how far it is.
    pub(super) heartbeat: Duration,
    /// Instant of the next heartbeat; `None` until the follower has caught up for the first time.
    pub(super) next_heartbeat: Option<tokio::time::Instant>,
}

impl Follower {
    /// Waits for the next events or heartbeat; `None` once the gateway stops.
    ///
    /// # Errors
    /// [`ResumeError::Expired`] when events after the position are no longer kept.
    pub(super) async fn next(&mut self) -> Result<Option<Followed>, ResumeError> {
        let mut notified = true;
        let mut since = blocks::now();
        while !self.stop.is_cancelled() {
            if notified {
                since = blocks::now();
                self.published.arm();
            }
            let batch = self.read(since).await?;
            if batch.start() > self.position {
                return Err(ResumeError::Expired);
            }
            if batch.end() > self.position {
                self.position = batch.end();
                return Ok(Some(Followed::Events(batch)));
            }
            let now = tokio::time::Instant::now();
            let due = *self.next_heartbeat.get_or_insert(now);
            if due <= now {
                self.next_heartbeat = Some(now + self.heartbeat);
                let (position, read_at) = (self.position, batch.read_at());
                return Ok(Some(Followed::CaughtUp { position, read_at }));
            }
            // The turn of the follower ends before it waits.
            drop(batch);
            notified = tokio::select! {
                () = self.stop.cancelled() => false,
                () = sleep_until(due) => true,
                came = self.published.wait(STREAM_MAX_WAIT) => came,
            };
            if !notified {
                // Nobody said that an event came: one reading for all followers is enough.
                since = blocks::now().checked_sub(STREAM_MAX_WAIT).unwrap_or(since);
            }
        }
        Ok(None)
    }

    /// Returns events after the position. Followers whose scope is limited by nothing but the lane
    /// share their readings.
    async fn read(&self, since: Instant) -> Result<Batch, StoreError> {
        let (position, turn) = (self.position, self.blocks.turn().await);
        let block = if self.scope.is_limited() {
            let (read_at, limit) = (blocks::now(), usize::from(STREAM_BLOCK_EVENTS));
            let page = self.store.published_events(&self.scope, position, limit).await?;
            Arc::new(Block::of_page(page, read_at))
        } else {
            self.blocks.after(&self.store, position, since).await?
        };
        Ok(Batch::after(block, position, self.scope.lane, turn))
    }
}
