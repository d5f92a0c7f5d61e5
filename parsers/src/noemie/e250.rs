//! Entity 250 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Mouvement financier (retenue).
    layout: "250" "" [47] Aucun "Mouvement financier (retenue)" {
        TYPE: "1", "type", 1, 3, N, O, "S1", "250";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1", "level, 99 = leaf";
        NUMERO_LIGNE: "3", "numéro de ligne", 6, 2, N, O, "S1", "";
        REFERENCE_DETTE: "4", "référence de la dette", 8, 10, X, O, "S1", "";
        DATE_ENREGISTREMENT_DETTE: "5", "date d'enregistrement de la dette", 18, 6, Jjmmaa, O, "S1", "";
        NATURE_DETTE: "6", "nature de la dette", 24, 3, X, O, "S1", "labels in the list of codes of the 250";
        NATURE_OPERATION: "7", "nature de l'opération", 27, 3, X, O, "S1", "labels in the list of codes of the 250";
        MONTANT_MOUVEMENT: "8", "montant du mouvement", 30, 8, Montant, O, "S1", "cents";
        SIGNE: "9", "signe", 38, 1, X, O, "S1", "P / N";
        SOLDE_DETTE: "10", "solde de la dette", 39, 8, Montant, F, "S1", "cents";
        DELIMITEUR: "11", "délimiteur", 47, 1, X, O, "S1", "@";
    }
}
