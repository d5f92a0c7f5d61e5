//! C6, C7, C8 (and C13): what may stand in a zone, after its picture.

use super::super::genre::Genre;
use super::super::{Record, t1};
use crate::anomaly::{Anomaly, Code, Place, Position, Severity};
use crate::layout::{Famille, Layout, Picture, Presence, Zone};
use crate::picture::{self, Refus};

/// Verifies every zone of a record; of a record without known table, the columns of its prefix
/// only.
///
/// The mask of the table chooses the zones that deserve a look, so that a clean record costs one
/// pass over its bytes.
pub fn zones(
    layout: Option<&'static Layout>,
    famille: Famille,
    record: &Record,
    at: Position,
    genre: Genre,
    place: Place,
    out: &mut Vec<Anomaly>,
) {
    let Some(table) = layout.or(famille.table()) else { return };
    for zone in table.zones_a_regarder(record) {
        if let Some((code, message)) = fault(zone, zone.of(record)) {
            let severity = match (code, zone) {
                (Code::FinessCorse, _) => Severity::Warning,
                (_, Zone { presence: Presence::Inconnu, .. }) => Severity::Warning,
                _ if is_name(zone, genre) => Severity::Warning,
                _ => place.severity(),
            };
            out.push(
                Anomaly::on_zone(code, at, genre.nom(), zone, record, message)
                    .with_severity(severity),
            );
            // A date that is not made of digits breaks the rule of numbers (C6) and the rule of
            // dates (C8).
            if code == Code::NonNumerique && is_date(zone) {
                let message = format!("{} : date illisible", zone.name);
                out.push(
                    Anomaly::on_zone(Code::DateInvalide, at, genre.nom(), zone, record, message)
                        .with_severity(severity),
                );
            }
        }
    }
}

/// Returns whether a zone is a name that no reader decodes (2B, and the name of a lot): senders do
/// not respect the alphabet there.
const fn is_name(zone: &Zone, genre: Genre) -> bool {
    let of_lot = matches!(genre, Genre::Lot) && zone.start == t1::layout::NOM_RAISON_SOCIALE.start;
    of_lot || matches!(zone.picture, Picture::Nom)
}

const fn is_date(zone: &Zone) -> bool {
    matches!(
        zone.picture,
        Picture::Aammjj | Picture::Jjmmaa | Picture::Aaaammjj | Picture::Aammjjhh
    )
}

/// What is wrong with the bytes of a zone.
fn fault(zone: &Zone, bytes: &[u8]) -> Option<(Code, String)> {
    match zone.picture {
        Picture::Libre => None,
        Picture::X
        | Picture::Acte
        | Picture::Nir
        | Picture::Perso
        | Picture::Nom
        | Picture::Naissance => text_fault(zone, bytes),
        Picture::N | Picture::PersoN | Picture::Montant | Picture::Decimal(_) | Picture::Hhmm => {
            match picture::nombre(bytes) {
                Ok(_) => None,
                Err(_) if is_corsican(bytes) => Some((
                    Code::FinessCorse,
                    format!(
                        "{} : un FINESS corse s'écrit en chiffres (2A -> 2001, 2B -> 2002)",
                        zone.name
                    ),
                )),
                Err(_) => Some(non_numeric(zone)),
            }
        }
        Picture::Aammjj => date_fault(zone, picture::aammjj(bytes).err()),
        Picture::Jjmmaa => date_fault(zone, picture::jjmmaa(bytes).err()),
        Picture::Aaaammjj => date_fault(zone, picture::aaaammjj(bytes).err()),
        Picture::Aammjjhh => date_fault(zone, picture::aammjjhh(bytes).err()),
    }
}

fn text_fault(zone: &Zone, bytes: &[u8]) -> Option<(Code, String)> {
    let first =
        bytes.iter().position(|b| !(b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' '))?;
    let column = usize::from(zone.start) + first;
    Some((
        Code::CaractereInterdit,
        format!(
            "{} : caractère interdit en colonne {column} (A-Z, 0-9 et espace seulement)",
            zone.name
        ),
    ))
}

fn date_fault(zone: &Zone, refus: Option<Refus>) -> Option<(Code, String)> {
    match refus? {
        Refus::NonNumerique => Some(non_numeric(zone)),
        Refus::DateImpossible => {
            Some((Code::DateInvalide, format!("{} : date impossible", zone.name)))
        }
    }
}

fn non_numeric(zone: &Zone) -> (Code, String) {
    (
        Code::NonNumerique,
        format!(
            "{} : des chiffres sont attendus (ou des blancs si la zone est absente)",
            zone.name
        ),
    )
}

/// A 9-character number whose department is Corsica's, sent with its letter.
fn is_corsican(bytes: &[u8]) -> bool {
    matches!(bytes, [b'2', b'A' | b'B', rest @ ..] if rest.len() == 7 && rest.iter().all(u8::is_ascii_digit))
}
