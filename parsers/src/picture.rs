//! Reading a zone by its picture: the leaves of every parser of the crate.
//!
//! Each leaf takes the bytes of one zone and reads all of them. `Ok(None)` is "absent" (blanks, or
//! zeros for a date); an `Err` is a zone that the norm does not allow. "Digit" means ASCII 0-9.

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

/// Digits then blanks: the norm right-justifies, senders sometimes leave blanks on the right
/// (source A trims them).
fn digits(input: &[u8]) -> IResult<&[u8], u64> {
    map_opt(take_while1(|b: u8| b.is_ascii_digit()), |d: &[u8]| {
        d.iter().try_fold(0u64, |n, b| n.checked_mul(10)?.checked_add(u64::from(b - b'0')))
    })
    .parse(input)
}

/// Eight bytes as digits 0 to 9, one a byte, the first lowest; `None` when one of them is no digit.
#[inline(always)]
const fn huit_valeurs(octets: u64) -> Option<u64> {
    let v = octets ^ ZEROS;
    // 0x76 takes any byte from ten on to its high bit; a carry can only come from a byte already
    // refused.
    if (v | v.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 == 0 {
        Some(v)
    } else {
        None
    }
}

/// Eight digits `0`.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Four to eight bytes in one `u64`, the last highest, digits `0` before the first. The two loads
/// of a short zone say the same bytes at the same place, so that `|` joins them.
#[inline(always)]
fn cadrer(zone: &[u8]) -> Option<u64> {
    let vides = 8usize.checked_sub(zone.len())?;
    let (debut, fin) =
        (u32::from_le_bytes(*zone.first_chunk()?), u32::from_le_bytes(*zone.last_chunk()?));
    let zeros = if vides == 0 { 0 } else { ZEROS >> (64 - 8 * vides) };
    Some(u64::from(debut) << (8 * vides) | u64::from(fin) << 32 | zeros)
}

/// One to eight digits; `None` for anything else, which the grammar above then reads.
#[inline(always)]
fn huit_chiffres(zone: &[u8]) -> Option<u64> {
    if zone.len() < 4 {
        return trois_chiffres(zone);
    }
    let v = huit_valeurs(cadrer(zone)?)?;
    // Pairs, then each pair by its weight, the first and third at once, the second and fourth at
    // once.
    let paires = v.wrapping_mul(10).wrapping_add(v >> 8);
    let impaires = (paires & 0xff_0000_00ff).wrapping_mul(1_000_000 << 32 | 100);
    let autres = (paires >> 16 & 0xff_0000_00ff).wrapping_mul(10_000 << 32 | 1);
    Some(impaires.wrapping_add(autres) >> 32)
}

/// One to three digits.
#[inline(always)]
fn trois_chiffres(zone: &[u8]) -> Option<u64> {
    let valeur = |b: u8| Some(u64::from(b ^ b'0')).filter(|v| *v < 10);
    match *zone {
        [a] => valeur(a),
        [a, b] => Some(valeur(a)? * 10 + valeur(b)?),
        [a, b, c] => Some(valeur(a)? * 100 + valeur(b)? * 10 + valeur(c)?),
        _ => None,
    }
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

/// `9(n)`: the number, or `None` when the zone is blank. At most 19 digits fit; no numeric zone of
/// the norms is longer but SIRET and 15-digit identifiers, which are read as text.
#[inline(always)]
pub fn nombre(zone: &[u8]) -> Result<Option<u64>, Refus> {
    match seize_chiffres(zone) {
        None if que_des_blancs(zone) => Ok(None),
        None => nombre_a_trous(zone),
        nombre => Ok(nombre),
    }
}

#[inline(always)]
fn que_des_blancs(zone: &[u8]) -> bool {
    zone.iter().all(|b| *b == b' ')
}

/// The grammar: digits then blanks, or blanks alone.
#[cold]
fn nombre_a_trous(zone: &[u8]) -> Result<Option<u64>, Refus> {
    all_consuming(alt((terminated(digits, blanks).map(Some), value(None, blanks))))
        .parse(zone)
        .map(|(_, n)| n)
        .map_err(|_| Refus::NonNumerique)
}

/// `9(n)V99`: an amount in centimes, or `None` when the zone is blank.
#[inline]
pub fn montant(zone: &[u8]) -> Result<Option<Montant>, Refus> {
    let n = nombre(zone)?;
    n.map(|n| i64::try_from(n).map(Montant::from_centimes).map_err(|_| Refus::NonNumerique))
        .transpose()
}

fn two(input: &[u8]) -> IResult<&[u8], u8> {
    take_while_m_n(2, 2, |b: u8| b.is_ascii_digit())
        .map(|d: &[u8]| (d[0] - b'0') * 10 + (d[1] - b'0'))
        .parse(input)
}

/// A parser of the pairs of digits of a date: year, month, day.
type Paires = fn(&[u8]) -> IResult<&[u8], (u16, u8, u8)>;

/// Reads a date with its three or four pairs of digits in the order given by `order`.
#[cold]
fn date(zone: &[u8], order: Paires) -> Result<Option<Date>, Refus> {
    if que_des_blancs(zone) || zone.iter().all(|b| *b == b'0') {
        return Ok(None);
    }
    let (_, (a, m, j)) = all_consuming(order).parse(zone).map_err(|_| Refus::NonNumerique)?;
    Date::new(a, m, j).map(Some).ok_or(Refus::DateImpossible)
}

/// The three pairs of a date of six digits; `None` for anything else, which [`date`] reads.
#[inline(always)]
fn trois_paires(zone: &[u8]) -> Option<(u8, u8, u8)> {
    if zone.len() != 6 {
        return None;
    }
    let v = huit_valeurs(cadrer(zone)?)?;
    let [_, _, a, _, b, _, c, _] = v.wrapping_mul(10).wrapping_add(v >> 8).to_le_bytes();
    Some((a, b, c))
}

/// Reads a date of six digits by its pairs: zeros are absent, and what no calendar has is refused.
#[inline(always)]
fn du_calendrier(annee: u8, mois: u8, jour: u8) -> Result<Option<Date>, Refus> {
    match Date::new(2000 + u16::from(annee), mois, jour) {
        None if annee | mois | jour != 0 => Err(Refus::DateImpossible),
        date => Ok(date),
    }
}

/// AAMMJJ: the date, or `None` when the zone is blank or zero.
#[inline(always)]
pub fn aammjj(zone: &[u8]) -> Result<Option<Date>, Refus> {
    if let Some((a, m, j)) = trois_paires(zone) {
        return du_calendrier(a, m, j);
    }
    if que_des_blancs(zone) {
        return Ok(None);
    }
    date(zone, |i| (two, two, two).map(|(a, m, j)| (2000 + u16::from(a), m, j)).parse(i))
}

/// JJMMAA: the date, or `None` when the zone is blank or zero.
#[inline(always)]
pub fn jjmmaa(zone: &[u8]) -> Result<Option<Date>, Refus> {
    if let Some((j, m, a)) = trois_paires(zone) {
        return du_calendrier(a, m, j);
    }
    if que_des_blancs(zone) {
        return Ok(None);
    }
    date(zone, |i| (two, two, two).map(|(j, m, a)| (2000 + u16::from(a), m, j)).parse(i))
}

/// AAAAMMJJ: the date, or `None` when the zone is blank or zero.
pub fn aaaammjj(zone: &[u8]) -> Result<Option<Date>, Refus> {
    date(zone, |i| {
        (two, two, two, two).map(|(s, a, m, j)| (u16::from(s) * 100 + u16::from(a), m, j)).parse(i)
    })
}

/// AAMMJJHH: the date and the hour 0 to 23, or `None` when the zone is blank or zero.
pub fn aammjjhh(zone: &[u8]) -> Result<Option<(Date, u8)>, Refus> {
    let (jour, heure) = zone.split_at_checked(6).ok_or(Refus::NonNumerique)?;
    let Some(date) = aammjj(jour)? else { return Ok(None) };
    let (_, heure) = all_consuming(two).parse(heure).map_err(|_| Refus::NonNumerique)?;
    if heure < 24 { Ok(Some((date, heure))) } else { Err(Refus::DateImpossible) }
}

/// Text with blanks and NUL bytes (seen at the end of NOEMIE labels) cut on both sides; bytes
/// outside ASCII are read as Latin-1.
#[must_use]
pub fn texte(zone: &[u8]) -> String {
    let mut utile = zone;
    // Labels are mostly blanks: eight at a time, then one.
    while let Some((debut, b"        ")) = utile.split_last_chunk() {
        utile = debut;
    }
    while let [debut @ .., b' ' | 0] = utile {
        utile = debut;
    }
    while let [b' ' | 0, fin @ ..] = utile {
        utile = fin;
    }
    match std::str::from_utf8(utile) {
        Ok(texte) if texte.is_ascii() => texte.to_owned(),
        _ => utile.iter().map(|b| char::from(*b)).collect(),
    }
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
        assert_eq!(
            texte(b"VERIFIER LES DROITS \0                  \0        "),
            "VERIFIER LES DROITS"
        );
        assert_eq!(texte(&[b'F', 0xe9, b'E', b' ']), "F\u{e9}E");
        assert_eq!((texte(&[b' '; 17]).as_str(), texte(b"").as_str()), ("", ""));
    }
}
