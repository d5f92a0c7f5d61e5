//! Entity 261 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Paiement ponctuel ou forfaitaire.
    layout: "261" "" [19] Aucun "Paiement ponctuel ou forfaitaire" {
        TYPE: "1", "type", 1, 3, N, O, "S1", "261";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1", "level, 99 = leaf";
        CODE_PAIEMENT: "3", "code du paiement", 6, 5, N, O, "S1", "";
        MONTANT: "4", "montant", 11, 8, Montant, O, "S1", "cents";
        DELIMITEUR: "5", "délimiteur", 19, 1, X, O, "S1", "@";
    }
}
