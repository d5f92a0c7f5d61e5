//! Civil time of Europe/Paris: the days and hours that people count, made from UTC instants.
//!
//! Every instant of the gateway is UTC. The functions here are the only ones that know a time zone;
//! the rules of Europe/Paris are compiled in, so that no file of the machine changes a due date.
//! Territories overseas count the same days: the promises are those of an insurer in Paris.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use std::sync::LazyLock;
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime};

static PARIS: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZone::get("Europe/Paris").expect("the compiled-in time zones have Europe/Paris")
});

/// Reads a day written AAAA-MM-JJ, of the years 1 to 9999, which both databases keep.
#[must_use]
pub fn read_day(text: &str) -> Option<Date> {
    let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    (text.len() == 10 && date.year() > 0).then_some(date)
}

/// Returns a day as French texts write it: `21/11/2026`.
#[must_use]
pub fn french_day(date: Date) -> String {
    format!("{:02}/{:02}/{:04}", date.day(), u8::from(date.month()), date.year())
}

/// Returns the day in Paris at this instant.
#[must_use]
pub fn paris_date(instant: OffsetDateTime) -> Date {
    paris_hour(instant).0
}

/// Returns the day in Paris at this instant, and the hour of that day, 0 to 23.
#[must_use]
pub fn paris_hour(instant: OffsetDateTime) -> (Date, u8) {
    let local = PARIS.to_datetime(timestamp(instant));
    // The day exists in both crates: their ranges of years are the same.
    let date = date_of(local.date()).unwrap_or(instant.date());
    (date, u8::try_from(local.hour()).unwrap_or_default())
}

/// Returns the day and the hour in Paris at this instant, in the parsers' type; `None` outside the
/// years 1 to 9999.
#[must_use]
pub fn reception_hour(instant: OffsetDateTime) -> Option<(noemie_parsers::types::Date, u8)> {
    let (date, hour) = paris_hour(instant);
    let year = u16::try_from(date.year()).ok()?;
    noemie_parsers::types::Date::new(year, u8::from(date.month()), date.day()).map(|d| (d, hour))
}

/// Returns the instant at which an hour begins in Paris.
///
/// The hour that the spring change skips begins at the change (02:00 is then 03:00). The hour that
/// the autumn change repeats begins the first time: a limit is never later than a reader expects.
#[must_use]
pub fn at_paris_hour(date: Date, hour: u8) -> Option<OffsetDateTime> {
    at(date, i8::try_from(hour).ok()?, 0, 0)
}

/// Returns the last second of a day in Paris.
#[must_use]
pub fn end_of_paris_day(date: Date) -> OffsetDateTime {
    at(date, 23, 59, 59)
        .unwrap_or_else(|| date.midnight().assume_utc() + time::Duration::seconds(86_399))
}

fn at(date: Date, hour: i8, minute: i8, second: i8) -> Option<OffsetDateTime> {
    let year = i16::try_from(date.year()).ok()?;
    let (month, day) = (i8::try_from(u8::from(date.month())).ok()?, i8::try_from(date.day()).ok()?);
    let local = civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    // `compatible`: the later reading of a skipped time, the earlier one of a repeated time.
    let instant = PARIS.to_ambiguous_timestamp(local).compatible().ok()?;
    OffsetDateTime::from_unix_timestamp(instant.as_second()).ok()
}

/// Returns the instant in jiff's type; an instant outside its range (the last day of the year 9999)
/// gives the nearest bound.
fn timestamp(instant: OffsetDateTime) -> Timestamp {
    let bound = if instant.year() > 0 { Timestamp::MAX } else { Timestamp::MIN };
    Timestamp::from_second(instant.unix_timestamp()).unwrap_or(bound)
}

