//! The one door to the clock and to new identifiers, so that tests and return files are
//! reproducible.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use time::OffsetDateTime;
use uuid::Uuid;

/// Tells the time and makes identifiers.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> OffsetDateTime;
    /// A new identifier, later ones sorting after earlier ones.
    fn new_id(&self) -> Uuid;
}

/// A clock shared by all rooms.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock and version 7 UUIDs.
#[derive(Debug, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is the door that the lint protects")]
impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// A clock that starts where it is told, advances only when told, and numbers its identifiers.
#[derive(Debug)]
pub struct FixedClock {
    start: OffsetDateTime,
    seconds: AtomicU64,
    ids: AtomicU64,
}

impl FixedClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: OffsetDateTime) -> Self {
        Self { start, seconds: AtomicU64::new(0), ids: AtomicU64::new(0) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        self.start + std::time::Duration::from_secs(self.seconds.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::SeqCst)) + 1)
    }
}
