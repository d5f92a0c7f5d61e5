//! C10, C12 and C45: keys of the NIR and of the numbers of professionals, NIR of zeros.

use super::super::facture::{Facture, Piece};
use super::super::genre::{Genre, NormeLot};
use super::super::{t2, t2s, t3e, t3s, t4, t4e};
use super::{at, vide};
use crate::anomaly::{Anomaly, Code};
use crate::layout::{Zone, famille36};
use crate::types::{CleNir, Nir, cle_type_1_2_valide};

/// Numbers of insurers in use that do not pass the key: MGEN.
const SANS_CLE: &[&[u8]] = &[b"75004407"];

/// Verifies every key of an invoice.
pub(super) fn cles(facture: &Facture, out: &mut Vec<Anomaly>) {
    let main = facture.principale();
    nir(
        main,
        &famille36::NO_IMMATRICULATION_ASSURE,
        &famille36::CLE_NO_IMMATRICULATION,
        "de l'assuré",
        out,
    );
    nul(main, out);
    luhn(main, &famille36::NO_PARTENAIRE_SANTE_CLE, out);
    for piece in &facture.pieces {
        if piece.genre == Genre::ComplementFacture(b'S') {
            individuel(facture, piece, out);
        }
        for zone in numbers(piece.genre, facture.tables.norme) {
            if !vide(zone.of(&piece.record)) {
                luhn(piece, zone, out);
            }
        }
    }
    // The insurer's number may be absent or badly placed (C29, a warning); well formed, it has a
    // key like the others.
    let oc = &t2::ps::NO_ORGANISME_COMPLEMENTAIRE;
    let number = oc.of(&main.record);
    if !oc_admis(number) {
        out.push(at(
            Code::CleLuhn,
            main,
            oc,
            "La clé du numéro d'organisme complémentaire est fausse",
        ));
    }
}

/// Whether a number of insurer can be accepted: absent, not digits (C29 says so), with a right key,
/// or known to have none.
fn oc_admis(number: &[u8]) -> bool {
    let known =
        SANS_CLE.iter().any(|n| number.ends_with(n) && vide(&number[..number.len() - n.len()]));
    known || vide(number) || !number.iter().all(u8::is_ascii_digit) || cle_type_1_2_valide(number)
}

fn individuel(facture: &Facture, piece: &Piece, out: &mut Vec<Anomaly>) {
    let (number, key) = if facture.is_cp() {
        (&t2s::cp::NO_IMMATRICULATION_INDIVIDUEL, &t2s::cp::CLE)
    } else {
        (&t2s::ps::NO_IMMATRICULATION_INDIVIDUEL, &t2s::ps::CLE)
    };
    if !vide(number.of(&piece.record)) {
        nir(piece, number, key, "individuel", out);
    }
}

fn nir(
    piece: &Piece,
    number: &'static Zone,
    key: &'static Zone,
    whose: &str,
    out: &mut Vec<Anomaly>,
) {
    let read = Nir::from_bytes(number.of(&piece.record));
    match (read, CleNir::from_bytes(key.of(&piece.record))) {
        (Some(nir), Some(key)) if nir.cle() == key => {}
        (None, _) => out.push(at(
            Code::NirCle,
            piece,
            number,
            format!("Le numéro d'immatriculation {whose} est mal formé"),
        )),
        _ => out.push(at(
            Code::NirCle,
            piece,
            key,
            format!("La clé du numéro d'immatriculation {whose} est fausse"),
        )),
    }
}

/// C45: a NIR of thirteen zeros has the right key 97 and names no person.
fn nul(main: &Piece, out: &mut Vec<Anomaly>) {
    let zone = &famille36::NO_IMMATRICULATION_ASSURE;
    if zone.of(&main.record).iter().all(|b| *b == b'0') {
        let message = "Le numéro d'immatriculation de l'assuré est fait de zéros : aucun assuré \
                       n'est désigné";
        out.push(at(Code::NirNul, main, zone, message));
    }
}

fn luhn(piece: &Piece, zone: &'static Zone, out: &mut Vec<Anomaly>) {
    if !cle_type_1_2_valide(zone.of(&piece.record).trim_ascii_end()) {
        out.push(at(
            Code::CleLuhn,
            piece,
            zone,
            format!("{} : la clé (dernier chiffre) est fausse", zone.name),
        ));
    }
}

/// Zones that hold a number with a key type 1-2, besides the prefix.
fn numbers(genre: Genre, norme: NormeLot) -> &'static [&'static Zone] {
    match (genre, norme) {
        (Genre::Facture, NormeLot::Ps) => &[&t2::ps::NO_PRESCRIPTEUR_CLE],
        (Genre::Ligne4, NormeLot::Ps) => &[&t4::ps::NO_EXECUTANT_CLE],
        (Genre::Ligne4, NormeLot::Cp) => &[&t4::cp::NO_PRESCRIPTEUR_CLE, &t4::cp::NO_EXECUTANT_CLE],
        (Genre::ComplementFacture(b'S'), NormeLot::Cp) => {
            &[&t2s::cp::NO_ASSURANCE_MALADIE_MEDECIN_TRAITANT]
        }
        (Genre::Complement3(b'S'), NormeLot::Cp) => &[&t3s::cp::NO_PRESCRIPTEUR],
        (Genre::Complement3(b'E'), NormeLot::Cp) => &[&t3e::cp::IDENTIFIANT_RPPS_PRESCRIPTEUR],
        (Genre::Complement4(b'E'), _) => {
            &[&t4e::layout::IDENTIFIANT_RPPS_PRESCRIPTEUR, &t4e::layout::IDENTIFIANT_RPPS_EXECUTANT]
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_insurers() {
        for accepted in
            [&b"0099900011"[..], b"0075004407", b"0000000000", b"         M", b"0775627391"]
        {
            assert!(oc_admis(accepted), "{}", String::from_utf8_lossy(accepted));
        }
        for refused in [&b"0099900012"[..], b"1075004407"] {
            assert!(!oc_admis(refused), "{}", String::from_utf8_lossy(refused));
        }
    }
}
