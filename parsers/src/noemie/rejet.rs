//! Rejects and findings of an invoice (290, 294): code, label, and the part, line and act that they
//! concern.

use super::valeurs::DateBrute;
use super::{e290, e294};
use crate::layout::Zone;
use crate::picture;

/// What kind of finding a 290 or 294 carries: the last letter of its codification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NatureRejet {
    /// R.
    Rejet,
    /// S.
    Signalement,
    /// C: certification, an acknowledgement.
    Certification,
    /// I.
    Information,
    /// Any other letter.
    Inconnue,
}

/// A 290 or 294.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejet {
    /// The 10 characters: 3 letters, 6 digits, 1 letter.
    pub codification: String,
    /// Trimmed of blanks and NUL.
    pub libelle: String,
    /// F invoice, L line, A refined code; blank in a 290.
    pub niveau: char,
    /// O compulsory or both, C complementary; blank in a 290.
    pub part: char,
    /// Number of the line; empty when blank or zeros.
    pub ligne: String,
    /// Nature de prestation (act code) of the line; always empty in a 290.
    pub prestation: String,
    /// Date of care of the line, JJMMAA; `None` in a 290.
    pub date_soins: Option<DateBrute>,
    /// From the last letter of the codification.
    pub nature: NatureRejet,
}

impl Rejet {
    /// Reads a 290.
    pub(super) fn lire_290(octets: &[u8]) -> Self {
        use e290::layout as t;
        let codification = t::CODIFICATION.of(octets);
        Self {
            codification: picture::texte(codification),
            libelle: picture::texte(t::LIBELLE.of(octets)),
            niveau: ' ',
            part: ' ',
            ligne: ligne(&t::NUMERO_LIGNE, octets),
            prestation: String::new(),
            date_soins: None,
            nature: nature(codification),
        }
    }

    /// Reads a 294.
    pub(super) fn lire_294(octets: &[u8]) -> Self {
        use e294::layout as t;
        let codification = t::CODIFICATION_REJET.of(octets);
        Self {
            codification: picture::texte(codification),
            libelle: picture::texte(t::LIBELLE_REJET.of(octets)),
            niveau: lettre(&t::NIVEAU_REJET, octets),
            part: lettre(&t::PART_CONCERNEE, octets),
            ligne: ligne(&t::NUMERO_LIGNE, octets),
            prestation: picture::texte(t::NATURE_PRESTATION.of(octets)),
            date_soins: Some(DateBrute::lire(t::DATE_SOINS.of(octets))),
            nature: nature(codification),
        }
    }
}

/// The number of a line without leading zeros; empty when it names no line.
fn ligne(zone: &Zone, octets: &[u8]) -> String {
    picture::texte(zone.of(octets)).trim_start_matches('0').to_owned()
}

fn nature(codification: &[u8]) -> NatureRejet {
    match codification.last() {
        Some(b'R') => NatureRejet::Rejet,
        Some(b'S') => NatureRejet::Signalement,
        Some(b'C') => NatureRejet::Certification,
        Some(b'I') => NatureRejet::Information,
        _ => NatureRejet::Inconnue,
    }
}

fn lettre(zone: &Zone, octets: &[u8]) -> char {
    zone.of(octets).first().map_or(' ', |b| char::from(*b))
}
