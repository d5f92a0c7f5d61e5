//! C33: the counters and totals of a type 6. Warnings: the figures are recomputed. C39, C41, C43
//! and C44: date, number and PS of a lot.

use super::super::element::{FinLot, Lot};
use super::super::facture::{self, Facture};
use super::super::genre::Genre;
use super::super::{t1, t5, t6};
use super::{dates, persons, vide};
use crate::anomaly::{Anomaly, Code};
use crate::layout::{Picture, Zone, famille36};
use crate::picture;
use crate::types::{Date, Montant, cle_type_1_2_valide};
use std::collections::HashMap;

/// Most lots of a logical file whose numbers are kept: a number has three characters, and a
/// concentrator joins the lots of many PS.
const LOTS_MAX: usize = 100_000;

/// PS and number of each lot of a logical file, with its record.
pub(in crate::b2) type LotsVus = HashMap<[u8; 12], u64>;

/// Verifies date and number of a lot; `fichier` is the creation date of its file.
pub(in crate::b2) fn lot(
    lot: &Lot,
    fichier: Option<Date>,
    vus: &mut LotsVus,
    out: &mut Vec<Anomaly>,
) {
    dates::lot(lot, fichier, out);
    let (zone, record) = (&t1::layout::NO_LOT, lot.position.record);
    let numero = zone.of(&lot.record);
    let mut key = [0; 12];
    key[..9].copy_from_slice(t1::layout::NO_PARTENAIRE_SANTE_CLE.of(&lot.record));
    key[9..].copy_from_slice(numero);
    let message = if vide(numero) {
        "Le numéro de lot manque".to_owned()
    } else if let Some(premier) = vus.get(&key) {
        format!(
            "Deux lots {} de ce PS dans le fichier : le premier commence à l'enregistrement \
             {premier}",
            lot.numero()
        )
    } else {
        if vus.len() < LOTS_MAX {
            vus.insert(key, record);
        }
        return;
    };
    out.push(Anomaly::on_zone(Code::NumeroLot, lot.position, "1", zone, &lot.record, message));
}

/// C44: the PS of an invoice is not that of its lot. A number with a wrong key is left to C12.
pub(in crate::b2) fn ps_du_lot(facture: &mut Facture, lot: &Lot) {
    let (zone, principale) = (&famille36::NO_PARTENAIRE_SANTE_CLE, facture.principale());
    let ps = zone.of(&principale.record);
    if ps != t1::layout::NO_PARTENAIRE_SANTE_CLE.of(&lot.record) && cle_type_1_2_valide(ps) {
        let message = "Le numéro de partenaire de santé n'est pas celui du lot";
        let anomaly = super::at(Code::PsDuLot, principale, zone, message);
        facture.anomalies.push(anomaly);
    }
}

/// What was read of a lot, as declared by its invoices (quarantined ones included).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompteLot {
    factures: u64,
    lignes: u64,
    types_2: u64,
    types_5: u64,
    total: u64,
    amo: u64,
    /// AMO of the fees only: in norm CP the source A adds nothing else.
    amo_honoraires: u64,
    amc: u64,
    /// Whether an invoice had a NIR in zones of amounts, so that the sums may have a part of it.
    has_misplaced_nir: bool,
}

