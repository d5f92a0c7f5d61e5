//! C24, C27, C28, C35 and C42: age and computations of the lines. All are warnings: each rule has
//! one source only, is written from memory, or is of this project.

use super::super::colonnes::{Colonnes, m};
use super::super::facture::{Chiffres, Facture, Piece};
use super::super::genre::Genre;
use super::super::{t3, t3s, t4, t4s};
use super::totaux::read;
use super::{at, vide};
use crate::anomaly::{Anomaly, Code};
use crate::layout::Zone;
use crate::picture;
use crate::types::{Date, Montant};

/// Largest difference allowed between an amount and its computation, centimes.
const TOLERANCE: i64 = 1;

/// Verifies the lines of an invoice; `transmission` is the creation date of the file.
pub(super) fn calculs(facture: &Facture, transmission: Option<Date>, out: &mut Vec<Anomaly>) {
    for piece in facture.pieces.iter().filter(|p| p.genre.is_ligne()) {
        let lus = facture.chiffres(piece);
        delai(facture, piece, lus.date, transmission, out);
        base_et_amo(facture, piece, &lus, out);
        depense(facture, piece, out);
        au_dela(facture, piece, lus.amo, out);
    }
    for piece in &facture.pieces {
        accord(facture, piece, out);
    }
}

/// C24: strictly less than one year between care and transmission.
fn delai(
    facture: &Facture,
    piece: &Piece,
    soins: Option<Date>,
    transmission: Option<Date>,
    out: &mut Vec<Anomaly>,
) {
    let zone = match (piece.genre, facture.is_cp()) {
        (Genre::Ligne3, _) => &t3::cp::DATE_DEBUT_SEJOUR,
        (_, true) => &t4::cp::DATE_SOINS,
        (_, false) => &t4::ps::DATE_SOINS_DELIVRANCE,
    };
    if let (Some(care), Some(sent)) = (soins, transmission)
        && (care.annee() + 1, care.mois(), care.jour()) <= (sent.annee(), sent.mois(), sent.jour())
    {
        out.push(at(
            Code::DelaiTransmission,
            piece,
            zone,
            "Plus d'un an entre les soins et la transmission",
        ));
    }
}

/// Zones of base, rate and AMO of a main line.
const fn zones(genre: Genre, cp: bool) -> (&'static Zone, &'static Zone) {
    match (genre, cp) {
        (Genre::Ligne3, _) => (&t3::cp::BASE_REMBOURSEMENT, &t3::cp::MONTANT_REMBOURSABLE_AMO),
        (_, true) => (&t4::cp::BASE_REMBOURSEMENT, &t4::cp::MONTANT_REMBOURSABLE_AMO),
        (_, false) => (&t4::ps::BASE_REMBOURSEMENT, &t4::ps::MONTANT_REMBOURSABLE_AMO),
    }
}

/// C35: base = quantity x coefficient x price, AMO = base x rate, rounded half up. The base may be
/// lower than the price (LPP tariffs, hospital coefficients), so only a base above the computation
/// is reported.
fn base_et_amo(facture: &Facture, piece: &Piece, ligne: &Chiffres, out: &mut Vec<Anomaly>) {
    let (base, amo) = zones(piece.genre, facture.is_cp());
    let coefficient = if ligne.coefficient == 0 { 100 } else { ligne.coefficient };
    let price = u64::try_from(ligne.prix_unitaire.centimes()).unwrap_or_default();
    let computed = Montant::from_centimes(rounded(
        ligne.quantite.saturating_mul(coefficient).saturating_mul(price),
    ));
    if price > 0 && (ligne.base - computed).centimes() > TOLERANCE {
        out.push(at(
            Code::Calcul,
            piece,
            base,
            format!(
                "Base de remboursement {} au-dessus de quantité x coefficient x prix ({computed})",
                ligne.base
            ),
        ));
    }
    let share = u64::try_from(ligne.base.centimes()).unwrap_or_default().saturating_mul(ligne.taux);
    let computed = Montant::from_centimes(rounded(share));
    if (ligne.amo - computed).centimes().abs() > TOLERANCE {
        out.push(at(
            Code::Calcul,
            piece,
            amo,
            format!("Montant AMO {} différent de base x taux ({computed})", ligne.amo),
        ));
    }
}

