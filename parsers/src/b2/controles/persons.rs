//! Masks the findings of an invoice whose records have a NIR in zones of amounts.
//!
//! The type of a record may be damaged: a `2S` read as a `5` has a part of its NIR in the totals of
//! the invoice, and the controls of sums would repeat it in their messages.

use super::super::facture::{Facture, Piece};
use crate::nir_search;

/// Masks the figures in the messages of an invoice that has a misplaced NIR.
pub(super) fn mask_misplaced(facture: &mut Facture) {
    if !facture.anomalies.is_empty() && has_misplaced(facture) {
        facture.anomalies.iter_mut().for_each(crate::anomaly::Anomaly::mask_message);
    }
}

/// Returns whether a record of an invoice has a NIR outside the zones that its table gives to
/// persons.
pub(super) fn has_misplaced(facture: &Facture) -> bool {
    facture.pieces.iter().any(|piece| is_misplaced(facture, piece))
}

fn is_misplaced(facture: &Facture, piece: &Piece) -> bool {
    let layout = facture.tables.layout(piece.genre);
    let is_person = |column: usize| {
        let zone = u16::try_from(column + 1).ok().and_then(|column| layout?.zone_at(column));
        zone.is_some_and(|zone| zone.picture.is_person())
    };
    nir_search::beyond_prefix(&piece.record)
        .any(|nir| !nir.take(nir_search::LENGTH).all(&is_person))
}
