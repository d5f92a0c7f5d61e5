//! What is under way between the outbox and the sink: one look at the outbox, some waves, one mark.
//!
//! A *wave* holds events of different claims and flies whole, all its confirms awaited together.
//! Several fly at once, so that an event does not wait for the confirms of those before it, and
//! none of them holds an event of a claim that another one carries: an event is sent only when
//! every earlier one of its claim is confirmed. What is confirmed is marked beside the next waves,
//! one mark after the other, in the order of the confirms.

use super::sink::{Outcome, Sink};
use super::{BATCH, LANES};
use crate::domain::ClaimId;
use crate::kill_point;
use crate::store::{Lease, OutboxEvent, Store, StoreError, Waiter};
use futures::StreamExt as _;
use futures::future::{BoxFuture, FutureExt as _, pending};
use futures::stream::FuturesUnordered;
use std::collections::HashMap;
use std::time::Duration;
use time::OffsetDateTime;

/// Events sent or confirmed and not yet marked: what a crash sends again at most.
const WINDOW: usize = 2 * BATCH;

/// A wave that is over: its events, and what became of those handed over.
pub(super) struct Landed {
    pub(super) wave: Vec<OutboxEvent>,
    pub(super) outcomes: Vec<Outcome>,
}

impl Landed {
    /// The places in the outbox of what was confirmed, and of what was handed over and is in doubt.
    pub(super) fn sorted(&self) -> (Vec<i64>, Vec<i64>) {
        let (confirmed, doubtful): (Vec<_>, Vec<_>) = self
            .wave
            .iter()
            .zip(&self.outcomes)
            .partition(|(_, outcome)| **outcome == Outcome::Acked);
        let places = |events: Vec<(&OutboxEvent, &Outcome)>| {
            events.into_iter().map(|(event, _)| event.outbox_id).collect()
        };
        (places(confirmed), places(doubtful))
    }
}

/// What happened next.
pub(super) enum News {
    /// The outbox was read. `None`: the right to publish is lost.
    Read(Option<Result<Vec<OutboxEvent>, StoreError>>),
    /// A wave is over.
    Landed(Landed),
    /// What was confirmed first is marked, so many events, or could not be.
    Marked(usize, Result<(), StoreError>),
    /// There may be something to read.
    Written,
}

/// What a look at the outbox gives back: the right under which it was made, whether it still
/// stands, and what was read.
type Look = (Box<dyn Lease>, bool, Result<Vec<OutboxEvent>, StoreError>);

/// What is under way.
pub(super) struct Air<'a> {
    store: &'a dyn Store,
    sink: &'a dyn Sink,
    /// Away while the outbox is read under it, and once lost.
    lease: Option<Box<dyn Lease>>,
    reading: Option<BoxFuture<'a, Look>>,
    waves: FuturesUnordered<BoxFuture<'a, Landed>>,
    marking: Option<(usize, BoxFuture<'a, Result<(), StoreError>>)>,
    /// The event of each claim that flies.
    flying: HashMap<ClaimId, i64>,
}

impl<'a> Air<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        sink: &'a dyn Sink,
        lease: Option<Box<dyn Lease>>,
    ) -> Self {
        Self {
            store,
            sink,
            lease,
            reading: None,
            waves: FuturesUnordered::new(),
            marking: None,
            flying: HashMap::new(),
        }
    }

    /// Whether nothing is under way.
    pub(super) fn is_clear(&self) -> bool {
        self.reading.is_none() && self.waves.is_empty() && self.marking.is_none()
    }

    /// The right to publish, if it is still held. To be asked when nothing is under way.
    pub(super) fn into_lease(self) -> Option<Box<dyn Lease>> {
        self.lease
    }

    /// Looks for what to publish, when there is room for it. `confirmed` waits for its marks.
    pub(super) fn read(&mut self, confirmed: &[i64], written: &mut Waiter) -> bool {
        if self.reading.is_some()
            || self.waves.len() >= LANES
            || self.flying.len() + confirmed.len() + BATCH > WINDOW
        {
            return false;
        }
        let Some(mut lease) = self.lease.take() else { return false };
        let (store, except) =
            (self.store, self.flying.values().chain(confirmed).copied().collect::<Vec<_>>());
        // What is written from here on is told by the waiter.
        written.arm();
        self.reading = Some(
            async move {
                // Asked side by side: a right that is held now was never away, so that nobody else
                // published what was read meanwhile.
                let (held, batch) =
                    tokio::join!(lease.still_held(), store.unpublished(BATCH, &except));
                (lease, held, batch)
            }
            .boxed(),
        );
        true
    }

    /// Sends, of what was read, the first event of each claim that does not fly. Answers how many;
    /// the others stay.
    pub(super) fn launch(&mut self, batch: Vec<OutboxEvent>) -> usize {
        let mut wave = Vec::with_capacity(batch.len());
        for event in batch {
            if let std::collections::hash_map::Entry::Vacant(place) =
                self.flying.entry(event.event.claim_id)
            {
                place.insert(event.outbox_id);
                wave.push(event);
            }
        }
        let sent = wave.len();
        if !wave.is_empty() {
            let sink = self.sink;
            let flight = async move {
                kill_point::reach("relay.begun");
                let outcomes = sink.publish(&wave).await;
                Landed { wave, outcomes }
            };
            self.waves.push(flight.boxed());
        }
        sent
    }

    /// Marks what is confirmed, unless a mark is under way.
    pub(super) fn mark(&mut self, confirmed: &[i64], at: OffsetDateTime) {
        if self.marking.is_none() && !confirmed.is_empty() {
            let (store, places) = (self.store, confirmed.to_vec());
            self.marking =
                Some((places.len(), async move { mark(store, &places, at).await }.boxed()));
        }
    }

    /// Waits for whatever comes first. `written` is heard when more may be read.
    pub(super) async fn news(&mut self, written: Option<&mut Waiter>, patience: Duration) -> News {
        let Self { reading, waves, marking, .. } = self;
        let read =
            async { if let Some(reading) = reading { reading.await } else { pending().await } };
        let landed = async { if waves.is_empty() { pending().await } else { waves.next().await } };
        let marked = async {
            if let Some((count, marking)) = marking {
                (*count, marking.await)
            } else {
                pending().await
            }
        };
        let heard = async {
            if let Some(written) = written { written.wait(patience).await } else { pending().await }
        };
        tokio::select! {
            (lease, held, batch) = read => {
                self.reading = None;
                self.lease = held.then_some(lease);
                News::Read(held.then_some(batch))
            }
            Some(landed) = landed => {
                landed.wave.iter().for_each(|event| _ = self.flying.remove(&event.event.claim_id));
                News::Landed(landed)
            }
            (count, done) = marked => {
                self.marking = None;
                News::Marked(count, done)
            }
            () = heard => News::Written,
        }
    }
}

/// Marks events as published.
pub(super) async fn mark(
    store: &dyn Store,
    confirmed: &[i64],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    if !confirmed.is_empty() {
        store.mark_published(confirmed, at).await?;
        kill_point::reach("relay.marked");
    }
    Ok(())
}
