//! Entity 010 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Organisme complementaire.
    layout: "010" "" [14] Aucun "Organisme complémentaire" {
        TYPE: "1", "type", 1, 3, N, O, "S2 S5", "010";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S2 S5", "level, 99 = leaf";
        NUMERO_ORGANISME_COMPLEMENTAIRE: "3", "numéro d'organisme complémentaire", 6, 8, N, O, "S2 S5", "OC number (8 digits)";
        DELIMITEUR: "4", "délimiteur", 14, 1, X, O, "S2 S5", "@";
    }
}