fn date_of(date: civil::Date) -> Option<Date> {
    let month = Month::try_from(u8::try_from(date.month()).ok()?).ok()?;
    Date::from_calendar_date(i32::from(date.year()), month, u8::try_from(date.day()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::{date, datetime};

    #[test]
    fn half_past_midnight_in_paris_is_the_new_day() {
        // Winter is one hour ahead of UTC, summer two.
        assert_eq!(paris_date(datetime!(2026-01-31 23:30 UTC)), date!(2026 - 02 - 01));
        assert_eq!(paris_date(datetime!(2026-07-13 22:30 UTC)), date!(2026 - 07 - 14));
        assert_eq!(paris_date(datetime!(2026-07-13 21:59:59 UTC)), date!(2026 - 07 - 13));
        assert_eq!(paris_date(datetime!(2026-12-31 23:00 UTC)), date!(2027 - 01 - 01));
    }

    #[test]
    fn the_hour_skipped_in_march_begins_at_the_change() {
        let day = date!(2026 - 03 - 29);
        assert_eq!(at_paris_hour(day, 1), Some(datetime!(2026-03-29 00:00 UTC)));
        assert_eq!(at_paris_hour(day, 2), Some(datetime!(2026-03-29 01:00 UTC)));
        assert_eq!(at_paris_hour(day, 3), Some(datetime!(2026-03-29 01:00 UTC)));
        assert_eq!(at(day, 2, 30, 0), Some(datetime!(2026-03-29 01:30 UTC)));
    }

    #[test]
    fn the_hour_repeated_in_october_begins_the_first_time() {
        let day = date!(2026 - 10 - 25);
        assert_eq!(at_paris_hour(day, 2), Some(datetime!(2026-10-25 00:00 UTC)));
        assert_eq!(at_paris_hour(day, 3), Some(datetime!(2026-10-25 02:00 UTC)));
        for second_in_utc in [datetime!(2026-10-25 00:30 UTC), datetime!(2026-10-25 01:30 UTC)] {
            assert_eq!(paris_hour(second_in_utc), (day, 2));
        }
    }

    #[test]
    fn hours_that_no_clock_shows_and_years_at_the_bounds() {
        assert_eq!(at_paris_hour(date!(2026 - 01 - 01), 24), None);
        assert_eq!(at_paris_hour(date!(2026 - 01 - 01), 200), None);
        assert_eq!(paris_date(datetime!(9999-12-31 23:59:59 UTC)).year(), 9999);
        assert_eq!(end_of_paris_day(date!(9999 - 12 - 31)).date(), date!(9999 - 12 - 31));
    }

    #[test]
    fn a_day_is_one_that_both_databases_keep() {
        assert_eq!(read_day("2026-11-30"), Some(date!(2026 - 11 - 30)));
        for wrong in ["-9999-01-01", "0000-01-01", "+2026-11-30", "2026-11-31", "2026-1-1", ""] {
            assert_eq!(read_day(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_day_ends_one_second_before_the_next_begins(days in 0_i64..22_280, hour in 0_u8..24) {
            let day = date!(1990 - 01 - 01) + time::Duration::days(days);
            let next = day.next_day().expect("before 2051");
            let midnight = at_paris_hour(next, 0).expect("midnight is never skipped");
            prop_assert_eq!(end_of_paris_day(day) + time::Duration::SECOND, midnight);
            prop_assert_eq!(paris_date(end_of_paris_day(day)), day);
            prop_assert_eq!(paris_date(midnight), next);
            let hours = (midnight - at_paris_hour(day, 0).expect("midnight")).whole_hours();
            // Last Sundays of March and October (1990 to 1995: of September) have 23 and 25 hours.
            let sunday = day.weekday() == time::Weekday::Sunday;
            prop_assert!(hours == 24 || (sunday && [23, 25].contains(&hours)));
            // An hour that exists reads back as itself, the skipped one as the hour after.
            let back = paris_hour(at_paris_hour(day, hour).expect("an hour"));
            prop_assert!(back == (day, hour) || (hours == 23 && hour == 2 && back == (day, 3)));
        }
    }
}
