//! The clock that every room is given, so that tests and return files are reproducible
//! (invariant 9).

use super::Calendar;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// Gives the time, new identifiers, and the calendar of the installation: the due date of a deposit
/// needs both its instant and the business days of its insurer.
pub trait Clock: Send + Sync {
    /// Returns the present instant, UTC.
    fn now(&self) -> OffsetDateTime;
    /// Returns a new identifier; later ones sort after earlier ones.
    fn new_id(&self) -> Uuid;
    /// Returns the calendar of the installation; mainland France unless a setting names another.
    fn calendar(&self) -> Calendar {
        Calendar::default()
    }
}

/// A clock shared by all rooms.
pub type SharedClock = Arc<dyn Clock>;
