//! Entity 150 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Nature d'assurance.
    layout: "150" "" [8] Aucun "Nature d'assurance" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S3", "150";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S3", "level, 99 = leaf";
        NATURE_ASSURANCE: "3", "nature de l'assurance", 6, 2, X, O, "S1 S3", "AS illness, AM maternity (SNDS writes MA), AT work accident";
        DELIMITEUR: "4", "délimiteur", 8, 1, X, O, "S1 S3", "@";
    }
}
