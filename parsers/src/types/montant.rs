//! Money: whole centimes.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

/// An amount in centimes. Negative only where a return takes money back (sign N).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Montant(i64);

impl Montant {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// From whole centimes.
    #[must_use]
    pub const fn from_centimes(centimes: i64) -> Self {
        Self(centimes)
    }

    /// Whole centimes.
    #[must_use]
    pub const fn centimes(self) -> i64 {
        self.0
    }
}

impl Add for Montant {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Montant {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Montant {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Montant {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Montant {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Montant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let centimes = self.0.unsigned_abs();
        write!(f, "{sign}{},{:02}", centimes / 100, centimes % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_in_euros_with_a_comma() {
        assert_eq!(Montant::from_centimes(123_405).to_string(), "1234,05");
        assert_eq!(Montant::from_centimes(-7).to_string(), "-0,07");
    }
}
