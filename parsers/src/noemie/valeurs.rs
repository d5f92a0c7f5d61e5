//! Values whose reading depends on who wrote them: dates of six digits, in JJMMAA by the norm but
//! left in AAMMJJ by some insurers.

use crate::picture;
use crate::types::{Date, DateNaissance};
use std::fmt;

/// Six characters of a date whose order the file does not tell; not a person's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateBrute([u8; 6]);

impl DateBrute {
    pub(super) fn lire(zone: &[u8]) -> Self {
        Self(zone.try_into().unwrap_or([b' '; 6]))
    }

    /// The six characters as found (a byte that is not ASCII shows as `?`).
    #[must_use]
    pub fn brute(&self) -> String {
        self.0.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect()
    }

    /// Whether it is blank or zero.
    #[must_use]
    pub fn absente(&self) -> bool {
        self.0 == *b"      " || self.0 == *b"000000"
    }

    /// Read as JJMMAA, the order of the norm.
    #[must_use]
    pub fn jjmmaa(&self) -> Option<Date> {
        picture::jjmmaa(&self.0).ok().flatten()
    }

    /// Read as AAMMJJ, as some insurers leave it (lot date of 102).
    #[must_use]
    pub fn aammjj(&self) -> Option<Date> {
        picture::aammjj(&self.0).ok().flatten()
    }
}

impl fmt::Debug for DateBrute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DateBrute({})", self.brute())
    }
}

/// Six characters of a birth date whose order the file does not tell. Never printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NaissanceBrute([u8; 6]);

impl NaissanceBrute {
    pub(super) fn lire(zone: &[u8]) -> Option<Self> {
        let brute: [u8; 6] = zone.try_into().ok()?;
        (brute != *b"      " && brute != *b"000000").then_some(Self(brute))
    }

    /// The six bytes as found. The caller is responsible for where they go.
    #[must_use]
    pub fn expose(&self) -> [u8; 6] {
        self.0
    }

    /// Read as JJMMAA, the order of the norm.
    #[must_use]
    pub fn jjmmaa(&self) -> Option<DateNaissance> {
        DateNaissance::from_jjmmaa(&self.0)
    }

    /// Read as AAMMJJ, as insurers leave it in 103.
    #[must_use]
    pub fn aammjj(&self) -> Option<DateNaissance> {
        DateNaissance::from_aammjj(&self.0)
    }
}

impl fmt::Debug for NaissanceBrute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NaissanceBrute(******)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_are_kept_open() {
        let date = DateBrute::lire(b"260203");
        assert_eq!(date.aammjj(), Date::new(2026, 2, 3));
        assert_eq!(date.jjmmaa(), Date::new(2003, 2, 26));
        assert!(DateBrute::lire(b"000000").absente() && DateBrute::lire(b"").absente());
    }

    #[test]
    fn births_are_never_printed() {
        let naissance = NaissanceBrute::lire(b"361320").expect("filled");
        assert!(!format!("{naissance:?}").contains("36"));
        assert_eq!(naissance.jjmmaa(), DateNaissance::from_aammjj(b"201336"));
        assert!(NaissanceBrute::lire(b"000000").is_none());
    }
}
