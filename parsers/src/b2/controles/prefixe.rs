//! C14 and C15: number, PS, NIR, key and rank are the same on all records of an invoice, and the
//! number is not zero.

use super::super::facture::{Facture, Piece};
use super::super::genre::Genre;
use super::at;
use crate::anomaly::{Anomaly, Code};
use crate::layout::{Famille, Zone, famille36, famille39};
use std::ops::Range;

/// Columns 2 to 26, the same in both families: a record that repeats them whole has the same PS,
/// NIR and key.
const COMMUN: Range<usize> = 1..26;

/// Compares every record with the type 2. One anomaly a zone and a record; unknown types have no
/// prefix to compare.
pub(super) fn prefixe(facture: &Facture, out: &mut Vec<Anomaly>) {
    let main = facture.principale();
    let numero = facture.zone_numero(Genre::Facture);
    if main.douteux {
        return;
    }
    if numero.of(&main.record).iter().all(|b| matches!(b, b'0' | b' ')) {
        out.push(at(Code::FactureNulle, main, numero, "Le numéro de facture est nul"));
    }
    for piece in facture
        .pieces
        .iter()
        .skip(1)
        .filter(|p| !p.douteux && !matches!(p.genre, Genre::Inconnu(_)))
    {
        compare(facture, main, piece, out);
    }
}

fn compare(facture: &Facture, main: &Piece, piece: &Piece, out: &mut Vec<Anomaly>) {
    if piece.record[COMMUN] == main.record[COMMUN] && meme_suite(facture, main, piece) {
        return;
    }
    let shared: [(&'static Zone, &'static str); 3] = [
        (&famille36::NO_PARTENAIRE_SANTE_CLE, "Le numéro de partenaire de santé"),
        (&famille36::NO_IMMATRICULATION_ASSURE, "Le numéro d'immatriculation"),
        (&famille36::CLE_NO_IMMATRICULATION, "La clé du numéro d'immatriculation"),
    ];
    for (zone, what) in shared {
        if zone.of(&piece.record) != zone.of(&main.record) {
            out.push(at(
                Code::PrefixeDifferent,
                piece,
                zone,
                format!("{what} diffère de celui de la facture"),
            ));
        }
    }
    if !meme_rang(facture, main, piece) {
        out.push(at(
            Code::PrefixeDifferent,
            piece,
            &famille39::RANG_BENEFICIAIRE,
            "Le rang du bénéficiaire diffère de celui de la facture",
        ));
    }
    if !meme_numero(facture, main, piece) {
        let zone = zone_numero(facture, piece);
        let message =
            format!("Le numéro de facture diffère de celui de la facture {}", facture.numero());
        out.push(at(Code::FactureDifferente, piece, zone, message));
    }
}

fn meme_suite(facture: &Facture, main: &Piece, piece: &Piece) -> bool {
    meme_rang(facture, main, piece) && meme_numero(facture, main, piece)
}

/// Only family 39 carries the rank.
fn meme_rang(facture: &Facture, main: &Piece, piece: &Piece) -> bool {
    let both39 = facture.is_cp() && facture.famille(piece) == Famille::Famille39;
    !both39
        || famille39::RANG_BENEFICIAIRE.of(&piece.record)
            == famille39::RANG_BENEFICIAIRE.of(&main.record)
}

fn meme_numero(facture: &Facture, main: &Piece, piece: &Piece) -> bool {
    zone_numero(facture, piece).of(&piece.record)
        == facture.zone_numero(Genre::Facture).of(&main.record)
}

/// The zone of the invoice number in this very record.
fn zone_numero(facture: &Facture, piece: &Piece) -> &'static Zone {
    if facture.famille(piece) == Famille::Famille39 {
        &famille39::NO_FACTURE
    } else {
        &famille36::NO_FACTURE
    }
}
