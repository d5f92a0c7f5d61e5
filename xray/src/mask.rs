//! Decides which bytes of a record are hidden.
//!
//! A byte is shown when a table says that it is not of a person and the columns of the record can
//! be trusted. The columns are not trusted when the record has not its length, when a zone that
//! should hold a NIR holds something else (a record that lost a byte has its NIR in the zone
//! before), or when zones do not fit their picture (a record of another type).

use noemie_parsers::layout::{Layout, Picture, Zone};
use noemie_parsers::types::Nir;
use std::ops::Range;

/// Most bytes lost or gained for which only the neighbourhood of a person's zones is hidden, bytes;
/// with more, the whole record is.
const MAX_SHIFT: usize = 8;

/// Number of numeric zones without digits from which a record is taken for one of another type;
/// with fewer, for one with mistakes.
const MISFITS: usize = 3;

/// Most letters in a row that a code of the norm has (CCAM: `ZZZZ999`).
const LETTERS_OF_A_CODE: usize = 4;

/// Most letters in a row where digits are expected: an O for a zero, a department of Corsica. A
/// longer word comes from a record of another type.
const LETTERS_AMONG_DIGITS: usize = 2;

/// Length of the type of a record, which is always shown.
const HEAD: usize = 1;

/// For each byte of a record of fixed length, whether it is hidden. `shift` is the number of bytes
/// that the record may have lost or gained.
pub(crate) fn record(bytes: &[u8], list: &[&'static Zone], shift: usize) -> Vec<bool> {
    if shift > MAX_SHIFT || !trusted(bytes, list) {
        return all_but_type(bytes);
    }
    let mut hidden = vec![true; bytes.len()];
    for zone in list.iter().filter(|zone| !zone.picture.is_person()) {
        set(&mut hidden, usize::from(zone.start) - 1, usize::from(zone.end()), false);
    }
    for zone in list.iter().filter(|zone| is_filler(zone)) {
        hide_words(bytes, &mut hidden, zone);
    }
    for zone in list.iter().filter(|zone| zone.picture.is_person()) {
        set(
            &mut hidden,
            (usize::from(zone.start) - 1).saturating_sub(shift),
            usize::from(zone.end()) + shift,
            true,
        );
    }
    hidden
}

/// Hides every byte of a record but its type.
pub(crate) fn all_but_type(bytes: &[u8]) -> Vec<bool> {
    (0..bytes.len()).map(|column| column >= HEAD).collect()
}

/// For each byte of a NOEMIE entity, whether it is hidden; code and level (5 bytes) never are.
pub(crate) fn entity(bytes: &[u8], table: Option<&'static Layout>, closed: bool) -> Vec<bool> {
    let list: Vec<_> = table.map(|t| t.all_zones().collect()).unwrap_or_default();
    let mut hidden = if closed && trusted(bytes, &list) {
        record(bytes, &list, 0)
    } else {
        vec![true; bytes.len()]
    };
    set(&mut hidden, 0, 5, false);
    hidden
}

fn set(hidden: &mut [bool], from: usize, to: usize, value: bool) {
    let to = to.min(hidden.len());
    if let Some(part) = hidden.get_mut(from.min(to)..to) {
        part.fill(value);
    }
}

/// Returns whether the norm wants a zone blank.
pub(crate) fn is_filler(zone: &Zone) -> bool {
    names_filler(zone.name)
}

/// Returns whether the name of a zone says that the norm wants it blank.
pub(crate) fn names_filler(name: &str) -> bool {
    let name = name.to_lowercase();
    ["filler", "blanc", "non documenté"].iter().any(|filler| name.starts_with(filler))
}

/// Hides words in a filler: where the norm wants blanks, letters come from a record of another type
/// and may be a name. Codes are shorter.
fn hide_words(bytes: &[u8], hidden: &mut [bool], zone: &Zone) {
    let first = usize::from(zone.start) - 1;
    for word in words(zone.of(bytes)).filter(|word| word.len() > LETTERS_OF_A_CODE) {
        set(hidden, first + word.start, first + word.end, true);
    }
}

/// Returns the runs of letters of a zone; accented letters are letters, in whatever character set.
fn words(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut end = 0;
    bytes.chunk_by(|a, b| is_letter(*a) == is_letter(*b)).filter_map(move |run| {
        let start = end;
        end += run.len();
        is_letter(run[0]).then_some(start..end)
    })
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// Returns whether the columns of a record can be trusted: numeric zones hold digits, and a zone
/// for a NIR holds one or is blank, after a blank filler.
fn trusted(bytes: &[u8], list: &[&'static Zone]) -> bool {
    let misfit = |zone: &Zone| {
        zone.picture.is_numeric()
            && !zone.of(bytes).iter().all(|b| b.is_ascii_digit() || *b == b' ')
    };
    if list.iter().filter(|zone| misfit(zone)).count() >= MISFITS {
        return false;
    }
    let word = |zone: &Zone| {
        zone.picture.is_numeric() && words(zone.of(bytes)).any(|w| w.len() > LETTERS_AMONG_DIGITS)
    };
    if list.iter().any(|zone| word(zone)) {
        return false;
    }
    let mut before: Option<&Zone> = None;
    list.iter().all(|zone| {
        let gap = before.replace(zone).is_none_or(|b| {
            b.len > 1 || b.picture != Picture::X || b.of(bytes).iter().all(|b| *b == b' ')
        });
        let with_key = zone.picture == Picture::Perso && zone.name.starts_with("matricule");
        if zone.picture != Picture::Nir && !with_key {
            return true;
        }
        let nir = zone.of(bytes);
        let nir = &nir[..nir.len().min(13)];
        gap && (nir.iter().all(|b| matches!(b, b' ' | b'0')) || Nir::from_bytes(nir).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use noemie_parsers::b2::t4::ps;

    fn line() -> Vec<u8> {
        let mut bytes = b"4992952606 180029999918792652038856".to_vec();
        bytes.resize(128, b'7');
        bytes
    }

    fn shown(bytes: &[u8], shift: usize) -> String {
        let list: Vec<_> = ps::LAYOUT.all_zones().collect();
        record(bytes, &list, shift)
            .iter()
            .zip(bytes)
            .map(|(h, b)| if *h { '*' } else { char::from(*b) })
            .take(36)
            .collect()
    }

    #[test]
    fn the_nir_and_its_key_are_hidden() {
        assert_eq!(shown(&line(), 0), "4992952606 ***************6520388567");
    }

    #[test]
    fn a_shifted_record_hides_what_is_near() {
        assert_eq!(shown(&line(), 1), "4992952606*****************520388567");
        let mut lost = line();
        lost.remove(5);
        // The NIR begins in the filler: no zone is in its columns.
        assert_eq!(shown(&lost, 1), format!("4{}", "*".repeat(35)));
    }

    #[test]
    fn a_record_whose_nir_is_none_hides_everything_but_its_type() {
        let mut moved = line();
        moved.insert(3, b'5');
        moved.truncate(128);
        assert_eq!(shown(&moved, 0), format!("4{}", "*".repeat(35)));
    }

    #[test]
    fn the_number_of_a_street_is_hidden_with_its_street() {
        let mut bytes = b"2992952606 180029999918792652038856B A MMEFICTIF                   \
            GILLES         0060 RUE DES EXEMPLES"
            .to_vec();
        bytes.resize(128, b' ');
        let list: Vec<_> = noemie_parsers::b2::t2b::layout::LAYOUT.all_zones().collect();
        let hidden = record(&bytes, &list, 0);
        assert!(hidden[39..116].iter().all(|h| *h) && !hidden[116]);
    }

    #[test]
    fn an_entity_of_no_table_shows_its_code_and_level_only() {
        assert_eq!(entity(b"77799DUPONT@", None, true).iter().filter(|h| !**h).count(), 5);
    }
}
