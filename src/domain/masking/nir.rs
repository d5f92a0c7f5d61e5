//! Decides which digits may be a NIR. `A` and `B` stand for the letter of a Corsican department;
//! [`super`] says which decision follows from what.

use noemie_parsers::types::{CleNir, Nir, cle_type_1_2_valide};

/// Length of a NIR without its key.
pub(super) const LENGTH: usize = 13;
/// Length of a NIR with its key.
pub(super) const LENGTH_WITH_KEY: usize = 15;
/// Length of a SIRET, of the SIREN that begins it, and the first digits of the NIC of companies
/// with less than 100 establishments.
const SIRET: usize = 14;
const SIREN: usize = 9;
const SMALL_NIC: &[u8] = b"000";
/// Lengths of a date and of a year in digits.
const DATE: usize = 8;
const YEAR: usize = 4;
/// Positions after which a written NIR has a separator.
const BREAKS: [usize; 6] = [1, 3, 5, 7, 10, 13];
/// Fewest separators from which the grouping is that of a NIR and no accident.
const MIN_BREAKS: usize = 3;

/// Returns whether digits in a row hold what may be a NIR.
pub(super) fn is_in_row(row: &str) -> bool {
    let row = row.as_bytes();
    let keyed = |number: &[u8]| {
        has_key(number)
            && (is_plausible(number)
                || (row.len() == LENGTH_WITH_KEY && matches!(row[0], b'1'..=b'8')))
    };
    if row.len() < LENGTH || is_siret(row) {
        return false;
    }
    if row.windows(LENGTH_WITH_KEY).any(keyed) {
        return true;
    }
    if is_recent_date(row) {
        return row[DATE..].windows(LENGTH).any(has_real_month);
    }
    let padding = row.iter().take_while(|digit| **digit == b'0').count();
    is_plausible(&row[padding..]) || row.windows(LENGTH).any(has_real_month)
}

/// Returns whether digits with separators after the positions `breaks` may be a NIR. `dated`: one
/// of the groups is a date.
pub(super) fn is_in_groups(number: &str, breaks: &[usize], dated: bool) -> bool {
    let bytes = number.as_bytes();
    let written = breaks.len() >= MIN_BREAKS && breaks.iter().all(|at| BREAKS.contains(at));
    match number.len() {
        LENGTH_WITH_KEY if is_plausible(bytes) && has_key(bytes) => true,
        LENGTH | LENGTH_WITH_KEY if written => is_plausible(bytes),
        LENGTH..=LENGTH_WITH_KEY => !dated && has_real_month(bytes) && is_in_row(number),
        _ => false,
    }
}

/// Returns whether hexadecimal digits begin or end with a usual NIR between other digits, or hold
/// one with its key. Of a million random digests fewer than a hundred do.
pub(super) fn is_in_digest(hex: &str) -> bool {
    let hex = hex.to_ascii_uppercase().into_bytes();
    let is_digit = |at: usize| hex.get(at).is_some_and(u8::is_ascii_digit);
    let edges =
        [LENGTH, LENGTH_WITH_KEY].into_iter().filter(|length| hex.len() > *length).any(|length| {
            let last = hex.len() - length;
            (is_usual(&hex[..length]) && !is_digit(length))
                || (is_usual(&hex[last..]) && !is_digit(last - 1))
        });
    edges || hex.windows(LENGTH_WITH_KEY).any(|number| is_usual(number) && has_key(number))
}

/// Returns whether a group of digits is a date, `AAAAMMJJ` or `JJMMAAAA`, or the year of one.
pub(super) fn is_date(group: &str) -> bool {
    let digits = group.as_bytes();
    match digits.len() {
        YEAR => is_recent_year(digits),
        DATE => is_day(digits, 0, 4, 6) || is_day(digits, 4, 2, 0),
        _ => false,
    }
}

/// Returns whether digits begin with a date of a recent year.
fn is_recent_date(row: &[u8]) -> bool {
    is_recent_year(row) && is_day(row, 0, 4, 6)
}

/// Returns whether digits begin with a year from 2022 that, as the start of a NIR, would have no
/// month of the calendar.
fn is_recent_year(digits: &[u8]) -> bool {
    matches!(digits, [b'2', b'0', b'2'..=b'9', b'2'..=b'9', ..])
}

/// Returns whether a year of this century, a month and a day stand at these positions.
fn is_day(digits: &[u8], year: usize, month: usize, day: usize) -> bool {
    digits[year..].starts_with(b"20")
        && matches!(two(digits, month), Some(1..=12))
        && matches!(two(digits, day), Some(1..=31))
}

/// Returns the number that the two digits at a position write.
fn two(digits: &[u8], at: usize) -> Option<u8> {
    let (tens, ones) = (*digits.get(at)?, *digits.get(at + 1)?);
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + ones - b'0')
}

/// Returns the sex and the month of the NIR that the first 13 digits may be.
fn sex_and_month(number: &[u8]) -> Option<(u8, u8)> {
    let nir = number.get(..LENGTH)?;
    Nir::from_bytes(nir)?;
    (nir[5..7] != *b"00").then_some((nir[0], two(nir, 3)?))
}

/// Returns whether the sex, the month and the department of the first 13 digits exist.
fn is_plausible(number: &[u8]) -> bool {
    matches!(sex_and_month(number), Some((b'1'..=b'4' | b'7' | b'8', 1..=12 | 20..=42 | 50..=99)))
}

/// Returns whether the first 13 digits are plausible and have a month of the calendar.
fn has_real_month(number: &[u8]) -> bool {
    is_plausible(number) && matches!(sex_and_month(number), Some((_, 1..=12)))
}

/// Returns whether the first 13 digits are a NIR of the most common form: sex 1 or 2, real month.
fn is_usual(number: &[u8]) -> bool {
    has_real_month(number) && matches!(number[0], b'1' | b'2')
}

/// Returns whether the last 2 of 15 digits are the key of a NIR.
fn has_key(number: &[u8]) -> bool {
    let key = number.get(LENGTH..LENGTH_WITH_KEY).and_then(CleNir::from_bytes);
    let nir = number.get(..LENGTH).and_then(Nir::from_bytes);
    nir.zip(key).is_some_and(|(nir, key)| nir.cle() == key)
}

/// Returns whether 14 digits are a SIRET by Luhn's check digit rather than a NIR and one digit.
fn is_siret(number: &[u8]) -> bool {
    if number.len() != SIRET || !has_luhn_key(number) {
        return false;
    }
    let (siren, nic) = number.split_at(SIREN);
    let like_a_nir = is_usual(number) || is_usual(&number[1..]);
    !like_a_nir || (has_luhn_key(siren) && nic.starts_with(SMALL_NIC))
}

/// Returns whether the last of the digits is Luhn's check digit.
fn has_luhn_key(digits: &[u8]) -> bool {
    digits.iter().all(u8::is_ascii_digit) && cle_type_1_2_valide(digits)
}
