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

/// Up to eight digits at once; `None` for anything else, which the grammar above then reads.
///
/// The bytes stand in one `u64`, the first highest, zeros before them. Overlapping loads of a short slice say the same bytes twice at the same
/// place, so that `|` joins them.
#[inline(always)]
fn huit_chiffres(zone: &[u8]) -> Option<u64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let n = zone.len();
    let (octets, vides) = match (zone.first_chunk::<4>(), zone.last_chunk::<4>()) {
        _ if n == 0 || n > 8 => return None,
        (Some(debut), Some(fin)) => (u64::from(u32::from_be_bytes(*debut)) << (8 * (n - 4)) | u64::from(u32::from_be_bytes(*fin)), 8 - n),
        _ => (u64::from(zone[0]) << (8 * (n - 1)) | u64::from(zone[n / 2]) << (8 * (n - 1 - n / 2)) | u64::from(zone[n - 1]), 8 - n),
    };
    let octets = if vides == 0 { octets } else { octets | ZEROS << (8 * n) };
    let haut = octets & 0xf0f0_f0f0_f0f0_f0f0;
    let bas = octets.wrapping_add(0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0;
    if haut | bas >> 4 != 0x3333_3333_3333_3333 {
        return None;
    }
    // Pairs, then fours, then eight: each step adds ten, a hundred, ten thousand times the left half to the right one.
    let v = octets.swap_bytes() & 0x0f0f_0f0f_0f0f_0f0f;
    let v = v.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let v = v.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    Some(v.wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// Up to sixteen digits in two halves.
#[inline(always)]
fn seize_chiffres(zone: &[u8]) -> Option<u64> {
    if zone.len() <= 8 {
        return huit_chiffres(zone);
    }
    let (debut, fin) = zone.split_last_chunk::<8>()?;
    Some(huit_chiffres(debut)? * 100_000_000 + huit_chiffres(fin)?)
}

/// `9(n)`: the number, or `None` when the zone is blank. At most 19 digits fit; no numeric zone of the norms is longer but SIRET and
/// 15-digit identifiers, which are read as text.
#[inline(always)]
pub fn nombre(zone: &[u8]) -> Result<Option<u64>, Refus> {
    seize_chiffres(zone).map_or_else(|| nombre_a_trous(zone), |n| Ok(Some(n)))
}

/// The grammar: digits then blanks, or blanks alone.
#[cold]
fn nombre_a_trous(zone: &[u8]) -> Result<Option<u64>, Refus> {
    all_consuming(alt((terminated(digits, blanks).map(Some), value(None, blanks)))).parse(zone).map(|(_, n)| n).map_err(|_| Refus::NonNumerique)
}

/// `9(n)V99`: an amount in centimes, or `None` when the zone is blank.
#[inline]
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
#[cold]
fn date(zone: &[u8], order: Paires) -> Result<Option<Date>, Refus> {
    if zone.iter().all(|b| *b == b' ') || zone.iter().all(|b| *b == b'0') {
        return Ok(None);
    }
    let (_, (a, m, j)) = all_consuming(order).parse(zone).map_err(|_| Refus::NonNumerique)?;
    Date::new(a, m, j).map(Some).ok_or(Refus::DateImpossible)
}

/// The three pairs of a date of six digits; `None` when it is no digits, or zero: absent dates and faults are read by [`date`].
#[inline]
fn trois_paires(zone: &[u8]) -> Option<(u8, u8, u8)> {
    if zone.len() != 6 {
        return None;
    }
    let n = huit_chiffres(zone).filter(|n| *n != 0)?;
    let paire = |n: u64| u8::try_from(n % 100).unwrap_or_default();
    Some((paire(n / 10_000), paire(n / 100), paire(n)))
}

/// AAMMJJ: the date, or `None` when the zone is blank or zero.
#[inline]
pub fn aammjj(zone: &[u8]) -> Result<Option<Date>, Refus> {
    if let Some((a, m, j)) = trois_paires(zone) {
        return Date::new(2000 + u16::from(a), m, j).map(Some).ok_or(Refus::DateImpossible);
    }
    date(zone, |i| (two, two, two).map(|(a, m, j)| (2000 + u16::from(a), m, j)).parse(i))
}

/// JJMMAA: the date, or `None` when the zone is blank or zero.
pub fn jjmmaa(zone: &[u8]) -> Result<Option<Date>, Refus> {
    if let Some((j, m, a)) = trois_paires(zone) {
        return Date::new(2000 + u16::from(a), m, j).map(Some).ok_or(Refus::DateImpossible);
    }
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
    if let Some(ascii) = std::str::from_utf8(zone).ok().filter(|t| t.is_ascii()) {
        return ascii.trim_matches([' ', '\0']).to_owned();
    }
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
    fn every_length_of_digits_and_every_wrong_byte() {
        let digits = b"1234567890123456789";
        for len in 1..=19 {
            let expect = std::str::from_utf8(&digits[..len]).expect("ASCII").parse().ok();
            assert_eq!(nombre(&digits[..len]), Ok(expect));
            for place in 0..len {
                for wrong in (0..=u8::MAX).filter(|b| !b.is_ascii_digit() && *b != b' ') {
                    let mut zone = digits[..len].to_vec();
                    zone[place] = wrong;
                    assert_eq!(nombre(&zone), Err(Refus::NonNumerique), "{len} {place} {wrong}");
                }
            }
        }
        assert_eq!(nombre(b""), Ok(None));
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
