//! Entity 081 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Type de retour.
    layout: "081" "" [22] Aucun "Type de retour" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S4", "081";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S4", "level, 99 = leaf";
        CODE_TYPE_RETOUR: "3", "code du type de retour", 6, 2, N, O, "S1 S4", "01 electronic claims, 02 paper claims, 03 one-off or flat payments, 04 arrears, 05 recoveries";
        NUMERO_LIEU_EXECUTION: "4", "numéro du lieu d'exécution", 8, 14, X, F, "S1 S4", "";
        DELIMITEUR: "5", "délimiteur", 22, 1, X, O, "S1 S4", "@";
    }
}
