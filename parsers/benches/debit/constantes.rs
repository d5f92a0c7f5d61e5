//! Every zone by the constants of its table: what the crate offers to those who know which record
//! they read. The compiler knows the place, the length and the picture of each zone, and the table
//! is still stated once.

use crate::decodage::valeur;
use noemie_parsers::b2::{t2, t2s, t4, t5};
use noemie_parsers::layout::famille36;

macro_rules! lire {
    ($record:ident: $($zone:expr),*) => { 0u64 $(.wrapping_add(valeur(&$zone, $record)))* };
}

/// The same sum as the two others.
pub(crate) fn par_constantes(records: &[[u8; 128]]) -> u64 {
    let lus = records.iter().map(|record| match record[0] {
        b'2' if record[35] == b'S' => suite(record),
        b'2' => deux(record),
        b'4' => quatre(record),
        b'5' => cinq(record),
        _ => 0,
    });
    lus.fold(0, u64::wrapping_add)
}

/// Type 2, norm PS.
fn deux(r: &[u8; 128]) -> u64 {
    use t2::ps as t;
    lire!(r:
        famille36::TYPE_ENREGISTREMENT,
        famille36::NO_PARTENAIRE_SANTE_CLE,
        famille36::FILLER,
        famille36::NO_IMMATRICULATION_ASSURE,
        famille36::CLE_NO_IMMATRICULATION,
        famille36::NO_FACTURE,
        t::COMPLEMENT_TYPE,
        t::MARQUAGE_FACTURE,
        t::INDICATEUR_FORCAGE_PART_AMO,
        t::NATURE_OPERATION,
        t::DATE_FACTURATION,
        t::TOP_ECLATEMENT_FLUX_PS,
        t::TYPE_FACTURE,
        t::FACTURE_ETABLIE_SUR_DISPOSITIF_PORTABLE,
        t::CODE_GRAND_REGIME,
        t::NO_CAISSE_GESTIONNAIRE,
        t::NO_CENTRE_GESTIONNAIRE,
        t::NATURE_PIECE_JUSTIFICATIVE_DROITS,
        t::NO_PRESCRIPTEUR_CLE,
        t::DATE_PRESCRIPTION,
        t::REGIME_PRESTATION_ASSURE,
        t::NATURE_ASSURANCE,
        t::JUSTIFICATION_EXONERATION_TM,
        t::DATE_MATERNITE,
        t::NO_AT_DATE_ACCIDENT_DROIT_COMMUN,
        t::CPS_REMPLACANT,
        t::DATE_NAISSANCE_BENEFICIAIRE,
        t::RANG_NAISSANCE,
        t::RANG_BENEFICIAIRE,
        t::NO_ADHERENT,
        t::SPECIALITE_PRESCRIPTEUR,
        t::DESTINATAIRE_REGLEMENT,
        t::TYPE_CONTRAT_OC,
        t::NO_ORGANISME_COMPLEMENTAIRE
    )
}

/// Type 2S, norm PS.
fn suite(r: &[u8; 128]) -> u64 {
    use t2s::ps as t;
    lire!(r:
        famille36::TYPE_ENREGISTREMENT,
        famille36::NO_PARTENAIRE_SANTE_CLE,
        famille36::FILLER,
        famille36::NO_IMMATRICULATION_ASSURE,
        famille36::CLE_NO_IMMATRICULATION,
        famille36::NO_FACTURE,
        t::COMPLEMENT_TYPE,
        t::FILLER,
        t::NO_IMMATRICULATION_INDIVIDUEL,
        t::CLE,
        t::REFERENCE_LISTE_OPPOSITION,
        t::FILLER_ZONE_PARCOURS_SOINS_ENSUITE
    )
}

/// Type 4, norm PS.
fn quatre(r: &[u8; 128]) -> u64 {
    use t4::ps as t;
    lire!(r:
        famille36::TYPE_ENREGISTREMENT,
        famille36::NO_PARTENAIRE_SANTE_CLE,
        famille36::FILLER,
        famille36::NO_IMMATRICULATION_ASSURE,
        famille36::CLE_NO_IMMATRICULATION,
        famille36::NO_FACTURE,
        t::COMPLEMENT_TYPE,
        t::SEQUENCE,
        t::MODE_TRAITEMENT,
        t::DISCIPLINE_PRESTATION,
        t::DATE_DEMANDE_ACCORD_PREALABLE,
        t::CODE_ACCORD_PREALABLE,
        t::SEQUENCE_RENOUVELLEMENT,
        t::FILLER,
        t::JUSTIFICATION_EXONERATION_NIVEAU_ACTE,
        t::NO_EXECUTANT_CLE,
        t::ZONE_TARIF_EXECUTANT,
        t::SPECIALITE_EXECUTANT,
        t::DATE_SOINS_DELIVRANCE,
        t::CODE_ACTE,
        t::QUANTITE,
        t::COEFFICIENT,
        t::DENOMBREMENT,
        t::PRIX_UNITAIRE,
        t::BASE_REMBOURSEMENT,
        t::TAUX,
        t::MONTANT_REMBOURSABLE_AMO,
        t::MONTANT_HONORAIRES_DEPENSE,
        t::QUALIFICATIF_DEPENSE,
        t::CODE_LIEU,
        t::MONTANT_REMBOURSABLE_OC
    )
}

/// Type 5, norm PS.
fn cinq(r: &[u8; 128]) -> u64 {
    use t5::ps as t;
    lire!(r:
        famille36::TYPE_ENREGISTREMENT,
        famille36::NO_PARTENAIRE_SANTE_CLE,
        famille36::FILLER,
        famille36::NO_IMMATRICULATION_ASSURE,
        famille36::CLE_NO_IMMATRICULATION,
        famille36::NO_FACTURE,
        t::FILLER_36,
        t::NOMBRE_ENREGISTREMENTS_TYPE_4,
        t::ZONE_RESERVEE_SESAM_42,
        t::TOTAL_MONTANTS_FACTURES,
        t::TOTAL_REMBOURSABLE_AMO,
        t::TOTAL_PARTICIPATION_ASSURE_AVANT_OC,
        t::TOTAL_REMBOURSABLE_OC,
        t::TOP_ECLATEMENT_OCT,
        t::ZONE_RESERVEE_SESAM_91,
        t::LISTE_OPPOSITION,
        t::FILLER_95,
        t::ZONE_CERTIFICATION
    )
}
