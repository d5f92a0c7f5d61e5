//! One step of the relay: take the lease, then publish batch after batch until the outbox is empty
//! or an event, the lease or the database fails.

use super::backoff;
use super::in_flight::{CompletedBatch, InFlight, Progress, mark_published};
use super::sink::{Outcome, Sink, SinkError};
use super::status::{RESENT, RelayState, RelayStatus};
use super::{BATCH_EVENTS, IDLE_WAIT, STANDBY_WAIT};
use crate::clock::SharedClock;
use crate::error_chain::Chain;
use crate::failure_log::FailureLog;
use crate::kill_point;
use crate::store::{Lease, Occasion, Outbox, OutboxEvent, SharedOutbox, StoreError, Waiter};
use metrics::counter;
use tokio::time::sleep;
use tracing::Instrument;

/// Outcome of a step.
#[derive(Debug)]
pub enum StepOutcome {
    /// Every event sent was confirmed and marked as published. The outbox may hold more.
    Published(OutcomeCounts),
    /// The outbox held no event to publish.
    Idle,
    /// Another replica has the lease.
    Standby,
    /// Some events were not confirmed. They and the later events of their subjects stay in the
    /// outbox.
    Unconfirmed(OutcomeCounts),
    /// The sink cannot be reached.
    SinkDown(SinkError),
    /// The database failed.
    StoreDown(StoreError),
}

/// Number of events sent in a step, by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutcomeCounts {
    /// Events that the broker confirmed.
    pub acked: usize,
    /// Events that the broker returned, because no queue took them.
    pub unroutable: usize,
    /// Events that the broker refused.
    pub nacked: usize,
    /// Events without an answer of the broker.
    pub unknown: usize,
}

impl OutcomeCounts {
    fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Acked => &mut self.acked,
            Outcome::Unroutable => &mut self.unroutable,
            Outcome::Nacked => &mut self.nacked,
            Outcome::Unknown => &mut self.unknown,
        } += 1;
        // Of the acknowledged events, the relay counts those that no queue was bound for apart.
        if outcome != Outcome::Acked {
            count(outcome, 1);
        }
    }
}

/// Counts events by outcome.
fn count(outcome: Outcome, events: u64) {
    counter!("noemie_relay_published_total", "outcome" => outcome.as_str()).increment(events);
}

/// Counts the confirmed events of a batch that were published before.
fn count_resent(batch: &CompletedBatch) {
    let confirmed = |(event, outcome): &(&OutboxEvent, &Outcome)| {
        event.is_resend && **outcome == Outcome::Acked
    };
    let resent = batch.events.iter().zip(&batch.outcomes).filter(confirmed).count();
    if resent > 0 {
        counter!(RESENT).increment(resent as u64);
    }
}

/// The relay, with the state that it keeps between two steps.
pub struct Relay {
    store: SharedOutbox,
    sink: Box<dyn Sink>,
    clock: SharedClock,
    status: RelayStatus,
    lease: Option<Box<dyn Lease>>,
    notifier: Waiter,
    /// Numbers of events confirmed and not yet marked as published, in the order of the
    /// confirms.
    confirmed: Vec<i64>,
    failures: u32,
    /// Acknowledged events that are not yet counted: the alternate exchange takes events without a
    /// queue, so that the broker acknowledges them as well.
    uncounted: u64,
    log: FailureLog,
}

impl Relay {
    /// Returns a relay that connects and takes the lease in its first step.
    #[must_use]
    pub fn new(
        store: SharedOutbox,
        sink: Box<dyn Sink>,
        clock: SharedClock,
        status: RelayStatus,
    ) -> Self {
        let notifier = store.waiter(Occasion::Written);
        Self {
            store,
            sink,
            clock,
            status,
            lease: None,
            notifier,
            confirmed: Vec::new(),
            failures: 0,
            uncounted: 0,
            log: FailureLog::default(),
        }
    }

    /// Does one step and returns its outcome. Dropping the future half-way loses no event: events
    /// not yet marked as published are sent again.
    pub async fn step(&mut self) -> StepOutcome {
        let outcome = match self.attempt().await {
            Ok(outcome) => outcome,
            Err(error) => {
                if matches!(error, StoreError::SinkReplaced { .. }) {
                    // A replica of the sink in force takes the lease.
                    self.lease = None;
                }
                StepOutcome::StoreDown(error)
            }
        };
        self.report(&outcome);
        outcome
    }

