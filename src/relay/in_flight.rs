//! The work in flight between the outbox and the sink: one read of the outbox, several batches, one
//! update of the outbox.
//!
//! A batch holds events of different subjects, and all its confirms are awaited together. Several
//! batches are in flight together, so that an event does not wait for the confirms of unrelated
//! events. Two batches never hold events of the same subject: an event is sent only when every
//! earlier event of its subject is confirmed. Confirmed events are marked as published while
//! further batches are sent, one update after the other, in the order of the confirms.

use super::sink::{Outcome, Sink};
use super::{BATCH_EVENTS, MAX_BATCHES};
use crate::kill_point;
use crate::store::{Lease, Outbox, OutboxEvent, StoreError, Waiter};
use futures::StreamExt as _;
use futures::future::{BoxFuture, FutureExt as _, pending};
use futures::stream::FuturesUnordered;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

/// Events sent or confirmed, and not yet marked as published: a crash resends at most so many.
const MAX_UNMARKED_EVENTS: usize = 2 * BATCH_EVENTS;

/// A batch whose confirms were awaited: its events, and the outcome of each event sent.
pub(super) struct CompletedBatch {
    pub(super) events: Vec<OutboxEvent>,
    pub(super) outcomes: Vec<Outcome>,
}

impl CompletedBatch {
    /// Returns the numbers of the confirmed events, then those of the events that were sent and
    /// not confirmed.
    pub(super) fn event_numbers(&self) -> (Vec<i64>, Vec<i64>) {
        let (confirmed, unconfirmed): (Vec<_>, Vec<_>) = self
            .events
            .iter()
            .zip(&self.outcomes)
            .partition(|(_, outcome)| **outcome == Outcome::Acked);
        let ids = |events: Vec<(&OutboxEvent, &Outcome)>| {
            events.into_iter().map(|(event, _)| event.event_no).collect()
        };
        (ids(confirmed), ids(unconfirmed))
    }
}

/// The part of the work in flight that finished next.
pub(super) enum Progress {
    /// The outbox was read. `None`: the lease is lost.
    Read(Option<Result<Vec<OutboxEvent>, StoreError>>),
    /// The confirms of a batch were awaited.
    Completed(CompletedBatch),
    /// The oldest confirmed events, so many, are marked as published, or the update failed.
    Marked(usize, Result<(), StoreError>),
    /// The notifier reported new events in the outbox, or its wait timed out.
    Notified,
}

/// Result of reading the outbox: the lease that was lent for the read, whether it is still held,
/// and the events.
type ReadResult = (Box<dyn Lease>, bool, Result<Vec<OutboxEvent>, StoreError>);

/// The work in flight.
pub(super) struct InFlight<'a> {
    store: &'a dyn Outbox,
    sink: &'a dyn Sink,
    /// `None` while the outbox is being read, and after the lease is lost.
    lease: Option<Box<dyn Lease>>,
    reading: Option<BoxFuture<'a, ReadResult>>,
    batches: FuturesUnordered<BoxFuture<'a, CompletedBatch>>,
    marking: Option<(usize, BoxFuture<'a, Result<(), StoreError>>)>,
    /// The number of the one event in flight of each subject.
    sent: HashMap<Uuid, i64>,
}

impl<'a> InFlight<'a> {
    pub(super) fn new(
        store: &'a dyn Outbox,
        sink: &'a dyn Sink,
        lease: Option<Box<dyn Lease>>,
    ) -> Self {
        Self {
            store,
            sink,
            lease,
            reading: None,
            batches: FuturesUnordered::new(),
            marking: None,
            sent: HashMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reading.is_none() && self.batches.is_empty() && self.marking.is_none()
    }

    /// Returns the lease if it is still held. Call only when [`Self::is_empty`]: a read in flight
    /// has the lease.
    pub(super) fn into_lease(self) -> Option<Box<dyn Lease>> {
        self.lease
    }

    /// Starts to read the outbox and returns true, unless a read is in flight, a limit is reached
    /// or the lease is lost. Events in `confirmed` are left out: they are not yet marked.
    pub(super) fn start_read(&mut self, confirmed: &[i64], notifier: &mut Waiter) -> bool {
        if self.reading.is_some()
            || self.batches.len() >= MAX_BATCHES
            || self.sent.len() + confirmed.len() + BATCH_EVENTS > MAX_UNMARKED_EVENTS
        {
            return false;
        }
        let Some(mut lease) = self.lease.take() else { return false };
        let (store, except) =
            (self.store, self.sent.values().chain(confirmed).copied().collect::<Vec<_>>());
        // The notifier reports events that are committed from here on.
        notifier.arm();
        self.reading = Some(
            async move {
                // The advisory lock ends with its connection. If it is held after the read, no
                // other replica published these events meanwhile.
                let (held, batch) = tokio::join!(
                    lease.still_held(),
                    store.unpublished_events(BATCH_EVENTS, &except)
                );
                (lease, held, batch)
            }
            .boxed(),
        );
        true
    }

    /// Sends the first event of each subject that has none in flight, and returns their number. The
    /// other events of `read` stay in the outbox.
    pub(super) fn send(&mut self, read: Vec<OutboxEvent>) -> usize {
        let mut events = Vec::with_capacity(read.len());
        for event in read {
            if let Entry::Vacant(entry) = self.sent.entry(event.subject_id) {
                entry.insert(event.event_no);
                events.push(event);
            }
        }
        let count = events.len();
        if !events.is_empty() {
            let sink = self.sink;
            let batch = async move {
                kill_point::reach("relay.begun");
                let outcomes = sink.publish(&events).await;
                CompletedBatch { events, outcomes }
            };
            self.batches.push(batch.boxed());
        }
        count
    }

    /// Starts to mark the confirmed events as published, unless such an update is in flight.
    pub(super) fn start_mark(&mut self, confirmed: &[i64], at: OffsetDateTime) {
        if self.marking.is_none() && !confirmed.is_empty() {
            let (store, ids) = (self.store, confirmed.to_vec());
            self.marking =
                Some((ids.len(), async move { mark_published(store, &ids, at).await }.boxed()));
        }
    }

    /// Waits for the part of the work that finishes first. With a `notifier`, also waits for new
    /// events in the outbox, for at most `limit`.
    pub(super) async fn next(
        &mut self,
        notifier: Option<&mut Waiter>,
        limit: Duration,
    ) -> Progress {
        let Self { reading, batches, marking, .. } = self;
        let read =
            async { if let Some(reading) = reading { reading.await } else { pending().await } };
        let completed =
            async { if batches.is_empty() { pending().await } else { batches.next().await } };
        let marked = async {
            if let Some((count, marking)) = marking {
                (*count, marking.await)
            } else {
                pending().await
            }
        };
        let notified = async {
            if let Some(notifier) = notifier { notifier.wait(limit).await } else { pending().await }
        };
        tokio::select! {
            (lease, held, batch) = read => {
                self.reading = None;
                self.lease = held.then_some(lease);
                Progress::Read(held.then_some(batch))
            }
            Some(batch) = completed => {
                batch.events.iter().for_each(|event| _ = self.sent.remove(&event.subject_id));
                Progress::Completed(batch)
            }
            (count, done) = marked => {
                self.marking = None;
                Progress::Marked(count, done)
            }
            _ = notified => Progress::Notified,
        }
    }
}

/// Marks events as published.
pub(super) async fn mark_published(
    store: &dyn Outbox,
    confirmed: &[i64],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    if !confirmed.is_empty() {
        store.mark_published(confirmed, at).await?;
        kill_point::reach("relay.marked");
    }
    Ok(())
}