impl CompteLot {
    /// The zones of a type 6 and their values, for the writer.
    pub(in crate::b2) fn valeurs(&self) -> [(&'static Zone, u64); 7] {
        use t6::layout as t;
        [
            (&t::NOMBRE_FACTURES, self.factures),
            (&t::NOMBRE_LIGNES_ACTES, self.lignes),
            (&t::NOMBRE_ENREGISTREMENTS_TYPE_2, self.types_2),
            (&t::NOMBRE_ENREGISTREMENTS_TYPE_5, self.types_5),
            (&t::MONTANT_TOTAL_FACTURE_LOT, self.total),
            (&t::MONTANT_TOTAL_AMO_LOT, self.amo),
            (&t::MONTANT_TOTAL_OC_LOT, self.amc),
        ]
    }

    /// Adds an invoice.
    pub fn ajouter(&mut self, facture: &Facture) {
        self.factures += 1;
        self.has_misplaced_nir |= !facture.anomalies.is_empty() && persons::has_misplaced(facture);
        for piece in &facture.pieces {
            match piece.genre {
                Genre::Ligne3 | Genre::Ligne4 => self.lignes += 1,
                Genre::Facture | Genre::ComplementFacture(_) => self.types_2 += 1,
                Genre::FinFacture | Genre::ComplementFin(_) => self.types_5 += 1,
                _ => {}
            }
        }
        if let Some(fin) = facture.piece(Genre::FinFacture) {
            let declared = facture::totaux_declares(fin, facture.tables.norme);
            let unsigned = |m: Montant| u64::try_from(m.centimes()).unwrap_or_default();
            self.total += unsigned(declared.total);
            self.amo += unsigned(declared.amo);
            self.amc += unsigned(declared.amc);
            self.amo_honoraires +=
                picture::nombre(t5::cp::TOTAL_REMBOURSABLE_AMO_HONORAIRES.of(&fin.record))
                    .ok()
                    .flatten()
                    .unwrap_or_default();
        }
    }
}

/// Compares a 6 with what was read of its lot.
pub fn fin_lot(fin: &FinLot, lot: &Lot, read: &CompteLot, out: &mut Vec<Anomaly>) {
    use t6::layout as t;
    let cp = matches!(lot.tables.norme, super::super::genre::NormeLot::Cp);
    let amo: &[u64] = if cp { &[read.amo, read.amo_honoraires] } else { &[read.amo] };
    let table: [(&'static Zone, &[u64]); 7] = [
        (&t::NOMBRE_FACTURES, &[read.factures]),
        (&t::NOMBRE_LIGNES_ACTES, &[read.lignes]),
        (&t::NOMBRE_ENREGISTREMENTS_TYPE_2, &[read.types_2]),
        (&t::NOMBRE_ENREGISTREMENTS_TYPE_5, &[read.types_5]),
        (&t::MONTANT_TOTAL_FACTURE_LOT, &[read.total]),
        (&t::MONTANT_TOTAL_AMO_LOT, amo),
        (&t::MONTANT_TOTAL_OC_LOT, &[read.amc]),
    ];
    let first = out.len();
    for (zone, accepted) in table {
        let declared = picture::nombre(zone.of(&fin.record)).ok().map(Option::unwrap_or_default);
        if declared.is_some_and(|d| !accepted.contains(&d)) {
            let declared = declared.unwrap_or_default();
            push(
                fin,
                zone,
                format!(
                    "{} : {} déclaré, {} lu",
                    zone.name,
                    shown(zone, declared),
                    shown(zone, accepted[0])
                ),
                out,
            );
        }
    }
    if read.has_misplaced_nir {
        out[first..].iter_mut().for_each(Anomaly::mask_message);
    }
    let ps = &t::NO_PARTENAIRE_SANTE_CLE;
    if ps.of(&fin.record) != t1::layout::NO_PARTENAIRE_SANTE_CLE.of(&lot.record) {
        let message = "Le numéro de partenaire de santé n'est pas celui du type 1 du lot";
        let code = Code::PsDuLot;
        out.push(Anomaly::on_zone(code, fin.position, "6", ps, &fin.record, message));
    }
    if t::NO_LOT.of(&fin.record) != t1::layout::NO_LOT.of(&lot.record) {
        push(
            fin,
            &t::NO_LOT,
            format!("Le numéro de lot diffère de celui du type 1 ({})", lot.numero()),
            out,
        );
    }
}

/// A counter as it is, an amount in euros.
fn shown(zone: &Zone, n: u64) -> String {
    match zone.picture {
        Picture::Montant => {
            Montant::from_centimes(i64::try_from(n).unwrap_or(i64::MAX)).to_string()
        }
        _ => n.to_string(),
    }
}

fn push(fin: &FinLot, zone: &'static Zone, message: String, out: &mut Vec<Anomaly>) {
    out.push(Anomaly::on_zone(Code::TotalLot, fin.position, "6", zone, &fin.record, message));
}
