//! Dates of six or eight digits, and birth dates, which may be lunar.

use std::fmt;

/// A calendar date that exists.
///
/// Six-digit dates carry no century: they are read as 20xx (the source reads the current century;
/// every exchange of this kind is later than 2000).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    annee: u16,
    mois: u8,
    jour: u8,
}

impl Date {
    /// A date, when the calendar has it.
    #[must_use]
    #[inline]
    pub fn new(annee: u16, mois: u8, jour: u8) -> Option<Self> {
        ((1..=12).contains(&mois) && jour >= 1 && jour <= days_in_month(annee, mois))
            .then_some(Self { annee, mois, jour })
    }

    /// Year on four digits.
    #[must_use]
    pub const fn annee(self) -> u16 {
        self.annee
    }

    /// Month, 1 to 12.
    #[must_use]
    pub const fn mois(self) -> u8 {
        self.mois
    }

    /// Day, 1 to 31.
    #[must_use]
    pub const fn jour(self) -> u8 {
        self.jour
    }

    /// Whole days since 1 March of year 0: for differences only.
    #[must_use]
    pub fn day_number(self) -> i64 {
        let (y, m) = if self.mois <= 2 {
            (i64::from(self.annee) - 1, i64::from(self.mois) + 9)
        } else {
            (i64::from(self.annee), i64::from(self.mois) - 3)
        };
        365 * y + y.div_euclid(4) - y.div_euclid(100)
            + y.div_euclid(400)
            + (153 * m + 2) / 5
            + i64::from(self.jour)
            - 1
    }

    /// Six digits AAMMJJ.
    #[must_use]
    pub fn aammjj(self) -> String {
        format!("{:02}{:02}{:02}", self.annee % 100, self.mois, self.jour)
    }

    /// Six digits JJMMAA.
    #[must_use]
    pub fn jjmmaa(self) -> String {
        format!("{:02}{:02}{:02}", self.jour, self.mois, self.annee % 100)
    }
}

impl fmt::Display for Date {
    /// ISO 8601.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.annee, self.mois, self.jour)
    }
}

const fn days_in_month(annee: u16, mois: u8) -> u8 {
    match mois {
        4 | 6 | 9 | 11 => 30,
        2 if annee.is_multiple_of(4)
            && (!annee.is_multiple_of(100) || annee.is_multiple_of(400)) =>
        {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// A birth date as sent: six characters AAMMJJ, which need not be a calendar date (month 20, day 00
/// … for persons born abroad).
///
/// Never printed. Kept as text through the whole chain, because an altered birth date loses the
/// person.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateNaissance([u8; 6]);

impl DateNaissance {
    /// Reads six characters in the order AAMMJJ.
    #[must_use]
    pub fn from_aammjj(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads six characters in the order JJMMAA.
    #[must_use]
    pub fn from_jjmmaa(bytes: &[u8]) -> Option<Self> {
        let raw: [u8; 6] = bytes.try_into().ok()?;
        Some(Self([raw[4], raw[5], raw[2], raw[3], raw[0], raw[1]]))
    }

    /// The six characters AAMMJJ (a byte that is not ASCII shows as `?`). The caller is responsible
    /// for where they go.
    #[must_use]
    pub fn expose(&self) -> String {
        self.0.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect()
    }

    /// The six characters JJMMAA.
    #[must_use]
    pub fn expose_jjmmaa(&self) -> String {
        let s = self.expose();
        format!("{}{}{}", &s[4..6], &s[2..4], &s[0..2])
    }
}

impl fmt::Debug for DateNaissance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DateNaissance(******)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_decides() {
        assert!(Date::new(2026, 2, 30).is_none());
        assert!(Date::new(2024, 2, 29).is_some());
        assert!(Date::new(2100, 2, 29).is_none());
        assert!(Date::new(2026, 13, 1).is_none());
    }

    #[test]
    fn a_year_is_365_days() {
        let day = |y| Date::new(y, 3, 1).expect("exists").day_number();
        assert_eq!(day(2026) - day(2025), 365);
        assert_eq!(day(2024) - day(2023), 366);
    }

    #[test]
    fn lunar_birth_dates_turn_without_loss() {
        let sent = DateNaissance::from_jjmmaa(b"002036").expect("six characters");
        assert_eq!(sent.expose(), "362000");
        assert_eq!(sent.expose_jjmmaa(), "002036");
        assert!(!format!("{sent:?}").contains("36"));
    }
}
