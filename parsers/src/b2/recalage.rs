//! Finding one's feet in a damaged file: where a record lost or gained bytes.

use crate::layout::{Layout, Picture};
use crate::physical::enregistrements::LONGUEUR;
use crate::picture;

/// Largest number of bytes lost or gained that is recognised.
const DECALAGE_MAX: usize = 8;

/// How far [`taille_du_bloc`] wants to see.
pub(super) const APERCU: usize = LONGUEUR + DECALAGE_MAX + 16;

/// The length of the next block: 128, unless the record after it plainly starts a few bytes too
/// early or too late.
///
/// `ps` is the number of the current invoice's professional: the strongest sign of the start of a
/// record.
pub(super) fn taille_du_bloc(ahead: &[u8], ps: Option<&[u8]>) -> usize {
    if ahead.len() < LONGUEUR + 16 || plausible(&ahead[LONGUEUR..], ps) {
        return LONGUEUR;
    }
    (1..=DECALAGE_MAX)
        .flat_map(|d| [LONGUEUR - d, LONGUEUR + d])
        .find(|len| ahead.get(*len..len + 16).is_some_and(|next| certain(next, ps)))
        .unwrap_or(LONGUEUR)
}

/// Whether a record may start here: the same professional, or a known type followed by a number and
/// by what stands behind it in that type.
///
/// The columns behind the number matter: the last digit of a record that gained a byte, then the
/// type and the number of the next one, look like a type and a number shifted by one.
fn plausible(next: &[u8], ps: Option<&[u8]>) -> bool {
    let number = next[1..10].iter().all(u8::is_ascii_digit);
    ps.is_some_and(|ps| &next[1..10] == ps)
        || next.starts_with(b"000")
        || next.starts_with(b"999")
        || number
            && match next[0] {
                b'1' => next[10] == b' ' || next[11] != b' ',
                b'2'..=b'5' => next[10] == b' ',
                b'6' => next[10..16].iter().all(u8::is_ascii_digit),
                _ => false,
            }
}

/// Whether a record surely starts here.
fn certain(next: &[u8], ps: Option<&[u8]>) -> bool {
    let same_ps = ps.is_some_and(|ps| &next[1..10] == ps && next[0].is_ascii_digit());
    let lot = next[0] == b'1'
        && next[1..10].iter().all(u8::is_ascii_digit)
        && next[10..16].iter().all(|b| *b == b' ');
    let blank_after_number = matches!(next[0], b'2'..=b'5')
        && next[1..10].iter().all(u8::is_ascii_digit)
        && next[10] == b' ';
    same_ps
        || lot
        || blank_after_number
        || (next.starts_with(b"999") && next[3..5].iter().all(u8::is_ascii_uppercase))
}

/// The column (1-based) where a record that has not its length was most likely damaged.
///
/// Too short: 129 minus what is missing when blanks lost at the end explain it. Too long by one
/// byte: the first column whose removal makes every zone readable again. Otherwise the first column
/// past the end, or past 128.
pub(super) fn colonne(octets: &[u8], layout: Option<&'static Layout>) -> u32 {
    let past = u32::try_from(octets.len().min(LONGUEUR) + 1).expect("at most 129");
    let Some(layout) = layout else { return past };
    let (mut without, trailing_blank) = (octets.to_vec(), octets.last() == Some(&b' '));
    if octets.len() != LONGUEUR + 1 || (trailing_blank && readable(&octets[..LONGUEUR], layout)) {
        return past;
    }
    for column in 0..octets.len() {
        let byte = without.remove(column);
        if readable(&without, layout) {
            return u32::try_from(column + 1).expect("at most 129");
        }
        without.insert(column, byte);
    }
    past
}

/// Whether every zone of a record can be read, fillers blank.
fn readable(record: &[u8], layout: &'static Layout) -> bool {
    layout.all_zones().all(|zone| {
        let bytes = zone.of(record);
        let blank = zone.name != "Filler" || bytes.iter().all(|b| *b == b' ');
        blank
            && match zone.picture {
                Picture::Aammjj => picture::aammjj(bytes).is_ok(),
                Picture::Aammjjhh => picture::aammjjhh(bytes).is_ok(),
                p if p.is_numeric() => picture::nombre(bytes).is_ok(),
                _ => true,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_lost_a_byte_is_measured() {
        let mut file = vec![b'0'; 127];
        file.extend_from_slice(b"4992001362 292082A99900153");
        file.resize(300, b' ');
        assert_eq!(taille_du_bloc(&file, Some(b"992001362")), 127);
        file.insert(3, b'0');
        assert_eq!(taille_du_bloc(&file, Some(b"992001362")), 128);
        file.insert(3, b'0');
        assert_eq!(taille_du_bloc(&file, None), 129);
    }

    #[test]
    fn a_last_digit_shifted_is_not_a_type() {
        for last in b"0123456789" {
            let mut file = vec![b'0'; 128];
            file.push(*last);
            file.extend_from_slice(b"4992001362 292082A99900153");
            file.resize(300, b' ');
            assert_eq!(taille_du_bloc(&file, Some(b"992001362")), 129, "{}", char::from(*last));
        }
    }
}
