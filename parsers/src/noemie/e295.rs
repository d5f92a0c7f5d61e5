//! Entity 295 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Commentaire.
    layout: "295" "" [135] Aucun "Commentaire" {
        TYPE: "1", "type", 1, 3, N, O, "S1", "295";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1", "level, 99 = leaf";
        CODE_COMMENTAIRE: "3", "code commentaire", 6, 1, X, F, "S1", "";
        COMMENTAIRE: "4", "commentaire", 7, 128, X, O, "S1", "";
        DELIMITEUR: "5", "délimiteur", 135, 1, X, O, "S1", "@";
    }
}
