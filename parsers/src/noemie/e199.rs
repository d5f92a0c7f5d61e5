//! Entity 199 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Part AMC.
    layout: "199" "" [49] Aucun "Part AMC" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S4", "199";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S4", "level, 99 = leaf";
        MONTANT_AMC_DEMANDE: "3", "montant AMC demandé", 6, 8, Montant, O, "S1 S4", "cents";
        ETAT: "4", "état", 14, 1, X, O, "S1 S4", "P paid, R rejected, D deferred, blank not handled";
        MONTANT_AMC_PAYE: "5", "montant AMC payé", 15, 8, Montant, F, "S1 S4", "cents";
        SIGNE: "6", "signe", 23, 1, X, O, "S1 S4", "P / N";
        NUMERO_AMC_DESTINATAIRE: "7", "numéro AMC destinataire", 24, 10, N, O, "S1 S4", "";
        NUMERO_ADHERENT: "8", "numéro de l'adhérent", 34, 15, Perso, F, "S1 S4", "";
        DELIMITEUR: "9", "délimiteur", 49, 1, X, O, "S1 S4", "@";
    }
}
