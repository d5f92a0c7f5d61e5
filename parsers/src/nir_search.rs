//! Finds what looks like a NIR in the bytes of a record, whatever its table says.
//!
//! A table gives the columns of a NIR in records of its type. When the type itself is damaged, the
//! table is that of another record: a `2S` whose first byte became `4` has its NIR in zones that
//! are shown. So the bytes are searched after the table was applied.
//!
//! A fixed record is full of digits, and most 13 digits in a row are amounts and dates. The search
//! therefore asks for more than digits: the parts of a NIR, and beside them a column where the norm
//! has a NIR in some record, or the key, or limits on both sides.

use crate::types::{CleNir, Nir};
use std::ops::Range;

/// Length of a NIR without its key.
pub(crate) const LENGTH: usize = 13;

/// Length of the key behind it.
const KEY: usize = 2;

/// Groups of a NIR as people write it: `1 85 07 60 057 018`, then the key.
const GROUPS: [usize; 6] = [1, 2, 2, 2, 3, 3];

/// Columns, 0-based, where a record of norm B2 has a NIR: the prefix of an invoice, and the 2S. A
/// damaged type moves no column.
pub const B2_COLUMNS: &[usize] = &[11, 49];

/// Hides every NIR of a record. At one of the `columns`, a number needs neither key nor limits.
pub fn hide(bytes: &[u8], hidden: &mut [bool], columns: &[usize]) {
    for span in spans(bytes, columns) {
        let end = span.end.min(hidden.len());
        hidden[span.start..end].fill(true);
    }
}

/// Returns the columns, 0-based, of every NIR of a record, key included; `columns` as for [`hide`].
pub fn spans<'b>(bytes: &'b [u8], columns: &'b [usize]) -> impl Iterator<Item = Range<usize>> + 'b {
    (0..bytes.len()).filter_map(|start| span_at(bytes, start, columns.contains(&start)))
}

/// Returns the columns, 0-based, of every NIR of a record of norm B2 but that of the invoice's prefix.
pub(crate) fn beyond_prefix(record: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let has_prefix = matches!(record.first(), Some(b'2'..=b'5')) && has_prefix(record);
    let prefix = if has_prefix { B2_COLUMNS[0] + LENGTH + KEY } else { 0 };
    spans(record, B2_COLUMNS).filter(move |span| span.end > prefix)
}

/// Hides the columns of a NIR and its key in a record of another type: also a number that is not
/// plausible, because the norm has provisional ones (sex 5, 6) and senders have unknown months,
/// departments 00 and orders 000. Amounts begin with zeros there, and stay.
pub fn hide_columns(bytes: &[u8], hidden: &mut [bool]) {
    for start in B2_COLUMNS {
        let end = start + LENGTH + KEY;
        let (Some(number), Some(columns)) = (bytes.get(*start..end), hidden.get_mut(*start..end))
        else {
            continue;
        };
        let (nir, key) = number.split_at(LENGTH);
        let has_sex = matches!(nir[0], b'1'..=b'8');
        if has_sex && read(nir).is_some() && key.iter().all(u8::is_ascii_digit) {
            columns.fill(true);
        }
    }
}

/// Returns whether an invoice's prefix (PS, a blank, NIR) begins the record: records 2 to 5 have
/// it, and no other type has a blank there with 13 digits behind.
#[must_use]
pub fn has_prefix(bytes: &[u8]) -> bool {
    bytes.get(10) == Some(&b' ') && bytes.get(11..11 + LENGTH).is_some_and(is_filled)
}

/// Returns whether 13 bytes are written like a NIR and are not all zeros.
fn is_filled(bytes: &[u8]) -> bool {
    bytes.iter().any(|b| *b != b'0') && read(bytes).is_some()
}

/// Returns the NIR that begins at `start`, key included.
fn span_at(bytes: &[u8], start: usize, expected: bool) -> Option<Range<usize>> {
    if !bytes[start].is_ascii_digit() {
        return None;
    }
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let apart = start == 0 || !is_digit(start - 1);
    if let Some(end) = grouped(&bytes[start..]).map(|length| start + length)
        && apart
        && !is_digit(end)
    {
        return Some(start..end);
    }
    let end = start + LENGTH;
    let nir = read(bytes.get(start..end)?).filter(is_plausible)?;
    let two_digits = is_digit(end) && is_digit(end + 1);
    let closed = !is_digit(end) || (two_digits && !is_digit(end + KEY));
    let keyed = is_key(&nir, bytes.get(end..end + KEY));
    if !(expected || (keyed && is_usual(&nir)) || (apart && closed)) {
        return None;
    }
    let spaced = bytes.get(end + 1..end + 1 + KEY).filter(|_| bytes[end] == b' ');
    let key_after_blank = is_key(&nir, spaced) && !is_digit(end + 1 + KEY);
    Some(
        start
            ..end
                + if two_digits {
                    KEY
                } else if key_after_blank {
                    1 + KEY
                } else {
                    0
                },
    )
}

