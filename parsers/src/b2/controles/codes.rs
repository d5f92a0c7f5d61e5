//! C21, C22, C29 and C37: code values and the zones that depend on them.

use super::super::facture::{Facture, Piece};
use super::super::genre::Genre;
use super::super::{t2, t2s};
use super::{at, vide};
use crate::anomaly::{Anomaly, Code};
use crate::picture;
use crate::types::cle_type_1_2_valide;

/// Natures d'assurance accepted (control C21).
const NATURES: &[&[u8]] = &[b"10", b"13", b"30", b"41", b"90"];

/// Care-path indicators accepted (control C21).
const PARCOURS: &[u8] = b" ABDHJMNORSTU";

/// Verifies the codes of an invoice. The columns of these zones are the same in both norms.
pub(super) fn codes(facture: &Facture, out: &mut Vec<Anomaly>) {
    let main = facture.principale();
    let nature = t2::ps::NATURE_ASSURANCE.of(&main.record);
    if !NATURES.contains(&nature) {
        out.push(at(
            Code::CodeInconnu,
            main,
            &t2::ps::NATURE_ASSURANCE,
            "Nature d'assurance inconnue (10, 13, 30, 41 ou 90)",
        ));
    }
    if !regime_connu(t2::ps::CODE_GRAND_REGIME.of(&main.record)) {
        out.push(at(
            Code::CodeInconnu,
            main,
            &t2::ps::CODE_GRAND_REGIME,
            "Code grand régime inconnu",
        ));
    }
    parcours(facture, out);
    accident(main, nature, out);
    organisme(facture, out);
    let regime_96 = t2::ps::CODE_GRAND_REGIME.of(&main.record) == b"96"
        && t2::ps::NO_CAISSE_GESTIONNAIRE.of(&main.record) == b"196";
    if regime_96 && t2::ps::NO_CENTRE_GESTIONNAIRE.of(&main.record)[3] != b'0' {
        out.push(at(
            Code::Centre,
            main,
            &t2::ps::NO_CENTRE_GESTIONNAIRE,
            "Régime 96 caisse 196 : le centre finit par 0",
        ));
    }
}

/// 01 to 10, 12, 14 to 17, 80, 90 to 96, 99 (80 is accepted by B2 though the SNDS table does not
/// have it).
fn regime_connu(code: &[u8]) -> bool {
    matches!(picture::nombre(code), Ok(Some(1..=10 | 12 | 14..=17 | 80 | 90..=96 | 99)))
}

/// The indicator is at column 121 of 2S in both norms (in PS, read there by source A).
fn parcours(facture: &Facture, out: &mut Vec<Anomaly>) {
    let Some(piece) = facture.piece(Genre::ComplementFacture(b'S')).filter(|_| facture.is_cp())
    else {
        return;
    };
    let zone = &t2s::cp::INDICATEUR_PARCOURS_SOINS;
    if !PARCOURS.contains(&zone.of(&piece.record)[0]) {
        out.push(at(Code::CodeInconnu, piece, zone, "Indicateur du parcours de soins inconnu"));
    }
}

/// C22: with nature 41, an accident number (AAMMJJ + 2 + key) or 000 + AAMMJJ; with any other
/// nature, 000 + AAMMJJ only.
fn accident(main: &Piece, nature: &[u8], out: &mut Vec<Anomaly>) {
    let zone = &t2::ps::NO_AT_DATE_ACCIDENT_DROIT_COMMUN;
    let value = zone.of(&main.record);
    let filled = !vide(value);
    let common_law = value.starts_with(b"000") && picture::aammjj(&value[3..]).is_ok();
    let numbered = picture::aammjj(&value[..6]).is_ok_and(|d| d.is_some())
        && value[6..].iter().all(u8::is_ascii_digit);
    let message = match (nature, filled) {
        (b"41", false) => "Nature 41 : le numéro ou la date d'accident du travail est obligatoire",
        (b"41", true) if !common_law && !numbered => "Numéro d'accident du travail invalide",
        (b"10" | b"13", true) if !common_law => {
            "Hors nature 41, seule une date d'accident de droit commun (000 + AAMMJJ) est admise"
        }
        (b"41", true) if numbered && !cle_type_1_2_valide(value) => {
            out.push(at(
                Code::CleLuhn,
                main,
                zone,
                "Numéro d'accident du travail : la clé (dernier chiffre) est fausse",
            ));
            return;
        }
        _ => return,
    };
    out.push(at(Code::AccidentTravail, main, zone, message));
}

/// C29: ten digits, or nine blanks and `M`; present when the type de contrat is 89 (norm CP).
fn organisme(facture: &Facture, out: &mut Vec<Anomaly>) {
    let main = facture.principale();
    let zone = &t2::ps::NO_ORGANISME_COMPLEMENTAIRE;
    let value = zone.of(&main.record);
    let blank = value.iter().all(|b| *b == b' ');
    let well_formed = blank || value == b"         M" || value.iter().all(u8::is_ascii_digit);
    if !well_formed {
        out.push(at(
            Code::NumeroOc,
            main,
            zone,
            "Le numéro d'organisme complémentaire se cadre à droite, complété par des zéros",
        ));
    } else if vide(value) && t2::ps::TYPE_CONTRAT_OC.of(&main.record) == b"89" && facture.is_cp() {
        out.push(at(
            Code::NumeroOc,
            main,
            zone,
            "Type de contrat 89 : le numéro d'organisme complémentaire est attendu",
        ));
    }
}
