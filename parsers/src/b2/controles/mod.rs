//! Controls C4 to C37 of the norm over records, invoices, lots and files.
//!
//! Each control is a function in the file of its subject; what it costs is in the table of [`crate::anomaly`]. Controls that no byte of a
//! file can decide are not here: C1 (file name of one operator), C11 (accepted forms of NIR: nothing to refuse), C20 (one nature of insurance per
//! invoice: the layout has room for one), C23 (needs to know which establishments are public), C25, C36 and C38 (advice to producers and
//! default values of readers).

mod calculs;
mod cles;
mod codes;
mod fichier;
mod lot;
mod ordre;
mod prefixe;
mod totaux;
mod zones;

pub use fichier::{en_tete, fin_fichier};
pub use lot::{CompteLot, fin_lot};
pub(super) use totaux::sommes;
pub use zones::zones;

use super::element::EnTete;
use super::facture::{Facture, Piece};
use crate::anomaly::{Anomaly, Code, Place};
use crate::layout::Zone;

/// Runs every control of an invoice and keeps what they find in it.
pub fn facture(facture: &mut Facture, en_tete: Option<&EnTete>) {
    let mut found = Vec::new();
    for piece in facture.pieces.iter().filter(|p| !p.douteux) {
        let layout = facture.tables.layout(piece.genre);
        zones(layout, piece.genre.famille(facture.tables.norme), &piece.record, piece.position, piece.genre, Place::Facture, &mut found);
    }
    prefixe::prefixe(facture, &mut found);
    ordre::ordre(facture, &mut found);
    if facture.pieces.iter().all(|p| !p.douteux) {
        cles::cles(facture, &mut found);
        codes::codes(facture, &mut found);
        totaux::totaux(facture, &mut found);
        calculs::calculs(facture, en_tete.and_then(|e| e.date), &mut found);
    }
    facture.anomalies.append(&mut found);
}

/// An anomaly on a zone of a piece of an invoice.
fn at(code: Code, piece: &Piece, zone: &'static Zone, message: impl Into<String>) -> Anomaly {
    Anomaly::on_zone(code, piece.position, piece.genre.nom(), zone, &piece.record, message)
}

/// Whether a zone holds nothing: blanks or zeros.
fn vide(zone: &[u8]) -> bool {
    zone.iter().all(|b| matches!(b, b' ' | b'0'))
}
