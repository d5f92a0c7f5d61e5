//! Zones of the main lines (types 3 and 4) in each variant of norm B2, under one name per value.

use super::{Record, t3, t4};
use crate::layout::Zone;
use crate::picture;
use crate::types::{Date, Montant};

/// The zones of a main line, by what they hold.
pub(super) struct Colonnes {
    pub(super) code_acte: &'static Zone,
    pub(super) date: &'static Zone,
    pub(super) quantite: &'static Zone,
    pub(super) coefficient: &'static Zone,
    pub(super) prix_unitaire: &'static Zone,
    pub(super) base: &'static Zone,
    pub(super) taux: &'static Zone,
    pub(super) depense: &'static Zone,
    pub(super) amo: &'static Zone,
    pub(super) amc: &'static Zone,
    pub(super) qualificatif: &'static Zone,
}

/// Value of a numeric zone, 0 when it is blank or damaged.
pub(super) fn n(zone: &Zone, r: &Record) -> u64 {
    picture::nombre(zone.of(r)).ok().flatten().unwrap_or_default()
}

/// Amount of a zone, 0 when it is blank or damaged.
pub(super) fn m(zone: &Zone, r: &Record) -> Montant {
    picture::montant(zone.of(r)).ok().flatten().unwrap_or_default()
}

/// Date of a zone (AAMMJJ), `None` when it is blank or no date.
pub(super) fn d(zone: &Zone, r: &Record) -> Option<Date> {
    picture::aammjj(zone.of(r)).unwrap_or_default()
}

pub(super) static LIGNE_3: Colonnes = Colonnes {
    code_acte: &t3::cp::CODE_ACTE,
    date: &t3::cp::DATE_DEBUT_SEJOUR,
    quantite: &t3::cp::QUANTITE,
    coefficient: &t3::cp::COEFFICIENT,
    prix_unitaire: &t3::cp::PRIX_UNITAIRE,
    base: &t3::cp::BASE_REMBOURSEMENT,
    taux: &t3::cp::TAUX,
    depense: &t3::cp::MONTANT_TOTAL_DEPENSE,
    amo: &t3::cp::MONTANT_REMBOURSABLE_AMO,
    amc: &t3::cp::MONTANT_REMBOURSABLE_OC,
    qualificatif: &t3::cp::QUALIFICATIF_DEPENSE,
};

pub(super) static LIGNE_4_PS: Colonnes = Colonnes {
    code_acte: &t4::ps::CODE_ACTE,
    date: &t4::ps::DATE_SOINS_DELIVRANCE,
    quantite: &t4::ps::QUANTITE,
    coefficient: &t4::ps::COEFFICIENT,
    prix_unitaire: &t4::ps::PRIX_UNITAIRE,
    base: &t4::ps::BASE_REMBOURSEMENT,
    taux: &t4::ps::TAUX,
    depense: &t4::ps::MONTANT_HONORAIRES_DEPENSE,
    amo: &t4::ps::MONTANT_REMBOURSABLE_AMO,
    amc: &t4::ps::MONTANT_REMBOURSABLE_OC,
    qualificatif: &t4::ps::QUALIFICATIF_DEPENSE,
};

pub(super) static LIGNE_4_CP: Colonnes = Colonnes {
    code_acte: &t4::cp::CODE_ACTE,
    date: &t4::cp::DATE_SOINS,
    quantite: &t4::cp::QUANTITE,
    coefficient: &t4::cp::COEFFICIENT,
    prix_unitaire: &t4::cp::PRIX_UNITAIRE,
    base: &t4::cp::BASE_REMBOURSEMENT,
    taux: &t4::cp::TAUX,
    depense: &t4::cp::MONTANT_HONORAIRES,
    amo: &t4::cp::MONTANT_REMBOURSABLE_AMO,
    amc: &t4::cp::MONTANT_REMBOURSABLE_OC,
    qualificatif: &t4::cp::QUALIFICATIF_DEPENSE,
};
