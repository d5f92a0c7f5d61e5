//! Business days of an insurer: Monday to Friday without the public holidays of its territory.
//! The insurer's promises are counted in them, as days of Europe/Paris.

use super::civil_time::{end_of_paris_day, paris_date};
use super::codes::coded;
use time::{Date, Duration, Month, OffsetDateTime, Weekday};

/// Business days in which a DRE is paid after its reception: the insurer's promise.
pub const DRE_DAYS: u32 = 4;

/// Bound of the search for the next business day: no territory has so many days off in a row.
const MAX_DAYS_OFF: u32 = 10;

coded! {
    /// The territory whose public holidays an insurer keeps.
    Territory {
        /// France without the departments of Alsace and Moselle.
        Mainland = "mainland", "France métropolitaine";
        /// Bas-Rhin, Haut-Rhin and Moselle: the ordinance of 16 August 1892 adds two days.
        AlsaceMoselle = "alsace-moselle", "Alsace-Moselle";
        /// Guadeloupe.
        Guadeloupe = "guadeloupe", "Guadeloupe";
        /// Martinique.
        Martinique = "martinique", "Martinique";
        /// Guyane.
        Guyane = "guyane", "Guyane";
        /// La Réunion.
        LaReunion = "la-reunion", "La Réunion";
        /// Mayotte.
        Mayotte = "mayotte", "Mayotte";
        /// Saint-Barthélemy.
        SaintBarthelemy = "saint-barthelemy", "Saint-Barthélemy";
        /// Saint-Martin.
        SaintMartin = "saint-martin", "Saint-Martin";
        /// Saint-Pierre-et-Miquelon.
        SaintPierreEtMiquelon = "saint-pierre-et-miquelon", "Saint-Pierre-et-Miquelon";
        /// Polynésie française.
        PolynesieFrancaise = "polynesie-francaise", "Polynésie française";
        /// Nouvelle-Calédonie.
        NouvelleCaledonie = "nouvelle-caledonie", "Nouvelle-Calédonie";
        /// Wallis-et-Futuna.
        WallisEtFutuna = "wallis-et-futuna", "Wallis-et-Futuna";
    }
}

/// The calendar of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// Territory whose holidays are kept.
    pub territory: Territory,
    /// Whether Good Friday is kept in Alsace-Moselle, where the law gives it to communes that have
    /// a Protestant church or one shared by two confessions. No effect elsewhere.
    pub good_friday: bool,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { territory: Territory::Mainland, good_friday: true }
    }
}

impl Calendar {
    /// Returns the last second, in Paris, of the `days`-th business day after the day of an
    /// instant. The day of the instant does not count, whatever its hour.
    #[must_use]
    pub fn deadline(&self, received: OffsetDateTime, days: u32) -> OffsetDateTime {
        let mut date = paris_date(received);
        for _ in 0..days {
            date = self.next_business_day(date);
        }
        end_of_paris_day(date)
    }

    fn next_business_day(&self, after: Date) -> Date {
        let mut date = after;
        for _ in 0..MAX_DAYS_OFF {
            date = date.saturating_add(Duration::DAY);
            if self.is_business_day(date) {
                break;
            }
        }
        date
    }

    /// Returns whether banks and caisses of the territory work that day.
    #[must_use]
    pub fn is_business_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.is_public_holiday(date)
    }

    /// Returns whether the day is a public holiday of the territory: the list of the labour code
    /// (articles L3133-1 and L3422-2), the law of 1892 in Alsace-Moselle, and local law in the
    /// Pacific. Whit Monday is on that list in every year, also in 2005 to 2007, when most people
    /// worked.
    #[must_use]
    pub fn is_public_holiday(&self, date: Date) -> bool {
        let after_easter = easter(date.year()).map(|easter| (date - easter).whole_days());
        is_national(date, after_easter) || self.is_local(date, after_easter)
    }

    /// Returns whether the day is a holiday of this territory only. Days that custom gives but no
    /// law (mid-Lent, Schœlcher's day) are business days; `testdata/holidays/differences.tsv` lists
    /// them.
    fn is_local(&self, date: Date, after_easter: Option<i64>) -> bool {
        let day = (u8::from(date.month()), date.day());
        let good_friday = after_easter == Some(-2);
        match self.territory {
            Territory::Mainland | Territory::SaintPierreEtMiquelon => false,
            Territory::AlsaceMoselle => day == (12, 26) || (self.good_friday && good_friday),
            Territory::Guadeloupe => day == (5, 27),
            Territory::Martinique => day == (5, 22),
            Territory::Guyane => day == (6, 10),
            Territory::LaReunion => day == (12, 20),
            Territory::Mayotte => day == (4, 27),
            // The code has the days of abolition of these two territories since 2012.
            Territory::SaintBarthelemy => day == (10, 9) && date.year() >= 2012,
            Territory::SaintMartin => day == (5, 28) && date.year() >= 2012,
            Territory::PolynesieFrancaise => {
                // Matāri'i replaced the day of autonomy in 2025.
                let november = date.year() >= 2025;
                good_friday || day == (3, 5) || day == if november { (11, 20) } else { (6, 29) }
            }
            Territory::NouvelleCaledonie => day == (9, 24),
            Territory::WallisEtFutuna => matches!(day, (4, 28) | (6, 29) | (7, 29)),
        }
    }
}

