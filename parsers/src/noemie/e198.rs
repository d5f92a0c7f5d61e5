//! Entity 198 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Part AMO.
    layout: "198" "" [24] Aucun "Part AMO" {
        TYPE: "1", "type", 1, 3, N, O, "S1", "198";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1", "level, 99 = leaf";
        MONTANT_AMO_DEMANDE: "3", "montant AMO demandé", 6, 8, Montant, O, "S1", "cents";
        ETAT: "4", "état", 14, 1, X, O, "S1", "P paid, R rejected, D deferred, blank not handled";
        MONTANT_AMO_PAYE: "5", "montant AMO payé", 15, 8, Montant, F, "S1", "cents";
        SIGNE: "6", "signe", 23, 1, X, O, "S1", "P / N";
        DELIMITEUR: "7", "délimiteur", 24, 1, X, O, "S1", "@";
    }
}
