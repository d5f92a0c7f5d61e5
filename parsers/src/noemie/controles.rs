//! Controls of one entity by its table: delimiter (Q4, Q5), unknown code (Q10), numeric zones and
//! signs (Q11), states (Q13).
//!
//! The policy is that a fault inside an invoice costs the invoice, and elsewhere the file: what is
//! paid outside invoices, or the frame around them, cannot be set aside.

use super::contexte::numero_ps;
use super::entite::Entite;
use super::montants::signe_connu;
use super::retour::Etat;
use super::{e040, e198, e199, e210, e250, e294, e990};
use crate::anomaly::{Anomaly, Code, Place, Severity};
use crate::layout::{Layout, Zone};
use crate::picture;

/// Entities that carry the groups: a fault there makes every invoice below doubtful.
const STRUCTURE: &[&[u8; 3]] =
    &[b"010", b"020", b"040", b"070", b"071", b"080", b"081", b"150", b"990"];

/// Where an entity stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Situation {
    /// Inside an invoice, its opening and closing entities included.
    pub(super) dans_facture: bool,
    /// In a file of reference 687.
    pub(super) reference_687: bool,
}

/// Every fault of an entity.
pub(super) fn controler(entite: &Entite, situation: Situation) -> Vec<Anomaly> {
    let mut fautes = Vec::new();
    let Some(table) = entite.table else {
        let attendue = situation.reference_687 && entite.partielle().is_some();
        if !attendue {
            fautes.push(
                entite.anomalie(Code::EntiteInconnue, "code d'entité inconnu, conservé tel quel"),
            );
        }
        return fautes;
    };
    if !entite.fermee {
        fautes.push(sans_fin(entite, table.zones.last().expect("a table has zones"), situation));
    }
    if !toutes_lisibles(entite, table) {
        fautes.extend(illisibles(entite, table, place(entite, situation).severity()));
    }
    if let Some(zone) = etat_inconnu(entite) {
        fautes.push(entite.sur_zone(Code::EtatInconnu, zone, "l'état doit être P, R, D ou blanc"));
    }
    fautes
}

/// Whether every zone can be read: those that are made of digits are not looked at one by one.
fn toutes_lisibles(entite: &Entite, table: &'static Layout) -> bool {
    let corse = zone_de_ps(entite);
    zone_de_signe(entite).is_none_or(|signe| signe_connu(signe.of(&entite.octets)))
        && table.zones_sans_chiffres(&entite.octets).all(|zone| lisible(zone, entite, None, corse))
}

/// A fault for each zone that cannot be read.
fn illisibles(
    entite: &Entite,
    table: &'static Layout,
    severite: Severity,
) -> impl Iterator<Item = Anomaly> {
    let (signe, corse) = (zone_de_signe(entite), zone_de_ps(entite));
    // The first two zones are the code and the level, read when the entity was cut.
    table.zones.iter().skip(2).filter(move |z| !lisible(z, entite, signe, corse)).map(move |zone| {
        let mut faute = entite.sur_zone(
            Code::RetourNonNumerique,
            zone,
            "la zone doit être faite de chiffres, ou d'un signe P ou N, ou blanche",
        );
        // Shifted by one byte, such an entity may show a piece of a NIR or of a name in its next
        // zone.
        if entite.porte_une_personne() {
            faute.value = None;
        }
        faute.with_severity(severite)
    })
}

fn structurelle(entite: &Entite) -> bool {
    STRUCTURE.contains(&&entite.code)
}

fn place(entite: &Entite, situation: Situation) -> Place {
    match &entite.code {
        b"990" => Place::FinDeLot,
        _ if situation.dans_facture && !structurelle(entite) => Place::Facture,
        _ => Place::Enveloppe,
    }
}

fn sans_fin(entite: &Entite, zone: &'static Zone, situation: Situation) -> Anomaly {
    if situation.dans_facture && !structurelle(entite) {
        entite.sur_zone(Code::EntiteSansFin, zone, "l'entité ne se termine pas par @")
    } else {
        entite.sur_zone(
            Code::EntiteDecalee,
            zone,
            "une entité hors facture ne se termine pas par @",
        )
    }
}

/// The sign zone, which is part of an amount.
fn zone_de_signe(entite: &Entite) -> Option<&'static Zone> {
    Some(match &entite.code {
        b"198" => &e198::layout::SIGNE,
        b"199" => &e199::layout::SIGNE,
        b"210" => &e210::layout::SIGNE,
        b"250" => &e250::layout::SIGNE,
        b"990" => &e990::layout::SIGNE,
        _ => return None,
    })
}

/// Whether a zone can be read. Zones of one table are told apart by their first column.
fn lisible(zone: &Zone, entite: &Entite, signe: Option<&Zone>, corse: Option<&Zone>) -> bool {
    let octets = zone.of(&entite.octets);
    let est = |autre: Option<&Zone>| autre.is_some_and(|a| a.start == zone.start);
    if est(signe) {
        return signe_connu(octets);
    }
    !zone.picture.is_numeric()
        || picture::nombre(octets).is_ok()
        || (est(corse) && numero_ps(octets).is_some())
}

/// Tolerance: numbers of Corsican structures keep their letter (2A, 2B) in zones that the norm
/// calls numeric.
fn zone_de_ps(entite: &Entite) -> Option<&'static Zone> {
    match &entite.code {
        b"040" => Some(&e040::layout::NUMERO_DESTINATAIRE),
        b"294" => Some(&e294::layout::NUMERO_EXECUTANT),
        _ => None,
    }
}

/// The zone of the state, when its letter is unknown.
fn etat_inconnu(entite: &Entite) -> Option<&'static Zone> {
    let zone = match &entite.code {
        b"198" => &e198::layout::ETAT,
        b"199" => &e199::layout::ETAT,
        _ => return None,
    };
    Etat::lire(zone.of(&entite.octets)).is_none().then_some(zone)
}
