//! Table of the days around the creation of a file.

use noemie_parsers::types::Date;

/// Days known before the creation date, and after it.
const BEFORE: usize = 40;
const AFTER: usize = 7;

/// Days around a date.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    days: Vec<Date>,
}

impl Calendar {
    /// Returns the table of the days around `created`.
    pub(super) fn around(created: Date) -> Self {
        let mut days = vec![created];
        for _ in 0..BEFORE {
            days.push(previous(days[days.len() - 1]));
        }
        days.reverse();
        for _ in 0..AFTER {
            days.push(next(days[days.len() - 1]));
        }
        Self { days }
    }

    /// Returns the day that lies `days` before `created`, or the oldest day of the table.
    pub(super) fn before(&self, days: u64) -> Date {
        let days = usize::try_from(days).unwrap_or(BEFORE).min(BEFORE);
        self.days[BEFORE - days]
    }

    /// Returns the day that lies `days` after `created`, or the latest day of the table.
    pub(super) fn after(&self, days: usize) -> Date {
        self.days[BEFORE + days.min(AFTER)]
    }
}

/// Returns the day before.
pub(super) fn previous(date: Date) -> Date {
    let (y, m, d) = (date.annee(), date.mois(), date.jour());
    let (y, m) = match (d, m) {
        (2.., _) => return Date::new(y, m, d - 1).expect("the day before is in the same month"),
        (_, 1) => (y - 1, 12),
        _ => (y, m - 1),
    };
    (28..=31).rev().find_map(|d| Date::new(y, m, d)).expect("a month has 28 to 31 days")
}

/// Returns the day after.
pub(super) fn next(date: Date) -> Date {
    let (y, m, d) = (date.annee(), date.mois(), date.jour());
    let first = if m == 12 { Date::new(y + 1, 1, 1) } else { Date::new(y, m + 1, 1) };
    Date::new(y, m, d + 1).or(first).expect("a month has a first day")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_years_turn() {
        let calendar = Calendar::around(Date::new(2024, 3, 1).expect("exists"));
        assert_eq!(Some(calendar.before(1)), Date::new(2024, 2, 29));
        assert_eq!(Some(next(Date::new(2025, 12, 31).expect("exists"))), Date::new(2026, 1, 1));
        assert_eq!(Some(previous(Date::new(2026, 1, 1).expect("exists"))), Date::new(2025, 12, 31));
        assert_eq!(Some(calendar.after(1)), Date::new(2024, 3, 2));
    }
}
