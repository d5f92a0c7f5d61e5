//! A follower of the published stream.

use super::blocks::{self, Batch, Blocks};
use crate::domain::Scope;
use crate::service::error::ServiceError;
use crate::store::{SharedStore, Waiter};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

/// Events of one batch of a follower with a scope of its own.
const BATCH: usize = 100;
/// Longest wait between two readings: the delay that a lost wake-up costs.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// What a follower learns from the stream.
#[derive(Debug, Clone)]
pub enum Followed {
    /// Events after those before, at least one.
    Events(Batch),
    /// There was no further event: the follower has seen every event up to this position.
    CaughtUp {
        /// Position of the last event seen.
        position: i64,
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
    pub(super) async fn next(&mut self) -> Result<Option<Followed>, ServiceError> {
        let mut notified = true;
        let mut since = blocks::now();
        while !self.stop.is_cancelled() {
            if notified {
                since = blocks::now();
                self.published.arm();
            }
            let batch = self.read(since).await?;
            if let Some(end) = batch.end() {
                self.position = end;
                return Ok(Some(Followed::Events(batch)));
            }
            let now = tokio::time::Instant::now();
            let due = *self.next_heartbeat.get_or_insert(now);
            if due <= now {
                self.next_heartbeat = Some(now + self.heartbeat);
                return Ok(Some(Followed::CaughtUp { position: self.position }));
            }
            notified = tokio::select! {
                () = self.stop.cancelled() => false,
                () = sleep_until(due) => true,
                came = self.published.wait(MAX_WAIT) => came,
            };
            if !notified {
                // Nobody said that an event came: one reading for all followers is enough.
                since = blocks::now().checked_sub(MAX_WAIT).unwrap_or(since);
            }
        }
        Ok(None)
    }

    /// Returns events after the position. Followers of everything share their readings.
    async fn read(&self, since: Instant) -> Result<Batch, ServiceError> {
        if self.scope == Scope::everything() {
            return Ok(self.blocks.after(&self.store, self.position, since).await?);
        }
        let events = self.store.published_events(&self.scope, self.position, BATCH).await?;
        Ok(Batch::from(events))
    }
}
