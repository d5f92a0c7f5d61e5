//! Clocks: the machine's, the one of a running gateway, and the fixed one of tests and `demo`.
//!
//! No other file reads the machine's clock (clippy).

use crate::domain::Calendar;
pub use crate::domain::{Clock, SharedClock};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// Variable that sets the clock of tests: an instant of RFC 3339 from which the clock runs on.
pub const TEST_VARIABLE: &str = "NOEMIE_TEST_CLOCK";

/// The machine's clock and version 7 UUIDs.
#[derive(Debug, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "the lint leads every other file here")]
impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The clock of a running gateway: the machine's, or one set by [`TEST_VARIABLE`], with the
/// calendar of the configuration.
#[derive(Debug)]
pub struct GatewayClock {
    calendar: Calendar,
    set: Option<(OffsetDateTime, Instant)>,
}

impl GatewayClock {
    /// Returns the clock. `test_start` is the result of [`test_start`]; the time runs on from
    /// there, because leases and backoffs must end.
    #[must_use]
    pub fn new(calendar: Calendar, test_start: Option<OffsetDateTime>) -> Self {
        Self { calendar, set: test_start.map(|start| (start, Instant::now())) }
    }
}

impl Clock for GatewayClock {
    fn now(&self) -> OffsetDateTime {
        self.set.map_or_else(|| SystemClock.now(), |(start, since)| start + since.elapsed())
    }

    fn new_id(&self) -> Uuid {
        SystemClock.new_id()
    }

    fn calendar(&self) -> Calendar {
        self.calendar
    }
}

/// Why the value of [`TEST_VARIABLE`] is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TestClockError {
    /// A release accepts the variable for invented files only; real files are dated by the machine.
    #[error(
        "{TEST_VARIABLE} is set: a release takes it for `demo` and `simulate` only, since it would \
         date real files falsely. Unset it"
    )]
    Refused,
    /// The value is not an instant of RFC 3339.
    #[error("{TEST_VARIABLE} is not an instant such as 2026-03-29T00:30:00Z: {0}")]
    Unreadable(String),
}

/// Reads the value of [`TEST_VARIABLE`]. `release` is whether this is a build without debug
/// assertions, `invented` whether the command works on invented files only.
pub fn test_start(
    value: Option<&str>,
    release: bool,
    invented: bool,
) -> Result<Option<OffsetDateTime>, TestClockError> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    if release && !invented {
        return Err(TestClockError::Refused);
    }
    OffsetDateTime::parse(value, &Rfc3339)
        .map(|start| Some(start.to_offset(time::UtcOffset::UTC)))
        .map_err(|_| TestClockError::Unreadable(value.to_owned()))
}

/// A clock that starts at a given instant, advances only by [`FixedClock::advance`], and numbers
/// its identifiers from 1.
#[derive(Debug)]
pub struct FixedClock {
    start: OffsetDateTime,
    seconds: AtomicU64,
    ids: AtomicU64,
}

impl FixedClock {
    /// Returns a clock that shows `start`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_release_takes_the_test_clock_for_invented_files_only() {
        let value = Some("2026-03-29T01:30:00+01:00");
        let start = Ok(Some(datetime!(2026-03-29 00:30 UTC)));
        assert_eq!(test_start(value, false, false), start);
        assert_eq!(test_start(value, true, true), start);
        assert_eq!(test_start(value, true, false), Err(TestClockError::Refused));
        assert_eq!(test_start(None, true, false), Ok(None));
        assert_eq!(test_start(Some(""), true, false), Ok(None));
        let unreadable = test_start(Some("demain"), false, false);
        assert_eq!(unreadable, Err(TestClockError::Unreadable("demain".to_owned())));
    }

    #[test]
    fn a_set_clock_runs_on() {
        let start = datetime!(2026-03-29 00:30 UTC);
        let clock = GatewayClock::new(Calendar::default(), Some(start));
        let first = clock.now();
        assert!(first >= start && clock.now() >= first);
    }
}
