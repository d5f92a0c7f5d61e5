//! C3, C4, C34 and C41: the 000 and the 999 of a logical file.

use super::super::element::{EnTete, FinFichier};
use super::super::{t000, t999};
use super::dates;
use crate::anomaly::{Anomaly, Code};
use crate::layout::Zone;
use crate::picture;

/// Verifies a 000.
pub fn en_tete(en_tete: &EnTete, out: &mut Vec<Anomaly>) {
    let zone = &t000::layout::IDENTIFICATION_FICHIER;
    let id = zone.of(&en_tete.record);
    if id.iter().all(|b| *b == b' ') {
        let message = "L'identification du fichier est obligatoire";
        out.push(Anomaly::on_zone(
            Code::IdentificationFichier,
            en_tete.position,
            "000",
            zone,
            &en_tete.record,
            message,
        ));
    }
    dates::en_tete(en_tete, out);
    if !en_tete.initiale {
        let message = "La zone message ne porte pas FACTURE INITIALE : ce fichier n'annonce pas de factures, les siennes sont mises de côté";
        let anomaly = Anomaly::on_zone(
            Code::NonInitiale,
            en_tete.position,
            "000",
            &t000::layout::ZONE_MESSAGE,
            &en_tete.record,
            message,
        );
        out.push(anomaly);
    }
}

/// Zones of the 999 that repeat the 000, at the same columns.
const REPETEES: &[&Zone] = &[
    &t999::layout::TYPE_EMETTEUR,
    &t999::layout::NO_EMETTEUR,
    &t999::layout::TYPE_DESTINATAIRE,
    &t999::layout::NO_DESTINATAIRE,
    &t999::layout::APPLICATION,
    &t999::layout::IDENTIFICATION_FICHIER,
];

/// Compares a 999 with its 000 and with what was read of the logical file.
pub fn fin_fichier(
    fin: &FinFichier,
    en_tete: &EnTete,
    enregistrements: u64,
    lots: u64,
    out: &mut Vec<Anomaly>,
) {
    for zone in REPETEES {
        if zone.of(&fin.record) != zone.of(&en_tete.record) {
            push(fin, zone, format!("{} : différent de l'en-tête 000", zone.name), out);
        }
    }
    for (zone, read) in [
        (&t999::layout::NOMBRE_ENREGISTREMENTS, enregistrements),
        (&t999::layout::NOMBRE_LOTS, lots),
    ] {
        let declared = picture::nombre(zone.of(&fin.record)).ok().map(Option::unwrap_or_default);
        if let Some(declared) = declared.filter(|d| *d != read) {
            push(fin, zone, format!("{} : {declared} déclaré, {read} lu", zone.name), out);
        }
    }
}

fn push(fin: &FinFichier, zone: &'static Zone, message: String, out: &mut Vec<Anomaly>) {
    out.push(Anomaly::on_zone(Code::FinFichier, fin.position, "999", zone, &fin.record, message));
}
