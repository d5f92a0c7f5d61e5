//! Business days: Monday to Friday without French public holidays. The clocks of the insurer's
//! promises run on them.

use time::{Date, Duration, Month, OffsetDateTime, Weekday};

/// Business days in which a DRE is paid after its reception: the insurer's promise.
pub const DRE_DAYS: u32 = 4;

/// The end of the `days`-th business day after an instant.
#[must_use]
pub fn deadline(received: OffsetDateTime, days: u32) -> OffsetDateTime {
    let mut date = received.date();
    let mut left = days;
    while left > 0 {
        date = date.saturating_add(Duration::DAY);
        left -= u32::from(is_business_day(date));
    }
    date.midnight().assume_offset(received.offset()) + Duration::DAY - Duration::SECOND
}

/// Whether banks and caisses work that day.
#[must_use]
pub fn is_business_day(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_public_holiday(date)
}

/// The eleven holidays of mainland France.
#[must_use]
pub fn is_public_holiday(date: Date) -> bool {
    let fixed = matches!(
        (date.month(), date.day()),
        (Month::January, 1)
            | (Month::May, 1 | 8)
            | (Month::July, 14)
            | (Month::August, 15)
            | (Month::November, 1 | 11)
            | (Month::December, 25)
    );
    // Easter Monday, Ascension, Whit Monday.
    let moving = easter(date.year())
        .is_some_and(|e| [1, 39, 50].iter().any(|d| e.saturating_add(Duration::days(*d)) == date));
    fixed || moving
}

/// Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher).
fn easter(year: i32) -> Option<Date> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    Date::from_calendar_date(
        year,
        Month::try_from(u8::try_from(month).ok()?).ok()?,
        u8::try_from(day).ok()?,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn easter_of_known_years() {
        assert_eq!(easter(2024), Some(date!(2024 - 03 - 31)));
        assert_eq!(easter(2025), Some(date!(2025 - 04 - 20)));
        assert_eq!(easter(2026), Some(date!(2026 - 04 - 05)));
    }

    #[test]
    fn weekends_and_holidays_do_not_count() {
        assert_eq!(
            deadline(datetime!(2026-11-20 10:00 UTC), 4),
            datetime!(2026-11-26 23:59:59 UTC)
        );
        assert_eq!(deadline(datetime!(2026-12-23 10:00 UTC), 2).date(), date!(2026 - 12 - 28));
        assert!(is_public_holiday(date!(2026 - 05 - 14)));
    }
}