    /// Waits until the next step is due: at once after a success, after a notification when idle,
    /// after a backoff when the step failed.
    pub async fn wait_after(&mut self, outcome: &StepOutcome) {
        match outcome {
            StepOutcome::Published(_) => {}
            StepOutcome::Idle => {
                self.notifier.wait(IDLE_WAIT).await;
            }
            StepOutcome::Standby => sleep(STANDBY_WAIT).await,
            StepOutcome::Unconfirmed(_) | StepOutcome::SinkDown(_) | StepOutcome::StoreDown(_) => {
                // The low bits of an identifier are random, and a sequence in tests.
                let random = self.clock.new_id().as_u64_pair().1;
                sleep(backoff::delay(self.failures, random)).await;
            }
        }
    }

    /// Marks the confirmed events as published, gives the lease back and closes the sink.
    pub async fn close(&mut self) {
        if let Err(error) = self.mark_confirmed().await {
            tracing::debug!(error = %Chain(&error), "the last confirmed events are not marked as \
                published and will be sent again, under the same ids");
        }
        count(Outcome::Acked, std::mem::take(&mut self.uncounted));
        self.lease = None;
        self.sink.close().await;
    }

    async fn attempt(&mut self) -> Result<StepOutcome, StoreError> {
        if let Err(error) = self.sink.ready().await {
            let marked = self.mark_confirmed().await;
            // Another replica may reach the broker.
            self.lease = None;
            return marked.and_then(|()| match error {
                SinkError::Database(error) => Err(error),
                error => Ok(StepOutcome::SinkDown(error)),
            });
        }
        self.count_acknowledged();
        if self.lease.is_none() {
            self.store.check_sink().await?;
            self.lease = self.store.try_relay_lease().await?;
        }
        if self.lease.is_none() {
            return self.mark_confirmed().await.map(|()| StepOutcome::Standby);
        }
        let outcome = self.publish_batches().instrument(tracing::info_span!("relay.publish")).await;
        self.count_acknowledged();
        outcome
    }

    /// Counts the acknowledged events, once the sink knows how many of them no queue was bound for.
    fn count_acknowledged(&mut self) {
        let Some(unroutable) = self.sink.take_unroutable() else { return };
        let unroutable = unroutable.min(self.uncounted);
        count(Outcome::Acked, self.uncounted - unroutable);
        count(Outcome::Unroutable, unroutable);
        self.uncounted = 0;
    }

    async fn mark_confirmed(&mut self) -> Result<(), StoreError> {
        mark_published(self.store.as_ref(), &self.confirmed, self.clock.now()).await?;
        self.confirmed.clear();
        Ok(())
    }

    /// Publishes until no event is left or a failure stops the step, and then waits for the work
    /// still in flight.
    async fn publish_batches(&mut self) -> Result<StepOutcome, StoreError> {
        let Self { store, sink, clock, status, lease, notifier, confirmed, uncounted, .. } = self;
        let (store, sink) = (store.as_ref(), sink.as_ref());
        let mut in_flight = InFlight::new(store, sink, lease.take());
        let mut step = StepState::new();
        loop {
            let sends = step.stopped.is_none() && sink.is_ready();
            if sends && step.read_due && in_flight.start_read(confirmed, notifier) {
                step.read_due = false;
            }
            if !step.mark_failed {
                in_flight.start_mark(confirmed, clock.now());
            }
            if in_flight.is_empty() {
                break;
            }
            let listens = sends && !step.read_due;
            match in_flight.next(listens.then_some(&mut *notifier), IDLE_WAIT).await {
                Progress::Notified => step.read_due = true,
                Progress::Read(batch) => step.send(batch, &mut in_flight),
                Progress::Completed(batch) => {
                    confirmed.extend(step.complete(&batch, store).await);
                    if step.stopped.is_none() {
                        status.set(RelayState::Publishing);
                    }
                }
                Progress::Marked(count, Ok(())) => drop(confirmed.drain(..count)),
                Progress::Marked(_, Err(error)) => {
                    step.mark_failed = true;
                    step.stop(StopReason::StoreFailed(error));
                }
            }
        }
        *lease = in_flight.into_lease();
        *uncounted += step.counts.acked as u64;
        step.outcome()
    }