/// Returns whether the day is one of the eleven holidays of every territory.
fn is_national(date: Date, after_easter: Option<i64>) -> bool {
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
    fixed || matches!(after_easter, Some(1 | 39 | 50))
}

/// Returns Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher).
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
    use proptest::prelude::*;
    use time::macros::{date, datetime};

    #[test]
    fn easter_of_known_years() {
        assert_eq!(easter(2024), Some(date!(2024 - 03 - 31)));
        assert_eq!(easter(2025), Some(date!(2025 - 04 - 20)));
        assert_eq!(easter(2026), Some(date!(2026 - 04 - 05)));
    }

    #[test]
    fn weekends_and_holidays_do_not_count() {
        let calendar = Calendar::default();
        // Winter: the day in Paris ends at 23:00 UTC.
        assert_eq!(
            calendar.deadline(datetime!(2026-11-20 10:00 UTC), 4),
            datetime!(2026-11-26 22:59:59 UTC)
        );
        // Christmas is a Friday: the second business day after Wednesday 23 is Monday 28.
        assert_eq!(
            calendar.deadline(datetime!(2026-12-23 10:00 UTC), 2),
            datetime!(2026-12-28 22:59:59 UTC)
        );
        assert!(calendar.is_public_holiday(date!(2026 - 05 - 14)));
    }

    #[test]
    fn a_deposit_half_past_midnight_in_paris_counts_from_the_new_day() {
        let calendar = Calendar::default();
        // Monday 13 July 22:30 UTC is Tuesday 14, a holiday, 00:30 in Paris.
        assert_eq!(
            calendar.deadline(datetime!(2026-07-13 22:30 UTC), 4),
            datetime!(2026-07-20 21:59:59 UTC)
        );
        // The same hour in winter: Sunday evening in UTC, Monday in Paris.
        assert_eq!(
            calendar.deadline(datetime!(2026-02-01 23:30 UTC), 4),
            datetime!(2026-02-06 22:59:59 UTC)
        );
        // Year's end: 1 January 2027 is a Friday.
        assert_eq!(
            calendar.deadline(datetime!(2026-12-31 23:30 UTC), 1),
            datetime!(2027-01-04 22:59:59 UTC)
        );
    }

    #[test]
    fn the_change_of_clocks_moves_no_day() {
        let calendar = Calendar::default();
        // Received on Friday before the change of 29 March 2026: the due day ends in summer time.
        assert_eq!(
            calendar.deadline(datetime!(2026-03-27 12:00 UTC), 1),
            datetime!(2026-03-30 21:59:59 UTC)
        );
        // 23 October before the change of 25 October 2026: in winter time.
        assert_eq!(
            calendar.deadline(datetime!(2026-10-23 12:00 UTC), 1),
            datetime!(2026-10-26 22:59:59 UTC)
        );
    }

    #[test]
    fn good_friday_in_alsace_moselle_is_a_setting() {
        let with = |territory, good_friday| {
            Calendar { territory, good_friday }.is_public_holiday(date!(2026 - 04 - 03))
        };
        assert!(with(Territory::AlsaceMoselle, true));
        assert!(!with(Territory::AlsaceMoselle, false));
        assert!(!with(Territory::Mainland, true));
    }

    proptest! {
        #[test]
        fn a_deadline_is_a_business_day_and_counts_each_one_once(
            minutes in 0_i64..32_000_000,
            days in 0_u32..12,
            territory in proptest::sample::select(Territory::ALL),
        ) {
            let calendar = Calendar { territory, good_friday: true };
            let received = datetime!(1990-01-01 00:00 UTC) + Duration::minutes(minutes);
            let deadline = calendar.deadline(received, days);
            let (from, to) = (paris_date(received), paris_date(deadline));
            prop_assert_eq!(end_of_paris_day(to), deadline);
            let mut day = from;
            let mut counted = 0;
            while day < to {
                day = day.next_day().expect("before 2051");
                counted += u32::from(calendar.is_business_day(day));
            }
            prop_assert_eq!(counted, days);
            prop_assert!(days == 0 || calendar.is_business_day(to));
        }
    }
}
