//! C30, C31, C32 and C26: the type 5 of an invoice against its lines.

use super::super::facture::{Facture, Piece};
use super::super::genre::{Genre, NormeLot};
use super::super::{Record, t2, t3, t4, t5};
use super::at;
use crate::anomaly::{Anomaly, Code};
use crate::layout::Zone;
use crate::picture;
use crate::types::Montant;

/// One line of the table of totals: zone of the type 5, main type and zone that it sums.
pub(in crate::b2) type Somme = (&'static Zone, Genre, &'static Zone);

/// C30: norm CP.
const SOMMES_CP: &[Somme] = &[
    (&t5::cp::TOTAL_BASE_REMBOURSEMENT_PH, Genre::Ligne3, &t3::cp::BASE_REMBOURSEMENT),
    (&t5::cp::TOTAL_REMBOURSABLE_AMO_PH, Genre::Ligne3, &t3::cp::MONTANT_REMBOURSABLE_AMO),
    (&t5::cp::TOTAL_HONORAIRES_FACTURES, Genre::Ligne4, &t4::cp::MONTANT_HONORAIRES),
    (&t5::cp::TOTAL_REMBOURSABLE_AMO_HONORAIRES, Genre::Ligne4, &t4::cp::MONTANT_REMBOURSABLE_AMO),
    (&t5::cp::TOTAL_REMBOURSABLE_OC_PH, Genre::Ligne3, &t3::cp::MONTANT_REMBOURSABLE_OC),
    (&t5::cp::TOTAL_REMBOURSABLE_OC_HONORAIRES, Genre::Ligne4, &t4::cp::MONTANT_REMBOURSABLE_OC),
    (&t5::cp::MONTANT_TOTAL_FACTURE_PH, Genre::Ligne3, &t3::cp::MONTANT_TOTAL_DEPENSE),
];

/// C31: norm PS.
const SOMMES_PS: &[Somme] = &[
    (&t5::ps::TOTAL_MONTANTS_FACTURES, Genre::Ligne4, &t4::ps::MONTANT_HONORAIRES_DEPENSE),
    (&t5::ps::TOTAL_REMBOURSABLE_AMO, Genre::Ligne4, &t4::ps::MONTANT_REMBOURSABLE_AMO),
    (&t5::ps::TOTAL_REMBOURSABLE_OC, Genre::Ligne4, &t4::ps::MONTANT_REMBOURSABLE_OC),
];

/// The table of totals of a norm, for the writer.
pub(in crate::b2) const fn sommes(norme: NormeLot) -> &'static [Somme] {
    match norme {
        NormeLot::Cp => SOMMES_CP,
        NormeLot::Ps => SOMMES_PS,
    }
}

/// Verifies the type 5 of an invoice.
pub(super) fn totaux(facture: &Facture, out: &mut Vec<Anomaly>) {
    let Some(fin) = facture.piece(Genre::FinFacture) else { return };
    let code = if facture.is_cp() { Code::TotalFactureCp } else { Code::TotalFacturePs };
    for (total, genre, zone) in sommes(facture.tables.norme) {
        compare(facture, fin, code, total, *genre, zone, out);
    }
    participation(facture, fin, code, out);
    compte(facture, fin, out);
    eclatement(facture, out);
}

/// Returns an amount, zero when it is blank; `None` when it cannot be read.
pub(super) fn read(zone: &Zone, record: &Record) -> Option<Montant> {
    picture::montant(zone.of(record)).ok().map(Option::unwrap_or_default)
}

/// A sum with an unreadable term is not compared: the unreadable zone is already reported.
fn compare(
    facture: &Facture,
    fin: &Piece,
    code: Code,
    total: &'static Zone,
    genre: Genre,
    zone: &Zone,
    out: &mut Vec<Anomaly>,
) {
    let mut terms =
        facture.pieces.iter().filter(|p| p.genre == genre).map(|p| read(zone, &p.record));
    let sum = terms.try_fold(Montant::ZERO, |sum, term| Some(sum + term?));
    if let (Some(declared), Some(sum)) = (read(total, &fin.record), sum)
        && declared != sum
    {
        out.push(at(
            code,
            fin,
            total,
            format!("{} : {declared} déclaré, {sum} d'après les lignes", total.name),
        ));
    }
}