/// Length of a NIR written in groups at the start of `bytes`, its key included.
fn grouped(bytes: &[u8]) -> Option<usize> {
    let mut compact = Vec::with_capacity(LENGTH);
    let mut at = 0;
    for (rank, group) in GROUPS.into_iter().enumerate() {
        if rank > 0 {
            (bytes.get(at) == Some(&b' ')).then_some(())?;
            at += 1;
        }
        compact.extend_from_slice(bytes.get(at..at + group)?);
        at += group;
    }
    let nir = read(&compact).filter(is_plausible)?;
    let key = bytes.get(at + 1..at + 1 + KEY).filter(|_| bytes[at] == b' ');
    Some(if is_key(&nir, key) { at + 1 + KEY } else { at })
}

/// Reads 13 bytes, also with a small letter of a Corsican department.
fn read(bytes: &[u8]) -> Option<Nir> {
    Nir::from_bytes(&bytes.to_ascii_uppercase())
}

fn is_key(nir: &Nir, key: Option<&[u8]>) -> bool {
    key.and_then(CleNir::from_bytes) == Some(nir.cle())
}

/// Returns whether the parts of a number are those of a NIR: sex, a month or one of the codes that
/// stand for an unknown one, a department, a commune, an order.
fn is_plausible(nir: &Nir) -> bool {
    let digits = nir.expose().as_bytes();
    let month = matches!(month(digits), 1..=12 | 20 | 30..=42 | 50..=99);
    let department = digits[5..7] != *b"00";
    let place = digits[7..10] != *b"000" && digits[10..] != *b"000";
    matches!(digits[0], b'1'..=b'4' | b'7' | b'8') && month && department && place
}

/// Returns whether a number is of the most common form: sex 1 or 2, a known month. Of the digits
/// that satisfy the key by chance, one in thirty has it.
fn is_usual(nir: &Nir) -> bool {
    let digits = nir.expose().as_bytes();
    matches!(digits[0], b'1' | b'2') && matches!(month(digits), 1..=12)
}

fn month(digits: &[u8]) -> u8 {
    (digits[3] - b'0') * 10 + digits[4] - b'0'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, columns: &[usize], expect: &str) {
        let mut hidden = vec![false; text.len()];
        hide(text.as_bytes(), &mut hidden, columns);
        let shown: String =
            text.chars().zip(&hidden).map(|(c, h)| if *h { '*' } else { c }).collect();
        assert_eq!(shown, expect);
    }

    #[test]
    fn a_nir_with_its_key_is_found_among_digits() {
        check("0000185076005701818000000", &[], "0000***************000000");
        check("999292082A99900153A", &[], "999***************A");
        check("x292082b99900136 ", &[], "x*************** ");
    }

    #[test]
    fn a_nir_between_limits_needs_no_key() {
        check("NIR 1850760057018 INCONNU", &[], "NIR ************* INCONNU");
        check("NIR 185076005701899", &[], "NIR ***************");
        check("1850760057018 18", &[], "****************");
        check("NO 1 85 07 60 057 018 18.", &[], "NO *********************.");
        check("2 92 08 2A 999 001", &[], "******************");
    }

    #[test]
    fn digits_without_key_or_limits_are_hidden_at_their_column_only() {
        check("00001850760057018990000", &[], "00001850760057018990000");
        check("00001850760057018990000", &[4], "0000***************0000");
    }

    #[test]
    fn other_numbers_stay() {
        for text in ["0000000000000000", "20260202 123456782", "SIRET 12345678200012", "12B", ""] {
            check(text, &[], text);
        }
    }

    #[test]
    fn the_prefix_of_an_invoice_is_recognised() {
        assert!(has_prefix(b"1992240697 299039999938395263519375"));
        assert!(!has_prefix(b"699258752700300050014003000048054000"));
        assert!(!has_prefix(b"1992587527      999001       PHARMACIE"));
        assert!(!has_prefix(b"1992587527 000000000000000"));
    }
}
