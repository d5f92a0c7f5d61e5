//! Entity 020 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Mandataire.
    layout: "020" "" [21] Aucun "Mandataire" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S4", "020";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S4", "level, 99 = leaf";
        NUMERO_MANDATAIRE: "3", "numéro du mandataire", 6, 15, N, O, "S1 S4", "zeros when there is none";
        DELIMITEUR: "4", "délimiteur", 21, 1, X, O, "S1 S4", "@";
    }
}
