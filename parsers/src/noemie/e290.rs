//! Entity 290 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Rejet ou signalement.
    layout: "290" "" [98] Aucun "Rejet ou signalement" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S3 S5", "290";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S3 S5", "level, 99 = leaf";
        NUMERO_LIGNE: "3", "numéro de ligne", 6, 2, N, O, "S1 S3 S5", "";
        CODIFICATION: "4", "codification", 8, 10, X, O, "S1 S3 S5", "3 letters + 6 digits + R/S/C";
        LIBELLE: "5", "libellé", 18, 80, X, O, "S1 S3 S5", "may be padded with NUL bytes";
        DELIMITEUR: "6", "délimiteur", 98, 1, X, O, "S1 S3 S5", "@";
    }
}
