//! Entity 025 of NOEMIE, reference 687: the zones that are known, up to the last of them.

use crate::layout::record;

record! {
    /// Archivage (partial).
    partiel: "025" "687" [40] Aucun "Archivage (partiel)" {
        TYPE: "1", "type", 1, 3, N, O, "S3", "025";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S3", "level, 99 = leaf";
        NON_DOCUMENTE_6: "-", "non documenté", 6, 18, Perso, Inconnu, "S3", "";
        NUMERO_ARCHIVAGE: "3", "numéro d'archivage", 24, 17, X, O, "S3", "";
    }
}
