//! Statuses of claims that watchers share.
//!
//! Shared statuses serve a watcher if they were read after the statuses that the watcher was shown
//! before, so that no watcher sees a claim go back to an earlier version.

use crate::domain::ClaimId;
use crate::limits::STREAM_STATUS_MAX_AGE;
use crate::service::view::ClaimView;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// Statuses of claims as they were after one instant.
#[derive(Debug)]
pub(super) struct Statuses {
    /// Instant before the reading.
    pub(super) read_at: Instant,
    /// Claims that exist inside the scope of the reading.
    pub(super) found: HashMap<ClaimId, Arc<ClaimView>>,
}

/// Returns whether statuses are later than those that a watcher was shown, and recent.
pub(super) fn serves(read_at: Instant, since: Instant) -> bool {
    read_at >= since && read_at.elapsed() <= STREAM_STATUS_MAX_AGE
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn statuses_are_shared_while_they_are_recent_and_later_than_those_shown() {
        let now = Instant::now();
        let before = |age: Duration| now.checked_sub(age).expect("the machine runs for so long");
        let (recent, old) = (before(Duration::from_millis(1)), before(2 * STREAM_STATUS_MAX_AGE));
        assert!(serves(now, recent));
        assert!(!serves(recent, now), "the watcher may have been shown a later version");
        assert!(!serves(old, old));
    }
}
