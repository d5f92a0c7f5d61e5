//! Reading a zone by its picture: the leaves of every parser of the crate.
//!
//! Each leaf takes the bytes of one zone and reads all of them. `Ok(None)` is "absent" (blanks, or zeros for a date); an `Err` is a zone that
//! the norm does not allow. "Digit" means ASCII 0-9.

use crate::types::{Date, Montant};
use nom::branch::alt;
use nom::bytes::complete::{take_while, take_while_m_n, take_while1};
use nom::combinator::{all_consuming, map_opt, value};
use nom::sequence::terminated;
use nom::{IResult, Parser};

/// A zone that its picture does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refus {
    /// Something other than digits followed by blanks (control C6).
    NonNumerique,
    /// Digits that no calendar has (control C8).
    DateImpossible,
}

fn blanks(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(|b| b == b' ').parse(input)
}

/// Digits then blanks: the norm right-justifies, senders sometimes leave blanks on the right (source A trims them).
fn digits(input: &[u8]) -> IResult<&[u8], u64> {
    map_opt(take_while1(|b: u8| b.is_ascii_digit()), |d: &[u8]| d.iter().try_fold(0u64, |n, b| n.checked_mul(10)?.checked_add(u64::from(b - b'0'))))
        .parse(input)
}

/// `9(n)`: the number, or `None` when the zone is blank. At most 19 digits fit; no numeric zone of the norms is longer but SIRET and
/// 15-digit identifiers, which are read as text.
pub fn nombre(zone: &[u8]) -> Result<Option<u64>, Refus> {
    all_consuming(alt((terminated(digits, blanks).map(Some), value(None, blanks)))).parse(zone).map(|(_, n)| n).map_err(|_| Refus::NonNumerique)
}

/// `9(n)V99`: an amount in centimes, or `None` when the zone is blank.
pub fn montant(zone: &[u8]) -> Result<Option<Montant>, Refus> {
    let n = nombre(zone)?;
    n.map(|n| i64::try_from(n).map(Montant::from_centimes).map_err(|_| Refus::NonNumerique)).transpose()
}

fn two(input: &[u8]) -> IResult<&[u8], u8> {
    take_while_m_n(2, 2, |b: u8| b.is_ascii_digit()).map(|d: &[u8]| (d[0] - b'0') * 10 + (d[1] - b'0')).parse(input)
}

/// A parser of the pairs of digits of a date: year, month, day.
type Paires = fn(&[u8]) -> IResult<&[u8], (u16, u8, u8)>;

/// Reads a date with its three or four pairs of digits in the order given by `order`.
fn date(zone: &[u8], order: Paires) -> Result<Option<Date>, Refus> {
    if zone.iter().all(|b| *b == b' ') || zone.iter().all(|b| *b == b'0') {
        return Ok(None);
    }
    let (_, (a, m, j)) = all_consuming(order).parse(zone).map_err(|_| Refus::NonNumerique)?;
    Date::new(a, m, j).map(Some).ok_or(Refus::DateImpossible)
}

/// AAMMJJ: the date, or `None` when the zone is blank or zero.
pub fn aammjj(zone: &[u8]) -> Result<Option<Date>, Refus> {
    date(zone, |i| (two, two, two).map(|(a, m, j)| (2000 + u16::from(a), m, j)).parse(i))
}

/// JJMMAA: the date, or `None` when the zone is blank or zero.
pub fn jjmmaa(zone: &[u8]) -> Result<Option<Date>, Refus> {
    date(zone, |i| (two, two, two).map(|(j, m, a)| (2000 + u16::from(a), m, j)).parse(i))
}

/// AAAAMMJJ: the date, or `None` when the zone is blank or zero.
pub fn aaaammjj(zone: &[u8]) -> Result<Option<Date>, Refus> {
    date(zone, |i| (two, two, two, two).map(|(s, a, m, j)| (u16::from(s) * 100 + u16::from(a), m, j)).parse(i))
}

/// AAMMJJHH: the date and the hour 0 to 23, or `None` when the zone is blank or zero.
pub fn aammjjhh(zone: &[u8]) -> Result<Option<(Date, u8)>, Refus> {
    let (jour, heure) = zone.split_at_checked(6).ok_or(Refus::NonNumerique)?;
    let Some(date) = aammjj(jour)? else { return Ok(None) };
    let (_, heure) = all_consuming(two).parse(heure).map_err(|_| Refus::NonNumerique)?;
    if heure < 24 { Ok(Some((date, heure))) } else { Err(Refus::DateImpossible) }
}

/// Text with blanks and NUL bytes (seen at the end of NOEMIE labels) cut on both sides; bytes outside ASCII are read as Latin-1.
#[must_use]
pub fn texte(zone: &[u8]) -> String {
    let text: String = zone.iter().map(|b| char::from(*b)).collect();
    text.trim_matches([' ', '\0']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_then_blanks() {
        assert_eq!(nombre(b"0042"), Ok(Some(42)));
        assert_eq!(nombre(b"42  "), Ok(Some(42)));
        assert_eq!(nombre(b"    "), Ok(None));
        for refused in [&b" 42 "[..], b"-042", b"4.20", b"O042", b"4 2 ", b"+042"] {
            assert_eq!(nombre(refused), Err(Refus::NonNumerique));
        }
    }

    #[test]
    fn twenty_nines_do_not_overflow() {
        assert_eq!(nombre(&[b'9'; 20]), Err(Refus::NonNumerique));
        assert_eq!(montant(b"18446744073709551615"), Err(Refus::NonNumerique));
    }

    #[test]
    fn dates_in_each_order() {
        let expect = Date::new(2026, 2, 1);
        assert_eq!(aammjj(b"260201"), Ok(expect));
        assert_eq!(jjmmaa(b"010226"), Ok(expect));
        assert_eq!(aaaammjj(b"20260201"), Ok(expect));
        assert_eq!(aammjjhh(b"26020123").expect("valid"), expect.map(|d| (d, 23)));
    }

    #[test]
    fn absent_and_impossible_dates() {
        assert_eq!(aammjj(b"000000"), Ok(None));
        assert_eq!(aammjj(b"      "), Ok(None));
        assert_eq!(aammjj(b"260230"), Err(Refus::DateImpossible));
        assert_eq!(aammjj(b"26 230"), Err(Refus::NonNumerique));
        assert_eq!(aammjjhh(b"26020124"), Err(Refus::DateImpossible));
    }

    #[test]
    fn labels_lose_their_padding() {
        assert_eq!(texte(b"  REJET \0\0"), "REJET");
    }
}
