//! One reader of the published stream for many followers: blocks of events, read once and shared.
//!
//! Positions have no holes, so that a block is a fixed range of positions. A block whose end is
//! published never changes; the last block of the stream grows. At most [`MAX_BLOCKS`] blocks are
//! kept, whatever the number of followers and the length of the stream.

use crate::domain::Scope;
use crate::store::{PublishedEvent, SharedStore, StoreError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Positions of a block.
const BLOCK: i64 = 256;
/// Blocks that are kept: some megabytes of events.
const MAX_BLOCKS: usize = 32;

/// Events of the stream in a row, shared by their followers.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    events: Arc<Vec<PublishedEvent>>,
    /// First event of the batch in `events`.
    first: usize,
}

impl Batch {
    /// Returns the events of the batch that lie after a position.
    fn after(events: &Arc<Vec<PublishedEvent>>, position: i64) -> Self {
        let first = events.partition_point(|event| event.position <= position);
        Self { events: Arc::clone(events), first }
    }

    /// Returns the events, in the order of their positions.
    #[must_use]
    pub fn events(&self) -> &[PublishedEvent] {
        &self.events[self.first..]
    }

    /// Returns the position of the last event; `None` without events.
    #[must_use]
    pub fn end(&self) -> Option<i64> {
        self.events().last().map(|event| event.position)
    }
}

impl From<Vec<PublishedEvent>> for Batch {
    fn from(events: Vec<PublishedEvent>) -> Self {
        Self { events: Arc::new(events), first: 0 }
    }
}

/// The blocks that are kept, and the only reader of the stream.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    kept: Mutex<Kept>,
    /// Held by the follower that reads for all.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Complete blocks by their number.
    complete: BTreeMap<i64, Arc<Vec<PublishedEvent>>>,
    /// Numbers of the complete blocks, that used last at the end.
    used: Vec<i64>,
    /// The growing block: its number and its events.
    last: Option<(i64, Arc<Vec<PublishedEvent>>)>,
    /// Start of the last reading that found no event after the last block.
    end_seen: Option<Instant>,
}

impl Blocks {
    /// Returns the events after a position, of one block; empty at the end of the stream. A reading
    /// of another follower serves if it began after `since`.
    pub(super) async fn after(
        &self,
        store: &SharedStore,
        position: i64,
        since: Instant,
    ) -> Result<Batch, StoreError> {
        if let Some(batch) = self.kept(position) {
            return Ok(batch);
        }
        let _reading = self.reading.lock().await;
        if let Some(batch) = self.kept(position) {
            return Ok(batch);
        }
        if self.is_at_end(position, since) {
            return Ok(Batch::default());
        }
        let started = now();
        let number = position / BLOCK;
        let (start, end) = (number * BLOCK, (number + 1) * BLOCK);
        let limit = usize::try_from(BLOCK).unwrap_or(usize::MAX);
        // The end is read first: events published between the two readings are not taken for
        // absent.
        let last = store.last_position().await?;
        let mut events = store.published_events(&Scope::everything(), start, limit).await?;
        let beyond = events.iter().position(|event| event.position > end);
        let next = beyond.map(|first| events.split_off(first));
        let events = Arc::new(events);
        let batch = Batch::after(&events, position);
        self.keep(number, events, last >= end, started);
        match next {
            // No event of the block lies after the position, and the next block has some.
            Some(next) if batch.events().is_empty() => Ok(Batch::from(next)),
            _ => Ok(batch),
        }
    }

    /// Returns the events after a position, if the blocks that are kept have some.
    fn kept(&self, position: i64) -> Option<Batch> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let number = position / BLOCK;
        let events = match kept.complete.get(&number) {
            Some(events) => Arc::clone(events),
            None => kept.last.as_ref().filter(|(last, _)| *last == number)?.1.clone(),
        };
        kept.touch(number);
        let batch = Batch::after(&events, position);
        (!batch.events().is_empty()).then_some(batch)
    }

    /// Returns whether a reading that began after `since` found the stream to end at this position.
    fn is_at_end(&self, position: i64, since: Instant) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_last = kept.last.as_ref().is_some_and(|(number, _)| *number == position / BLOCK);
        is_last && kept.end_seen.is_some_and(|started| started >= since)
    }

    fn keep(
        &self,
        number: i64,
        events: Arc<Vec<PublishedEvent>>,
        is_complete: bool,
        started: Instant,
    ) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if is_complete {
            if kept.last.as_ref().is_some_and(|(last, _)| *last == number) {
                kept.last = None;
            }
            kept.complete.insert(number, events);
            kept.touch(number);
            if kept.complete.len() > MAX_BLOCKS && !kept.used.is_empty() {
                let oldest = kept.used.remove(0);
                kept.complete.remove(&oldest);
            }
        } else {
            kept.last = Some((number, events));
            kept.end_seen = Some(started);
        }
    }
}

impl Kept {
    /// Notes the use of a complete block.
    fn touch(&mut self, number: i64) {
        if self.complete.contains_key(&number) {
            self.used.retain(|other| *other != number);
            self.used.push(number);
        }
    }
}

/// Returns the present instant, which orders readings and is shown nowhere.
pub(super) fn now() -> Instant {
    Instant::now()
}
