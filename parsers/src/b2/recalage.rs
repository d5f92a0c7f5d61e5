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

/// Where and why a record has not its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ecart {
    /// Column, 1-based.
    pub(super) colonne: u32,
    /// Probable cause, in French; empty when the bytes do not tell one.
    pub(super) cause: &'static str,
}

/// Returns where a record that has not its length was most likely damaged.
///
/// The column is that of the first control byte or, in a record that is too long, of the first byte
/// beyond ASCII (an accent in UTF-8 has two bytes). A record too long by one byte is damaged at the
/// last column whose removal makes every zone readable with the fewest doubts. Otherwise the column
/// is the first one past the end, or past 128.
pub(super) fn ecart(octets: &[u8], layout: Option<&'static Layout>) -> Ecart {
    let trop_long = octets.len() > LONGUEUR;
    if let Some((i, octet)) = etranger(octets, layout, trop_long) {
        return Ecart { colonne: colonne(i), cause: cause(octet) };
    }
    let fin = Ecart { colonne: colonne(octets.len().min(LONGUEUR)), cause: "" };
    if !trop_long {
        return Ecart { cause: "des blancs de fin ont pu être retirés en route", ..fin };
    }
    let layout = layout.filter(|_| octets.len() == LONGUEUR + 1 || finit_par_des_blancs(octets));
    let Some(layout) = layout else { return fin };
    if finit_par_des_blancs(octets) && doutes(&octets[..LONGUEUR], layout) == Some(0) {
        return Ecart { cause: "des blancs ont été ajoutés après l'enregistrement", ..fin };
    }
    let ajoute = if octets.len() == LONGUEUR + 1 { ajoute(octets, layout) } else { None };
    ajoute.map_or(fin, |i| Ecart { colonne: colonne(i), cause: "un caractère a été ajouté" })
}

/// Returns whether the bytes after column 128 are blank.
fn finit_par_des_blancs(octets: &[u8]) -> bool {
    octets[LONGUEUR..].iter().all(|b| *b == b' ')
}

/// Returns the index whose removal leaves the fewest doubts in a record of 129 bytes, the last one
/// of several.
fn ajoute(octets: &[u8], layout: &'static Layout) -> Option<usize> {
    let mut sans = octets[..LONGUEUR].to_vec();
    let candidats = (0..octets.len()).rev().filter_map(|i| {
        // `sans` is the record without its byte `i`.
        if i < LONGUEUR {
            sans[i] = octets[i + 1];
        }
        Some((i, doutes(&sans, layout)?))
    });
    candidats.min_by_key(|(_, doutes)| *doutes).map(|(i, _)| i)
}

/// Returns whether a line and the next one are a record that a transport cut in two; `suite` has
/// the bytes after the line. Quoted-printable ends the first half with `=`.
pub(super) fn est_repliee(octets: &[u8], suite: &[u8]) -> bool {
    let Some(fin) = suite.iter().position(|b| *b == b'\n') else { return false };
    let seconde = suite[..fin].strip_suffix(b"\r").unwrap_or(&suite[..fin]).len();
    let premiere = octets.strip_suffix(b"=").unwrap_or(octets).len();
    premiere > 0 && seconde > 0 && premiere + seconde == LONGUEUR
}

/// The column of an index.
fn colonne(i: usize) -> u32 {
    u32::try_from(i + 1).unwrap_or(u32::MAX)
}

/// Returns the first byte of control, or beyond ASCII where a record is too long; zones that take
/// any byte are left out.
fn etranger(
    octets: &[u8],
    layout: Option<&'static Layout>,
    trop_long: bool,
) -> Option<(usize, u8)> {
    let libre = |i: usize| {
        let zone = u16::try_from(i + 1).ok().and_then(|c| layout.and_then(|l| l.zone_at(c)));
        zone.is_some_and(|z| z.picture == Picture::Libre)
    };
    let est = |b: u8| b.is_ascii_control() || (trop_long && !b.is_ascii());
    let mut vus = octets.iter().copied().enumerate();
    vus.find(|(i, b)| est(*b) && !libre(*i))
}

const fn cause(octet: u8) -> &'static str {
    match octet {
        b'\r' => "un retour chariot (CR) est de trop",
        b'\t' => "une tabulation est dans l'enregistrement",
        0 => "un octet nul est dans l'enregistrement",
        _ if octet.is_ascii() => "un caractère de commande est dans l'enregistrement",
        _ => "un caractère accentué ou spécial a plusieurs octets (UTF-8)",
    }
}

/// Returns how many zones of a record can be read but look shifted: a number with blanks after it,
/// a text with a blank before it. `None` when a zone cannot be read, or a filler is not blank.
fn doutes(record: &[u8], layout: &'static Layout) -> Option<usize> {
    layout.all_zones().try_fold(0, |doutes, zone| {
        let octets = zone.of(record);
        let blanc = octets.iter().all(|b| *b == b' ');
        let lisible = match zone.picture {
            _ if zone.name == "Filler" => blanc,
            Picture::Aammjj => picture::aammjj(octets).is_ok(),
            Picture::Aammjjhh => picture::aammjjhh(octets).is_ok(),
            p if p.is_numeric() => picture::nombre(octets).is_ok(),
            _ => true,
        };
        let decale = match zone.picture {
            p if p.is_numeric() => octets.ends_with(b" "),
            _ => octets.starts_with(b" "),
        };
        lisible.then_some(doutes + usize::from(decale && !blanc))
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
