//! Controls C4 to C37 of the norm, and C39 to C45 of the project, over records, invoices, lots and
//! files.
//!
//! Each control is a function in the file of its subject; what it costs is in the table of
//! [`crate::anomaly`]. Controls that no byte of a file can decide are not here: C1 (file name of
//! one operator), C11 (accepted forms of NIR: nothing to refuse), C20 (one nature of insurance per
//! invoice: the layout has room for one), C23 (needs to know which establishments are public), C25,
//! C36 and C38 (advice to producers and default values of readers).

mod calculs;
mod cles;
mod codes;
mod dates;
mod fichier;
mod lot;
mod ordre;
mod persons;
mod prefixe;
mod totaux;
mod zones;

pub use fichier::{en_tete, fin_fichier};
pub use lot::{CompteLot, fin_lot};
pub(super) use lot::{LotsVus, lot, ps_du_lot};
pub(super) use totaux::sommes;
pub use zones::zones;

use super::element::EnTete;
use super::facture::{Facture, Piece};
use crate::anomaly::{Anomaly, Code, Place, Severity};
use crate::layout::Zone;

/// Findings kept for one invoice: a true one has a few, and an invoice of 999 lines with several
/// faults on each is still told whole.
pub const ANOMALIES_MAX: usize = 10_000;

/// Findings of one invoice, in bounded memory: the next ones are only counted, with the worst of
/// them.
#[derive(Default)]
struct Bilan {
    gardees: Vec<Anomaly>,
    omises: usize,
    pire: Option<Severity>,
}

impl Bilan {
    fn borner(&mut self) {
        let trop = self.gardees.get(ANOMALIES_MAX..).unwrap_or_default();
        self.omises += trop.len();
        self.pire = self.pire.max(trop.iter().map(|a| a.severity).max());
        self.gardees.truncate(ANOMALIES_MAX);
    }

    fn rendre(mut self, facture: &mut Facture) {
        self.borner();
        facture.anomalies.append(&mut self.gardees);
        if let Some(pire) = self.pire {
            let at = facture.principale().position;
            let message = format!(
                "{} autres anomalies dans cette facture ne sont pas détaillées",
                self.omises
            );
            facture
                .anomalies
                .push(Anomaly::on_record(Code::Limite, at, "2", message).with_severity(pire));
        }
    }
}

/// Runs every control of an invoice and keeps what they find in it.
pub fn facture(facture: &mut Facture, en_tete: Option<&EnTete>) {
    let mut bilan = Bilan::default();
    for piece in facture.pieces.iter().filter(|p| !p.douteux) {
        let layout = facture.tables.layout(piece.genre);
        zones(
            layout,
            facture.famille(piece),
            &piece.record,
            piece.position,
            piece.genre,
            Place::Facture,
            &mut bilan.gardees,
        );
        bilan.borner();
    }
    let found = &mut bilan.gardees;
    prefixe::prefixe(facture, found);
    ordre::ordre(facture, found);
    if facture.pieces.iter().all(|p| !p.douteux) {
        cles::cles(facture, found);
        codes::codes(facture, found);
        totaux::totaux(facture, found);
        let transmission = en_tete.and_then(|e| e.date);
        calculs::calculs(facture, transmission, found);
        dates::facture(facture, transmission, found);
    }
    bilan.rendre(facture);
    persons::mask_misplaced(facture);
}

/// An anomaly on a zone of a piece of an invoice.
fn at(code: Code, piece: &Piece, zone: &'static Zone, message: impl Into<String>) -> Anomaly {
    Anomaly::on_zone(code, piece.position, piece.genre.nom(), zone, &piece.record, message)
}

/// Whether a zone holds nothing: blanks or zeros.
fn vide(zone: &[u8]) -> bool {
    zone.iter().all(|b| matches!(b, b' ' | b'0'))
}
