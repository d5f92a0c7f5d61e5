//! Entity 255 of NOEMIE, reference 687: the zones that are known, up to the last of them.

use crate::layout::record;

record! {
    /// Acte (partial).
    partiel: "255" "687" [114] Aucun "Acte (partiel)" {
        TYPE: "1", "type", 1, 3, N, O, "S3", "255";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S3", "level, 99 = leaf";
        NUMERO_LIGNE: "3", "numéro de ligne", 6, 2, N, O, "S3", "";
        NON_DOCUMENTE_8: "-", "non documenté", 8, 99, Perso, Inconnu, "S3", "";
        MONTANT: "4", "montant", 107, 8, Montant, O, "S3", "summed in 990 (31-41) and 999 (86-96)";
    }
}
