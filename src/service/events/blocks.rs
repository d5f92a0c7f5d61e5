//! One reader of the published stream for many followers: blocks of events, read once and shared.
//!
//! Positions have no holes, so that a block is a fixed range of positions. A block whose end is
//! published never changes; the last block of the stream grows. At most [`STREAM_BLOCKS`] blocks
//! are kept, whatever the number of followers and the length of the stream. Blocks hold the events
//! of both lanes, and each follower passes over those of the other lane.

use super::batch::Block;
use crate::domain::Scope;
use crate::limits::{STREAM_BLOCK_EVENTS, STREAM_BLOCKS, STREAM_TURNS};
use crate::store::{SharedStore, StoreError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The blocks that are kept, and the only reader of the stream.
#[derive(Debug)]
pub(super) struct Blocks {
    kept: Mutex<Kept>,
    /// Held by the follower that reads for all.
    reading: tokio::sync::Mutex<()>,
    /// Permits to work on a batch.
    turns: Arc<Semaphore>,
}

impl Default for Blocks {
    fn default() -> Self {
        let turns = Arc::new(Semaphore::new(STREAM_TURNS));
        Self { kept: Mutex::default(), reading: tokio::sync::Mutex::default(), turns }
    }
}

#[derive(Debug, Default)]
struct Kept {
    /// Complete blocks by their number.
    complete: BTreeMap<i64, Arc<Block>>,
    /// Numbers of the complete blocks, that used last at the end.
    used: Vec<i64>,
    /// The growing block with its number.
    last: Option<(i64, Arc<Block>)>,
}

impl Blocks {
    /// Waits for the turn of a follower. Followers wait here and neither for the database nor for a
    /// worker, so that other calls find both free although many followers catch up.
    pub(super) async fn turn(&self) -> OwnedSemaphorePermit {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        turn.expect("the semaphore is never closed")
    }

    /// Returns the block with the events after a position; one that ends at the position when the
    /// stream does. A reading of another follower serves if it began after `since`.
    pub(super) async fn after(
        &self,
        store: &SharedStore,
        position: i64,
        since: Instant,
    ) -> Result<Arc<Block>, StoreError> {
        if let Some(block) = self.kept(position, since) {
            return Ok(block);
        }
        let _reading = self.reading.lock().await;
        if let Some(block) = self.kept(position, since) {
            return Ok(block);
        }
        let read_at = now();
        let number = number(position);
        let (start, end) = (number * positions(), (number + 1) * positions());
        let limit = usize::from(STREAM_BLOCK_EVENTS);
        let page = store.published_events(&Scope::everything(), start, limit).await?;
        let block = Arc::new(Block::of_page(page, read_at));
        self.keep(number, Arc::clone(&block), block.end >= end);
        Ok(block)
    }

    /// Returns the kept block with the events after a position, or the last block if it was read
    /// after `since` and the stream ended at the position.
    fn kept(&self, position: i64, since: Instant) -> Option<Arc<Block>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let number = number(position);
        let block = match kept.complete.get(&number) {
            Some(block) => Arc::clone(block),
            None => Arc::clone(&kept.last.as_ref().filter(|(last, _)| *last == number)?.1),
        };
        kept.touch(number);
        let has_more = block.end > position;
        let is_at_end = block.end == position && block.read_at >= since;
        (block.after <= position && (has_more || is_at_end)).then_some(block)
    }

    fn keep(&self, number: i64, block: Arc<Block>, is_complete: bool) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_complete {
            kept.last = Some((number, block));
            return;
        }
        if kept.last.as_ref().is_some_and(|(last, _)| *last == number) {
            kept.last = None;
        }
        kept.complete.insert(number, block);
        kept.touch(number);
        if kept.complete.len() > STREAM_BLOCKS && !kept.used.is_empty() {
            let oldest = kept.used.remove(0);
            kept.complete.remove(&oldest);
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

/// Returns the number of positions of a block.
fn positions() -> i64 {
    i64::from(STREAM_BLOCK_EVENTS)
}

/// Returns the number of the block with the events after a position.
fn number(position: i64) -> i64 {
    position / positions()
}

/// Returns the present instant, which orders readings and is shown nowhere.
pub(super) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StreamPage;

    #[test]
    fn only_the_blocks_used_last_are_kept() {
        let blocks = Blocks::default();
        let most = i64::try_from(STREAM_BLOCKS).expect("small");
        for number in 0..=most {
            let after = number * positions();
            let page = StreamPage { events: Vec::new(), after, end: after + positions() };
            blocks.keep(number, Arc::new(Block::of_page(page, now())), true);
            assert!(blocks.kept(0, now()).is_some(), "block 0 is used each time");
        }
        let kept = blocks.kept.lock().expect("no panic");
        assert_eq!(kept.complete.len(), STREAM_BLOCKS);
        assert!(!kept.complete.contains_key(&1), "not used since it was read");
    }

    #[test]
    fn a_block_serves_no_follower_that_is_before_its_first_event() {
        let blocks = Blocks::default();
        let page = StreamPage { events: Vec::new(), after: 100, end: positions() };
        blocks.keep(0, Arc::new(Block::of_page(page, now())), true);
        assert!(blocks.kept(99, now()).is_none(), "events after 99 were deleted");
        assert!(blocks.kept(100, now()).is_some());
    }

    #[tokio::test]
    async fn only_so_many_streams_work_at_once() {
        let blocks = Blocks::default();
        let mut turns = Vec::new();
        for _ in 0..STREAM_TURNS {
            turns.push(blocks.turn().await);
        }
        let mut next = std::pin::pin!(blocks.turn());
        assert!(futures::poll!(&mut next).is_pending());
        turns.pop();
        assert!(futures::poll!(&mut next).is_ready());
    }
}
