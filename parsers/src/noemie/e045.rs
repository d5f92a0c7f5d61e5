//! Entity 045 of NOEMIE, reference 687: the zones that are known, up to the last of them.

use crate::layout::record;

record! {
    /// Destinataire du paiement (partial).
    partiel: "045" "687" [20] Aucun "Destinataire du paiement (partiel)" {
        TYPE: "1", "type", 1, 3, N, O, "S3", "045";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S3", "level, 99 = leaf";
        NUMERO_DESTINATAIRE: "3", "numéro du destinataire", 6, 15, X, O, "S3", "as in 040";
    }
}
