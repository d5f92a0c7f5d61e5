//! Key by which an invoice is recognised when it comes again, in the same file or in a later one.

use super::facture::Facture;
use super::genre::Genre;
use super::{t2, t2s};
use crate::layout::famille36;
use std::fmt;

/// Length of the fields of a [`CleIdentite`], in its order.
const LONGUEURS: [usize; 7] = [9, 9, 13, 2, 6, 1, 6];

/// PS number, invoice number, NIR, key, birth date, birth rank and complement of the titre of an
/// invoice, without surrounding blanks. Two invoices with one key are the same invoice. The key
/// leaves out the date of the invoice, because senders change it when they send again. The key is
/// personal data: its `Debug` is masked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CleIdentite([u8; 46]);

impl fmt::Debug for CleIdentite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CleIdentite(******)")
    }
}

/// Returns a birth rank as it is compared: blank and 0 are read as 1. The ranks of twins differ.
#[must_use]
pub fn rang_compare(rang: &str) -> &str {
    match rang.trim() {
        "" | "0" => "1",
        rang => rang,
    }
}

/// Returns a complement of the titre de recette as it is compared: zeros are read as blank.
#[must_use]
pub fn complement_compare(complement: &str) -> &str {
    if complement.trim().bytes().all(|b| b == b'0') { "" } else { complement }
}

impl Facture {
    /// Returns the key by which the invoice is recognised.
    #[must_use]
    pub fn cle_identite(&self) -> CleIdentite {
        let record = &self.principale().record;
        let (naissance, rang) = if self.is_cp() {
            (&t2::cp::DATE_NAISSANCE_BENEFICIAIRE, &t2::cp::RANG_NAISSANCE)
        } else {
            (&t2::ps::DATE_NAISSANCE_BENEFICIAIRE, &t2::ps::RANG_NAISSANCE)
        };
        let suite = self.piece(Genre::ComplementFacture(b'S')).filter(|_| self.is_cp());
        let complement =
            suite.map_or(&b""[..], |piece| t2s::cp::COMPLEMENT_NO_TITRE_RECETTE.of(&piece.record));
        let champs = [
            famille36::NO_PARTENAIRE_SANTE_CLE.of(record),
            self.zone_numero(Genre::Facture).of(record),
            famille36::NO_IMMATRICULATION_ASSURE.of(record),
            famille36::CLE_NO_IMMATRICULATION.of(record),
            naissance.of(record),
            compare_octets(rang.of(record), rang_compare),
            compare_octets(complement, complement_compare),
        ];
        let mut cle = [b' '; 46];
        let mut debut = 0;
        for (champ, longueur) in champs.into_iter().zip(LONGUEURS) {
            let champ = champ.trim_ascii();
            cle[debut..debut + champ.len()].copy_from_slice(champ);
            debut += longueur;
        }
        CleIdentite(cle)
    }
}

/// Applies a comparison of texts to a zone; bytes that are no text stay as they are.
fn compare_octets(zone: &[u8], compare: fn(&str) -> &str) -> &[u8] {
    std::str::from_utf8(zone).map_or(zone, |texte| compare(texte).as_bytes())
}
