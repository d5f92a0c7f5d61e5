//! One step of the relay: lease, batch, waves; and beside them the marks of the step before.
//!
//! What the sink confirmed is marked while the next batch is read and published, for both take as long. Marks are written in the order of the confirms, and those
//! of one step before those of the next, so that the positions of a claim's events are in their order.
//!
//! A batch is cut into *waves*: the k-th wave holds the k-th event of each claim in the batch. A wave goes out whole with all its confirms in
//! flight; the next one waits for them. So two events of one claim are never in flight together, and a resend never overtakes its elder,
//! while the usual batch (one event per claim) is one wave and goes at full speed.

use super::backoff;
use super::sink::{Outcome, Sink, SinkError};
use super::status::{RelayState, RelayStatus};
use super::{BATCH, IDLE_WAIT, STANDBY_WAIT};
use crate::clock::SharedClock;
use crate::domain::ClaimId;
use crate::error_chain::Chain;
use crate::kill_point;
use crate::store::{Lease, Occasion, OutboxEvent, SharedStore, Store, StoreError, Waiter};
use metrics::counter;
use std::collections::HashMap;
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::time::sleep;
use tracing::Instrument;

/// What a step did.
#[derive(Debug)]
pub enum StepOutcome {
    /// A whole batch was confirmed. The next step marks it, and looks for more.
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
    pub fn new(store: SharedStore, sink: Box<dyn Sink>, clock: SharedClock, status: RelayStatus) -> Self {
        let written = store.waiter(Occasion::Written);
        Self { store, sink, clock, status, lease: None, written, confirmed: Vec::new(), failures: 0 }
    }

    /// Does one step and says what it did. Dropping the step half-way loses nothing: events not marked are sent again.
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
        if self.confirmed.len() > BATCH {
            // The marks of the step before failed: what waits for them does not grow.
            self.mark().await?;
        }
        let outcome = match self.sink.ready().await {
            Ok(()) => self.mark_and_publish().await?,
            Err(error) => StepOutcome::SinkDown(error),
        };
        if !matches!(outcome, StepOutcome::Published(_)) {
            self.mark().await?;
        }
        if matches!(outcome, StepOutcome::SinkDown(_)) {
            // Another replica may have a better line.
            self.lease = None;
        }
        Ok(outcome)
    }

    /// Marks what was confirmed before, while the next batch is published.
    async fn mark_and_publish(&mut self) -> Result<StepOutcome, StoreError> {
        let (store, now, before) = (Arc::clone(&self.store), self.clock.now(), self.confirmed.clone());
        let (marked, outcome) = tokio::join!(mark(store.as_ref(), &before, now), self.publish_next(&before));
        marked?;
        self.confirmed.drain(..before.len());
        outcome
    }

    async fn mark(&mut self) -> Result<(), StoreError> {
        mark(self.store.as_ref(), &self.confirmed, self.clock.now()).await?;
        self.confirmed.clear();
        Ok(())
    }

    /// Publishes the oldest events but for these.
    async fn publish_next(&mut self, except: &[i64]) -> Result<StepOutcome, StoreError> {
        let Some(batch) = self.batch(except).await? else { return Ok(StepOutcome::Standby) };
        if batch.is_empty() {
            return Ok(StepOutcome::Idle);
        }
        let span = tracing::info_span!("relay.publish", events = batch.len());
        self.publish(&batch).instrument(span).await
    }

    /// What to publish next; `None` while another replica has the right.
    async fn batch(&mut self, except: &[i64]) -> Result<Option<Vec<OutboxEvent>>, StoreError> {
        // What is written from here on ends the rest at once.
        self.written.arm();
        if let Some(lease) = &mut self.lease {
            // Asked side by side: a right that is held now was never away, so that nobody else published what was read meanwhile.
            let (held, batch) = tokio::join!(lease.still_held(), self.store.unpublished(BATCH, except));
            if held {
                return batch.map(Some);
            }
            tracing::warn!("relay lease lost");
            self.lease = None;
        }
        self.lease = self.store.try_relay_lease().await?;
        if self.lease.is_some() { self.store.unpublished(BATCH, except).await.map(Some) } else { Ok(None) }
    }

    async fn publish(&mut self, batch: &[OutboxEvent]) -> Result<StepOutcome, StoreError> {
        let mut tally = Tally::default();
        for wave in waves(batch) {
            kill_point::reach("relay.begun");
            let outcomes = self.sink.publish(&wave).await;
            outcomes.iter().for_each(|outcome| tally.count(*outcome));
            let (confirmed, failed): (Vec<_>, Vec<_>) = wave.iter().zip(&outcomes).partition(|(_, outcome)| **outcome == Outcome::Acked);
            if !confirmed.is_empty() {
                kill_point::reach("relay.confirmed");
                self.confirmed.extend(ids(&confirmed));
            }
            if confirmed.len() < wave.len() {
                if !failed.is_empty() {
                    self.store.count_attempt(&ids(&failed)).await?;
                }
                return Ok(StepOutcome::Unconfirmed(tally));
            }
        }
        Ok(StepOutcome::Published(tally))
    }

    /// Shows the outcome in the status, counts failures in a row, and logs the first one of a row.
    fn note(&mut self, outcome: &StepOutcome) {
        let (state, failure) = match outcome {
            StepOutcome::Published(_) | StepOutcome::Idle => (RelayState::Publishing, None),
            StepOutcome::Standby => (RelayState::Standby, None),
            StepOutcome::Unconfirmed(tally) => (RelayState::Down, Some(format!("events not confirmed: {tally:?}"))),
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

/// Marks events as published.
async fn mark(store: &dyn Store, confirmed: &[i64], at: OffsetDateTime) -> Result<(), StoreError> {
    if !confirmed.is_empty() {
        store.mark_published(confirmed, at).await?;
        kill_point::reach("relay.marked");
    }
    Ok(())
}

/// The k-th wave holds the k-th event of each claim, in the order of the batch.
fn waves(batch: &[OutboxEvent]) -> Vec<Vec<&OutboxEvent>> {
    let mut waves: Vec<Vec<&OutboxEvent>> = Vec::new();
    let mut seen: HashMap<ClaimId, usize> = HashMap::with_capacity(batch.len());
    for event in batch {
        let rank = seen.entry(event.event.claim_id).or_default();
        if *rank == waves.len() {
            waves.push(Vec::new());
        }
        waves[*rank].push(event);
        *rank += 1;
    }
    waves
}

fn ids(events: &[(&&OutboxEvent, &Outcome)]) -> Vec<i64> {
    events.iter().map(|(event, _)| event.outbox_id).collect()
}
