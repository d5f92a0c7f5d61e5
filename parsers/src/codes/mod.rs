//! Tables of the codes that invoices and returns carry, with their French labels and the days on
//! which they hold.
//!
//! A code that no table has is never an error: callers show the code as it was sent.

pub mod amo_anomaly;
pub mod certification;
pub mod family;
pub mod forcage;
pub mod norm;
pub mod reject;

use crate::types::Date;

/// Days on which a code holds, both included; `None` where the source names no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validity {
    /// First day.
    pub from: Option<Date>,
    /// Last day.
    pub until: Option<Date>,
}

impl Validity {
    /// Returns whether the code holds on a day. A code whose source names no day always holds.
    #[must_use]
    pub fn includes(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}