    /// Shows the outcome in the status and counts consecutive failures. The log gets the first
    /// failure of an outage, reminders, and the end of the outage.
    fn report(&mut self, outcome: &StepOutcome) {
        let failure = match outcome {
            StepOutcome::Published(_) | StepOutcome::Idle => {
                return self.works(RelayState::Publishing);
            }
            StepOutcome::Standby => return self.works(RelayState::Standby),
            StepOutcome::Unconfirmed(counts) => format!("events not confirmed: {counts:?}"),
            StepOutcome::SinkDown(error) => Chain(error).to_string(),
            StepOutcome::StoreDown(error) => Chain(error).to_string(),
        };
        self.failures = self.failures.saturating_add(1);
        self.status.set_down(&failure, matches!(outcome, StepOutcome::StoreDown(_)));
        // `service::health` logs a database that is away.
        let logged_elsewhere = matches!(outcome, StepOutcome::StoreDown(e) if e.is_away());
        let is_wrong = match outcome {
            StepOutcome::SinkDown(error) => error.is_wrong_broker(),
            StepOutcome::StoreDown(error) => matches!(error, StoreError::SinkReplaced { .. }),
            _ => false,
        };
        self.status.set_wrong_sink(is_wrong);
        match self.log.failed(&failure) {
            Some(lasted) if is_wrong => {
                tracing::error!(%failure, ?lasted, "relay publishes nothing: wrong sink");
            }
            Some(lasted) if !logged_elsewhere => {
                tracing::warn!(%failure, ?lasted, "relay holds its events and tries again");
            }
            _ => {
                tracing::debug!(%failure, failures = self.failures, "relay still holds its events")
            }
        }
    }

    fn works(&mut self, state: RelayState) {
        self.failures = 0;
        self.status.set(state);
        if let Some(lasted) = self.log.works() {
            tracing::info!(?lasted, "relay works again");
        }
    }
}

/// Reason why a step sends no more events.
enum StopReason {
    /// An event was not confirmed: later events of its subject must wait for it.
    Unconfirmed,
    /// Another replica may publish by now.
    LeaseLost,
    /// The database failed.
    StoreFailed(StoreError),
}

/// State of one step, from its first read of the outbox to its last update.
struct StepState {
    counts: OutcomeCounts,
    /// Whether the outbox may hold events that were not yet read.
    read_due: bool,
    /// Whether events were read and not sent, because an earlier event of their claim is in flight.
    deferred: bool,
    mark_failed: bool,
    stopped: Option<StopReason>,
}

impl StepState {
    fn new() -> Self {
        Self {
            counts: OutcomeCounts::default(),
            read_due: true,
            deferred: false,
            mark_failed: false,
            stopped: None,
        }
    }

    /// Stops the step. The first reason decides the outcome.
    fn stop(&mut self, reason: StopReason) {
        self.stopped.get_or_insert(reason);
    }

    /// Sends the events that were read from the outbox.
    fn send(
        &mut self,
        batch: Option<Result<Vec<OutboxEvent>, StoreError>>,
        in_flight: &mut InFlight<'_>,
    ) {
        match batch {
            // The read began before the step stopped: an unconfirmed event may be earlier in the
            // same claim.
            _ if self.stopped.is_some() => {}
            None => {
                tracing::warn!("relay lease lost");
                self.stop(StopReason::LeaseLost);
            }
            Some(Err(error)) => self.stop(StopReason::StoreFailed(error)),
            Some(Ok(events)) => {
                let read = events.len();
                let sent = in_flight.send(events);
                self.read_due |= read == BATCH_EVENTS && sent > 0;
                self.deferred |= sent < read;
            }
        }
    }

    /// Counts the outcomes of a batch and returns the numbers of its confirmed events.
    async fn complete(&mut self, batch: &CompletedBatch, store: &dyn Outbox) -> Vec<i64> {
        batch.outcomes.iter().for_each(|outcome| self.counts.add(*outcome));
        count_resent(batch);
        let (confirmed, unconfirmed) = batch.event_numbers();
        if !confirmed.is_empty() {
            kill_point::reach("relay.confirmed");
        }
        if confirmed.len() < batch.events.len() {
            self.stop(StopReason::Unconfirmed);
        }
        if !unconfirmed.is_empty()
            && let Err(error) = store.count_failed_attempt(&unconfirmed).await
        {
            self.stop(StopReason::StoreFailed(error));
        }
        self.read_due |= std::mem::take(&mut self.deferred);
        confirmed
    }

    fn outcome(self) -> Result<StepOutcome, StoreError> {
        match self.stopped {
            Some(StopReason::StoreFailed(error)) => Err(error),
            Some(StopReason::LeaseLost) => Ok(StepOutcome::Standby),
            Some(StopReason::Unconfirmed) => Ok(StepOutcome::Unconfirmed(self.counts)),
            None if self.counts == OutcomeCounts::default() => Ok(StepOutcome::Idle),
            None => Ok(StepOutcome::Published(self.counts)),
        }
    }
}
