//! One step of the relay: sink and right to publish, then flight until nothing more can go or
//! something fails (see `air.rs`).

use super::air::{Air, Landed, News, mark};
use super::backoff;
use super::sink::{Outcome, Sink, SinkError};
use super::status::{RelayState, RelayStatus};
use super::{BATCH, IDLE_WAIT, STANDBY_WAIT};
use crate::clock::SharedClock;
use crate::error_chain::Chain;
use crate::kill_point;
use crate::store::{Lease, Occasion, OutboxEvent, SharedStore, Store, StoreError, Waiter};
use metrics::counter;
use tokio::time::sleep;
use tracing::Instrument;

/// What a step did.
#[derive(Debug)]
pub enum StepOutcome {
    /// Everything sent was confirmed and marked; more may wait.
    Published(Tally),
    /// Nothing to publish, and nothing left to mark.
    Idle,
    /// Another replica publishes.
    Standby,
    /// Some events were not confirmed; they and their younger siblings stay in the outbox.
    Unconfirmed(Tally),
    /// The sink is not there.
    SinkDown(SinkError),
    /// The database is not there.
    StoreDown(StoreError),
}

/// Outcomes of a step, kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Confirmed.
    pub acked: usize,
    /// Returned.
    pub unroutable: usize,
    /// Refused.
    pub nacked: usize,
    /// Without answer.
    pub unknown: usize,
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Acked => &mut self.acked,
            Outcome::Unroutable => &mut self.unroutable,
            Outcome::Nacked => &mut self.nacked,
            Outcome::Unknown => &mut self.unknown,
        } += 1;
        counter!("noemie_relay_published_total", "outcome" => outcome.as_str()).increment(1);
    }
}

/// The relay between two steps.
pub struct Relay {
    store: SharedStore,
    sink: Box<dyn Sink>,
    clock: SharedClock,
    status: RelayStatus,
    lease: Option<Box<dyn Lease>>,
    written: Waiter,
    /// Confirmed and not yet marked, in the order of the confirms.
    confirmed: Vec<i64>,
    failures: u32,
}

impl Relay {
    /// A relay that has done nothing yet.
    #[must_use]
    pub fn new(
        store: SharedStore,
        sink: Box<dyn Sink>,
        clock: SharedClock,
        status: RelayStatus,
    ) -> Self {
        let written = store.waiter(Occasion::Written);
        Self {
            store,
            sink,
            clock,
            status,
            lease: None,
            written,
            confirmed: Vec::new(),
            failures: 0,
        }
    }

    /// Does one step and says what it did. Dropping the step half-way loses nothing: events not
    /// marked are sent again.
    pub async fn step(&mut self) -> StepOutcome {
        let outcome = match self.attempt().await {
            Ok(outcome) => outcome,
            Err(error) => StepOutcome::StoreDown(error),
        };
        self.note(&outcome);
        outcome
    }

    /// Waits as long as an outcome asks for.
    pub async fn rest(&mut self, outcome: &StepOutcome) {
        match outcome {
            StepOutcome::Published(_) => {}
            StepOutcome::Idle => self.written.wait(IDLE_WAIT).await,
            StepOutcome::Standby => sleep(STANDBY_WAIT).await,
            StepOutcome::Unconfirmed(_) | StepOutcome::SinkDown(_) | StepOutcome::StoreDown(_) => {
                // The low bits of an identifier are random, and counted in tests.
                let random = self.clock.new_id().as_u64_pair().1;
                sleep(backoff::delay(self.failures, random)).await;
            }
        }
    }

    /// Marks what is confirmed, gives the lease back and closes the sink.
    pub async fn close(&mut self) {
        if let Err(error) = self.mark().await {
            tracing::debug!(error = %Chain(&error), "what was confirmed last is not marked and will be sent again, under the same ids");
        }
        self.lease = None;
        self.sink.close().await;
    }

    async fn attempt(&mut self) -> Result<StepOutcome, StoreError> {
        if let Err(error) = self.sink.ready().await {
            let marked = self.mark().await;
            // Another replica may have a better line.
            self.lease = None;
            return marked.map(|()| StepOutcome::SinkDown(error));
        }
        if self.lease.is_none() {
            self.lease = self.store.try_relay_lease().await?;
        }
        if self.lease.is_none() {
            return self.mark().await.map(|()| StepOutcome::Standby);
        }
        self.fly().instrument(tracing::info_span!("relay.publish")).await
    }

    async fn mark(&mut self) -> Result<(), StoreError> {
        mark(self.store.as_ref(), &self.confirmed, self.clock.now()).await?;
        self.confirmed.clear();
        Ok(())
    }

