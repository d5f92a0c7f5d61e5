//! Entity 100 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Facture (ancienne).
    layout: "100" "" [15] Aucun "Facture (ancienne)" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S3", "100";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S3", "level, 99 = leaf";
        NUMERO_FACTURE: "3", "numéro de facture", 6, 9, N, O, "S1 S3", "";
        DELIMITEUR: "4", "délimiteur", 15, 1, X, O, "S1 S3", "@";
    }
}
