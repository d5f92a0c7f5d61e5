//! Entity 070 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Date comptable.
    layout: "070" "" [12] Aucun "Date comptable" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S3", "070";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S3", "level, 99 = leaf";
        DATE_JOURNEE_COMPTABLE: "3", "date de la journée comptable", 6, 6, Jjmmaa, O, "S1 S3", "JJMMAA";
        DELIMITEUR: "4", "délimiteur", 12, 1, X, O, "S1 S3", "@";
    }
}