/// Participation of the insured before OC = total billed - AMO, over the totals as declared.
fn participation(facture: &Facture, fin: &Piece, code: Code, out: &mut Vec<Anomaly>) {
    let r = &fin.record;
    let (zone, terms): (&'static Zone, &[(&Zone, i64)]) = if facture.is_cp() {
        use t5::cp::{
            MONTANT_TOTAL_FACTURE_PH, TOTAL_HONORAIRES_FACTURES,
            TOTAL_PARTICIPATION_ASSURE_AVANT_OC, TOTAL_REMBOURSABLE_AMO_HONORAIRES,
            TOTAL_REMBOURSABLE_AMO_PH,
        };
        let terms = &[
            (&MONTANT_TOTAL_FACTURE_PH, 1),
            (&TOTAL_REMBOURSABLE_AMO_PH, -1),
            (&TOTAL_HONORAIRES_FACTURES, 1),
            (&TOTAL_REMBOURSABLE_AMO_HONORAIRES, -1),
        ];
        (&TOTAL_PARTICIPATION_ASSURE_AVANT_OC, terms)
    } else {
        use t5::ps::{
            TOTAL_MONTANTS_FACTURES, TOTAL_PARTICIPATION_ASSURE_AVANT_OC, TOTAL_REMBOURSABLE_AMO,
        };
        (
            &TOTAL_PARTICIPATION_ASSURE_AVANT_OC,
            &[(&TOTAL_MONTANTS_FACTURES, 1), (&TOTAL_REMBOURSABLE_AMO, -1)],
        )
    };
    let sum: Option<i64> =
        terms.iter().map(|(z, sign)| read(z, r).map(|m| sign * m.centimes())).sum();
    if let (Some(declared), Some(sum)) = (read(zone, r), sum.map(Montant::from_centimes))
        && declared != sum
    {
        out.push(at(
            code,
            fin,
            zone,
            format!("{} : {declared} déclaré, {sum} d'après les autres totaux", zone.name),
        ));
    }
}

/// C32: all 3 and 4, complements included; the count without complements is tolerated (source V
/// names it so). 1,000 records and more do not fit.
fn compte(facture: &Facture, fin: &Piece, out: &mut Vec<Anomaly>) {
    let zone = if facture.is_cp() {
        &t5::cp::NOMBRE_ENREGISTREMENTS_TYPES_3_4
    } else {
        &t5::ps::NOMBRE_ENREGISTREMENTS_TYPE_4
    };
    let all = facture.pieces.iter().filter(|p| p.genre.is_detail()).count() as u64;
    let lines = facture.pieces.iter().filter(|p| p.genre.is_ligne()).count() as u64;
    if let Ok(declared) = picture::nombre(zone.of(&fin.record)) {
        let declared = declared.unwrap_or_default();
        if declared != all && declared != lines {
            out.push(at(
                Code::CompteFacture,
                fin,
                zone,
                format!("{} : {declared} déclaré, {all} lus", zone.name),
            ));
        }
    }
}

/// C26: top eclatement F means that the AMC part travels on another invoice.
fn eclatement(facture: &Facture, out: &mut Vec<Anomaly>) {
    let main = facture.principale();
    let zone = if facture.is_cp() {
        &t2::cp::TOP_ECLATEMENT_FLUX_ETABLISSEMENT
    } else {
        &t2::ps::TOP_ECLATEMENT_FLUX_PS
    };
    let split_in_dre = facture.tables.dre;
    if zone.of(&main.record) == b"F" && !split_in_dre && facture.totaux().amc != Montant::ZERO {
        out.push(at(
            Code::Eclatement,
            main,
            zone,
            "Flux éclaté (F) : la part complémentaire des lignes doit être nulle",
        ));
    }
}