/// Hundredths to units, rounded half up.
fn rounded(hundredths: u64) -> i64 {
    i64::try_from((hundredths.saturating_add(50)) / 100).unwrap_or(i64::MAX)
}

/// C27, hospitals only: billed = AMO + AMC, except for forfait journalier and patient's
/// participations.
fn depense(facture: &Facture, piece: &Piece, out: &mut Vec<Anomaly>) {
    use t4::cp::{
        CODE_ACTE, MONTANT_HONORAIRES, MONTANT_REMBOURSABLE_AMO, MONTANT_REMBOURSABLE_OC,
    };
    let code = CODE_ACTE.of(&piece.record).trim_ascii();
    let exempt = code.starts_with(b"FJ") || code.starts_with(b"FP");
    if !facture.is_cp() || exempt || piece.genre != Genre::Ligne4 {
        return;
    }
    let lu =
        |zone: &Zone| picture::montant(zone.of(&piece.record)).ok().flatten().unwrap_or_default();
    let (depense, amo, amc) =
        (lu(&MONTANT_HONORAIRES), lu(&MONTANT_REMBOURSABLE_AMO), lu(&MONTANT_REMBOURSABLE_OC));
    if amc != Montant::ZERO && depense != amo + amc {
        let message = format!("Dépense {depense} différente de AMO {amo} + AMC {amc}");
        out.push(at(Code::Depense, piece, &MONTANT_HONORAIRES, message));
    }
}

/// C42: AMO and AMC together exceed the amount billed. A line with an amount that cannot
/// be read is not compared. The totals of an invoice need no control of their own: C30 and C31 hold
/// them to the lines.
fn au_dela(facture: &Facture, piece: &Piece, amo: Montant, out: &mut Vec<Anomaly>) {
    let (colonnes, record) = (facture.colonnes(piece.genre), &piece.record);
    // Amounts that cannot be read count as zero here, and are looked at again below.
    if amo + m(colonnes.amc, record) > m(colonnes.depense, record) {
        signaler_au_dela(colonnes, piece, out);
    }
}

#[cold]
fn signaler_au_dela(colonnes: &Colonnes, piece: &Piece, out: &mut Vec<Anomaly>) {
    let lu = |zone: &Zone| read(zone, &piece.record);
    if let (Some(amo), Some(amc), Some(depense)) =
        (lu(colonnes.amo), lu(colonnes.amc), lu(colonnes.depense))
    {
        let zone = if amc == Montant::ZERO { colonnes.amo } else { colonnes.amc };
        let message = format!("AMO {amo} + AMC {amc} au-dessus de la dépense {depense}");
        out.push(at(Code::AuDelaDepense, piece, zone, message));
    }
}

/// Where a code of prior agreement and its date stand.
const fn accord_zones(genre: Genre, cp: bool) -> Option<(&'static Zone, &'static Zone)> {
    match (genre, cp) {
        (Genre::Ligne4, false) => {
            Some((&t4::ps::CODE_ACCORD_PREALABLE, &t4::ps::DATE_DEMANDE_ACCORD_PREALABLE))
        }
        (Genre::Complement3(b'S'), true) => {
            Some((&t3s::cp::CODE_ACCORD_PREALABLE, &t3s::cp::DATE_DEMANDE_ACCORD_PREALABLE))
        }
        (Genre::Complement4(b'S'), _) => {
            Some((&t4s::v2005e::CODE_ACCORD_PREALABLE, &t4s::v2005e::DATE_DEMANDE_ACCORD_PREALABLE))
        }
        _ => None,
    }
}

/// C28: the date of the prior agreement is expected unless the code is 9 (not subject to it).
fn accord(facture: &Facture, piece: &Piece, out: &mut Vec<Anomaly>) {
    let Some((code, date)) = accord_zones(piece.genre, facture.is_cp()) else { return };
    if matches!(code.of(&piece.record), b"0" | b"4" | b"5") && vide(date.of(&piece.record)) {
        out.push(at(
            Code::AccordPrealable,
            piece,
            date,
            "Accord préalable : la date de demande est attendue",
        ));
    }
}
