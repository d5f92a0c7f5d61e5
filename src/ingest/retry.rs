//! Limits of tries and polls.

use std::time::Duration;

/// Most tries of one transaction that conflicts with other changes.
pub(super) const MAX_TRIES: u32 = 5;

/// Time between two polls of a staged deposit that another process writes.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(500);
