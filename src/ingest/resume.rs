//! Loads that were cut are taken up again. One that fails is left alone for a while, longer each
//! time: each try reads its file from the first byte on.

use super::{Ingest, IngestError};
use crate::domain::ExchangeId;
use crate::error_chain::Chain;
use crate::store::{StagedDeposit, StoreError};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use time::{Duration, OffsetDateTime};
use tracing::{Instrument, info, info_span, warn};

/// Loads taken up in one go; the next look finds the rest.
const RESUMED_AT_ONCE: usize = 1_000;
/// How long a load that failed is left alone, the first time.
const FIRST_REST: Duration = Duration::seconds(15);
/// And at most.
const LONGEST_REST: Duration = Duration::minutes(15);

/// A load that failed.
#[derive(Debug)]
struct Rest {
    until: OffsetDateTime,
    length: Duration,
    /// Why it failed, as it was told.
    why: String,
    /// The load that it waits for, whatever the time.
    behind: Option<ExchangeId>,
}

/// The loads that failed since this gateway started.
#[derive(Debug, Default)]
pub(super) struct BackoffTable(Mutex<HashMap<ExchangeId, Rest>>);

impl BackoffTable {
    fn all(&self) -> MutexGuard<'_, HashMap<ExchangeId, Rest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets those that are not open any more.
    fn keep(&self, open: &HashSet<ExchangeId>) {
        self.all().retain(|id, _| open.contains(id));
    }

    fn is_due(&self, id: ExchangeId, now: OffsetDateTime, open: &HashSet<ExchangeId>) -> bool {
        self.all().get(&id).is_none_or(|rest| match rest.behind {
            Some(other) => !open.contains(&other),
            None => rest.until <= now,
        })
    }

    /// Leaves a load alone for a while. Answers whether this failure is another one than the last.
    fn rest(&self, id: ExchangeId, now: OffsetDateTime, failure: &IngestError) -> bool {
        // Behind earlier ones only, so that no two wait for each other; one that is being taken
        // back is looked for again in time.
        let behind = if let IngestError::Held { exchange } = failure {
            Some(*exchange).filter(|other| *other < id)
        } else {
            None
        };
        let why = Chain(failure).to_string();
        let mut all = self.all();
        let length = all
            .get(&id)
            .map_or(FIRST_REST, |last: &Rest| (last.length + last.length).min(LONGEST_REST));
        let last = all.insert(id, Rest { until: now + length, length, why: why.clone(), behind });
        last.is_none_or(|last| last.why != why)
    }

    fn forget(&self, id: ExchangeId) {
        self.all().remove(&id);
    }
}

impl Ingest {
    /// Takes up the loads that were cut, oldest first. Answers how many came to their end; those
    /// that others have in hand are left to them, and those that failed lately to a later look.
    pub async fn resume(&self) -> Result<usize, IngestError> {
        let mut resumed = 0;
        let loads = self.store.loads(RESUMED_AT_ONCE).await?;
        let mut open: HashSet<ExchangeId> = loads.iter().map(|load| load.id).collect();
        self.rests.keep(&open);
        for load in &loads {
            // One that is marked waits for nobody: others may wait for it to be taken back.
            if load.withdrawal.is_none() && !self.rests.is_due(load.id, self.clock.now(), &open) {
                continue;
            }
            let span = info_span!("ingest.resume", exchange = %load.id, sender = %load.sender);
            match self.resume_one(load.id).instrument(span.clone()).await {
                Ok(ended) => {
                    self.rests.forget(load.id);
                    if ended {
                        open.remove(&load.id);
                        resumed += 1;
                    }
                }
                // One that cannot be taken up holds up nobody; the metric of loads under way shows
                // it.
                Err(failure) => {
                    if self.rests.rest(load.id, self.clock.now(), &failure) {
                        span.in_scope(|| warn!(error = %Chain(&failure), "load could not be taken up, it is tried again ever more rarely"));
                    }
                }
            }
        }
        Ok(resumed)
    }

    async fn resume_one(&self, id: ExchangeId) -> Result<bool, IngestError> {
        let Some(_lease) = self.store.try_load_lease(id).await? else { return Ok(false) };
        // Closed since it was listed, or given up.
        let Some(load) = self.store.load(id).await? else { return Ok(false) };
        if load.withdrawal.is_some() {
            info!("taking back a load that was given up, or is to be written anew");
            self.take_back(id).await?;
            return Ok(false);
        }
        info!("taking up a load that was cut");
        self.finish(&load).await.map(|()| true)
    }

    /// Brings a load to its receipt. What another version wrote may not fit what this one reads (an
    /// invoice more, a record less): it is taken back, and written anew at a later look.
    async fn finish(&self, load: &StagedDeposit) -> Result<(), IngestError> {
        match self.go_on(load, None, 0).await {
            Err(IngestError::Store(StoreError::Unbalanced(ledger))) => {
                self.start_anew(load.id).await?;
                Err(StoreError::Unbalanced(ledger).into())
            }
            outcome => outcome.map(|_| ()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> ExchangeId {
        ExchangeId(Uuid::from_u128(n))
    }

    #[test]
    fn a_load_that_fails_rests_ever_longer_and_is_told_once() {
        let (rests, open) = (BackoffTable::default(), HashSet::from([id(1), id(2)]));
        let mut now = OffsetDateTime::UNIX_EPOCH;
        for (tries, seconds) in [15, 30, 60, 120, 240, 480, 900, 900].into_iter().enumerate() {
            assert!(rests.is_due(id(1), now, &open));
            assert_eq!(rests.rest(id(1), now, &IngestError::Overtaken), tries == 0, "told once");
            assert!(!rests.is_due(id(1), now + Duration::seconds(seconds - 1), &open));
            assert!(rests.is_due(id(2), now, &open), "the others do not rest with it");
            now += Duration::seconds(seconds);
        }
        assert!(rests.rest(id(1), now, &IngestError::KeyReused), "another failure is told");
        rests.forget(id(1));
        assert!(rests.is_due(id(1), now, &open));
    }

    #[test]
    fn a_load_behind_another_one_is_due_as_soon_as_that_one_is_over() {
        let (rests, now) = (BackoffTable::default(), OffsetDateTime::UNIX_EPOCH);
        rests.rest(id(2), now, &IngestError::Held { exchange: id(1) });
        assert!(!rests.is_due(id(2), now + Duration::days(1), &HashSet::from([id(1), id(2)])));
        assert!(rests.is_due(id(2), now, &HashSet::from([id(2)])));
        rests.rest(id(1), now, &IngestError::Held { exchange: id(2) });
        assert!(
            rests.is_due(id(1), now + Duration::days(1), &HashSet::from([id(1), id(2)])),
            "no two wait for each other"
        );
        rests.keep(&HashSet::new());
        assert!(rests.all().is_empty());
    }
}
