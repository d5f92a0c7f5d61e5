//! Entity 160 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Critere d'archivage.
    layout: "160" "" [23] Aucun "Critère d'archivage" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S3", "160";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S3", "level, 99 = leaf";
        NUMERO_ARCHIVAGE: "3", "numéro d'archivage", 6, 17, N, O, "S1 S3", "";
        DELIMITEUR: "4", "délimiteur", 23, 1, X, O, "S1 S3", "@";
    }
}
