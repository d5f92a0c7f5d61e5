//! Entity 155 of NOEMIE, reference 687: the zones that are known, up to the last of them.

use crate::layout::record;

record! {
    /// Nature d'assurance (partial).
    partiel: "155" "687" [7] Aucun "Nature d'assurance (partiel)" {
        TYPE: "1", "type", 1, 3, N, O, "S3", "155";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S3", "level, 99 = leaf";
        NATURE_ASSURANCE: "3", "nature d'assurance", 6, 2, X, O, "S3", "as in 150";
    }
}
