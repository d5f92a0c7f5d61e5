//! Entity 990 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Fin de niveau.
    layout: "990" "" [43] Aucun "Fin de niveau" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S2 S3 S4 S5", "990";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S2 S3 S4 S5", "level, 99 = leaf";
        IDENTIFICATION_NIVEAU: "3", "identification du niveau", 6, 17, X, F, "S1 S2 S3 S4 S5", "key of the entity that is closed";
        COMPTEUR: "4", "compteur", 23, 8, N, O, "S1 S2 S3 S4 S5", "entities of the next lower level";
        CUMUL_MONTANTS: "5", "cumul des montants", 31, 11, Montant, O, "S1 S2 S3 S4 S5", "cents";
        SIGNE: "6", "signe", 42, 1, X, O, "S1 S2 S3 S4 S5", "P / N (blank seen)";
        DELIMITEUR: "7", "délimiteur", 43, 1, X, O, "S1 S2 S3 S4 S5", "@";
    }
}
