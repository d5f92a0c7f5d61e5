//! Entity 080 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Lot.
    layout: "080" "" [15] Aucun "Lot" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S3", "080";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S3", "level, 99 = leaf";
        DATE_CONSTITUTION_LOT: "3", "date de constitution du lot", 6, 6, Jjmmaa, O, "S1 S3", "";
        NUMERO_LOT: "4", "numéro de lot", 12, 3, N, O, "S1 S3", "";
        DELIMITEUR: "5", "délimiteur", 15, 1, X, O, "S1 S3", "@";
    }
}
