//! Backoff of staged deposits that failed: each try reads the file from its first byte.

use crate::domain::ExchangeId;
use crate::error_chain::Chain;
use crate::ingest::IngestError;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use time::{Duration, OffsetDateTime};

/// Backoff after the first failure.
const MIN_BACKOFF: Duration = Duration::seconds(15);
/// Longest backoff.
const MAX_BACKOFF: Duration = Duration::minutes(15);

/// Last failure of a staged deposit.
#[derive(Debug)]
struct Backoff {
    until: OffsetDateTime,
    length: Duration,
    /// Failure, as the log has it.
    failure: String,
    /// Staged deposit that this one waits for, however long that takes.
    behind: Option<ExchangeId>,
}

/// The staged deposits that failed since this process started.
#[derive(Debug, Default)]
pub(in crate::ingest) struct BackoffTable(Mutex<HashMap<ExchangeId, Backoff>>);

impl BackoffTable {
    fn all(&self) -> MutexGuard<'_, HashMap<ExchangeId, Backoff>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes every deposit that is no longer staged.
    pub(super) fn retain(&self, staged: &HashSet<ExchangeId>) {
        self.all().retain(|id, _| staged.contains(id));
    }

    /// Returns whether a deposit may be tried: its backoff is over, or the deposit that it waits
    /// for is no longer staged.
    pub(super) fn is_due(
        &self,
        id: ExchangeId,
        now: OffsetDateTime,
        staged: &HashSet<ExchangeId>,
    ) -> bool {
        self.all().get(&id).is_none_or(|backoff| match backoff.behind {
            Some(other) => !staged.contains(&other),
            None => backoff.until <= now,
        })
    }

    /// Starts the backoff of a deposit, twice as long as the one before. Returns whether this
    /// failure differs from the last one. A deposit waits without limit for older deposits only, so
    /// that no two wait for each other; behind a younger one, which is being withdrawn, it is tried
    /// again in time.
    pub(super) fn start(&self, id: ExchangeId, now: OffsetDateTime, error: &IngestError) -> bool {
        let behind = if let IngestError::BlockedBy { exchange } = error {
            Some(*exchange).filter(|other| *other < id)
        } else {
            None
        };
        let failure = Chain(error).to_string();
        let mut all = self.all();
        let length =
            all.get(&id).map_or(MIN_BACKOFF, |last| (last.length + last.length).min(MAX_BACKOFF));
        let backoff = Backoff { until: now + length, length, failure: failure.clone(), behind };
        all.insert(id, backoff).is_none_or(|last| last.failure != failure)
    }

    /// Ends the backoff of a deposit.
    pub(super) fn clear(&self, id: ExchangeId) {
        self.all().remove(&id);
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
    fn the_backoff_doubles_and_a_lasting_failure_is_logged_once() {
        let (backoffs, staged) = (BackoffTable::default(), HashSet::from([id(1), id(2)]));
        let mut now = OffsetDateTime::UNIX_EPOCH;
        for (tries, seconds) in [15, 30, 60, 120, 240, 480, 900, 900].into_iter().enumerate() {
            assert!(backoffs.is_due(id(1), now, &staged));
            assert_eq!(backoffs.start(id(1), now, &IngestError::Overtaken), tries == 0);
            assert!(!backoffs.is_due(id(1), now + Duration::seconds(seconds - 1), &staged));
            assert!(backoffs.is_due(id(2), now, &staged), "a backoff is one deposit's");
            now += Duration::seconds(seconds);
        }
        assert!(backoffs.start(id(1), now, &IngestError::KeyReused), "another failure is logged");
        backoffs.clear(id(1));
        assert!(backoffs.is_due(id(1), now, &staged));
    }

    #[test]
    fn a_deposit_behind_an_older_one_is_due_when_that_one_is_closed() {
        let (backoffs, now) = (BackoffTable::default(), OffsetDateTime::UNIX_EPOCH);
        let (both, tomorrow) = (HashSet::from([id(1), id(2)]), now + Duration::days(1));
        backoffs.start(id(2), now, &IngestError::BlockedBy { exchange: id(1) });
        assert!(!backoffs.is_due(id(2), tomorrow, &both));
        assert!(backoffs.is_due(id(2), now, &HashSet::from([id(2)])));
        backoffs.start(id(1), now, &IngestError::BlockedBy { exchange: id(2) });
        assert!(backoffs.is_due(id(1), tomorrow, &both), "no two deposits wait for each other");
        backoffs.retain(&HashSet::new());
        assert!(backoffs.all().is_empty());
    }
}