    /// Publishes until nothing more can go or something fails, and waits for what is under way
    /// then.
    async fn fly(&mut self) -> Result<StepOutcome, StoreError> {
        let Self { store, sink, clock, status, lease, written, confirmed, .. } = self;
        let (store, sink) = (store.as_ref(), sink.as_ref());
        let (mut air, mut flight) = (Air::new(store, sink, lease.take()), Flight::new());
        loop {
            let goes_on = flight.ending.is_none() && sink.is_ready();
            if goes_on && flight.hungry && air.read(confirmed, written) {
                flight.hungry = false;
            }
            if !flight.marks_fail {
                air.mark(confirmed, clock.now());
            }
            if air.is_clear() {
                break;
            }
            let listens = goes_on && !flight.hungry;
            match air.news(listens.then_some(&mut *written), IDLE_WAIT).await {
                News::Written => flight.hungry = true,
                News::Read(batch) => flight.read(batch, &mut air),
                News::Landed(landed) => {
                    confirmed.extend(flight.land(&landed, store).await);
                    if flight.ending.is_none() {
                        status.set(RelayState::Publishing);
                    }
                }
                News::Marked(count, Ok(())) => drop(confirmed.drain(..count)),
                News::Marked(_, Err(error)) => {
                    flight.marks_fail = true;
                    flight.end(Ending::Store(error));
                }
            }
        }
        *lease = air.into_lease();
        flight.outcome()
    }

    /// Shows the outcome in the status, counts failures in a row, and logs the first one of a row.
    fn note(&mut self, outcome: &StepOutcome) {
        let (state, failure) = match outcome {
            StepOutcome::Published(_) | StepOutcome::Idle => (RelayState::Publishing, None),
            StepOutcome::Standby => (RelayState::Standby, None),
            StepOutcome::Unconfirmed(tally) => {
                (RelayState::Down, Some(format!("events not confirmed: {tally:?}")))
            }
            StepOutcome::SinkDown(error) => (RelayState::Down, Some(Chain(error).to_string())),
            StepOutcome::StoreDown(error) => (RelayState::Down, Some(Chain(error).to_string())),
        };
        self.status.set(state);
        match failure {
            None => self.failures = 0,
            Some(failure) => {
                self.failures = self.failures.saturating_add(1);
                if self.failures == 1 {
                    tracing::warn!(%failure, "relay holds its events and tries again");
                } else {
                    tracing::debug!(%failure, failures = self.failures, "relay still holds its events");
                }
            }
        }
    }
}

/// Why nothing more is sent.
enum Ending {
    /// An event was not confirmed: what is younger in its claim must not overtake it.
    Doubt,
    /// Another replica may publish by now.
    LeaseLost,
    /// The database failed.
    Store(StoreError),
}

/// One step, from its first look to its last mark.
struct Flight {
    tally: Tally,
    /// Whether there may be something to read.
    hungry: bool,
    /// Whether events were read that could not go because another of their claim flies.
    held_back: bool,
    marks_fail: bool,
    ending: Option<Ending>,
}

impl Flight {
    fn new() -> Self {
        Self {
            tally: Tally::default(),
            hungry: true,
            held_back: false,
            marks_fail: false,
            ending: None,
        }
    }

    /// The first reason stands.
    fn end(&mut self, why: Ending) {
        self.ending.get_or_insert(why);
    }

    fn read(&mut self, batch: Option<Result<Vec<OutboxEvent>, StoreError>>, air: &mut Air<'_>) {
        match batch {
            // Read before the doubt: the elder of an event in it may be the one in doubt.
            _ if self.ending.is_some() => {}
            None => {
                tracing::warn!("relay lease lost");
                self.end(Ending::LeaseLost);
            }
            Some(Err(error)) => self.end(Ending::Store(error)),
            Some(Ok(batch)) => {
                let read = batch.len();
                let sent = air.launch(batch);
                self.hungry |= read == BATCH && sent > 0;
                self.held_back |= sent < read;
            }
        }
    }

    /// Counts what became of a wave. Answers the places of what was confirmed.
    async fn land(&mut self, landed: &Landed, store: &dyn Store) -> Vec<i64> {
        landed.outcomes.iter().for_each(|outcome| self.tally.count(*outcome));
        let (confirmed, doubtful) = landed.sorted();
        if !confirmed.is_empty() {
            kill_point::reach("relay.confirmed");
        }
        if confirmed.len() < landed.wave.len() {
            self.end(Ending::Doubt);
        }
        if !doubtful.is_empty()
            && let Err(error) = store.count_attempt(&doubtful).await
        {
            self.end(Ending::Store(error));
        }
        self.hungry |= std::mem::take(&mut self.held_back);
        confirmed
    }

    fn outcome(self) -> Result<StepOutcome, StoreError> {
        match self.ending {
            Some(Ending::Store(error)) => Err(error),
            Some(Ending::LeaseLost) => Ok(StepOutcome::Standby),
            Some(Ending::Doubt) => Ok(StepOutcome::Unconfirmed(self.tally)),
            None if self.tally == Tally::default() => Ok(StepOutcome::Idle),
            None => Ok(StepOutcome::Published(self.tally)),
        }
    }
}
