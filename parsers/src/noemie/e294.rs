//! Entity 294 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Ligne de rejet.
    layout: "294" "" [153] Aucun "Ligne de rejet" {
        TYPE: "1", "type", 1, 3, N, O, "S4 (S1 differs)", "294";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S4 (S1 differs)", "level, 99 = leaf";
        CODIFICATION_REJET: "3", "codification du rejet", 6, 10, X, O, "S4 (S1 differs)", "3 letters + 6 digits + R (S1 says 4 + 86)";
        LIBELLE_REJET: "4", "libellé du rejet", 16, 80, X, O, "S4 (S1 differs)", "";
        NIVEAU_REJET: "5", "niveau de rejet", 96, 1, X, O, "S4 (S1 differs)", "F invoice, L line, A refined code";
        PART_CONCERNEE: "6", "part concernée", 97, 1, X, O, "S4 (S1 differs)", "O compulsory (or both), C complementary";
        NATURE_PRESTATION: "7", "nature de prestation", 98, 5, X, F, "S4 (S1 differs)", "";
        DATE_SOINS: "8", "date des soins", 103, 6, Jjmmaa, F, "S4 (S1 differs)", "";
        NUMERO_EXECUTANT: "9", "numéro d'exécutant", 109, 9, N, F, "S4 (S1 differs)", "";
        NUMERO_LIGNE: "10", "numéro de ligne", 118, 3, N, F, "S4 (S1 differs)", "";
        RANG_REJET: "11", "rang du rejet", 121, 2, N, F, "S4 (S1 differs)", "";
        INFORMATION_COMPLEMENTAIRE: "12", "information complémentaire", 123, 30, X, F, "S4 (S1 differs)", "";
        DELIMITEUR: "13", "délimiteur", 153, 1, X, O, "S4 (S1 differs)", "@";
    }
}

record! {
    /// Ligne de rejet (lecture de S1).
    lecture_s1: "294" "S1" [153] Aucun "Ligne de rejet (autre lecture)" {
        TYPE: "1", "type", 1, 3, N, O, "S1", "294";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1", "level, 99 = leaf";
        CODIFICATION_REJET: "3", "codification du rejet", 6, 4, X, O, "S1", "S4 writes 10 characters here";
        LIBELLE_REJET: "4", "libellé du rejet", 10, 86, X, O, "S1", "";
        NIVEAU_REJET: "5", "niveau de rejet", 96, 1, X, O, "S1", "F invoice, L line, A refined code";
        PART_CONCERNEE: "6", "part concernée", 97, 1, X, O, "S1", "O compulsory (or both), C complementary";
        NATURE_PRESTATION: "7", "nature de prestation", 98, 5, X, F, "S1", "";
        DATE_SOINS: "8", "date des soins", 103, 6, Jjmmaa, F, "S1", "";
        NUMERO_EXECUTANT: "9", "numéro d'exécutant", 109, 9, N, F, "S1", "";
        NUMERO_LIGNE: "10", "numéro de ligne", 118, 3, N, F, "S1", "";
        RANG_REJET: "11", "rang du rejet", 121, 2, N, F, "S1", "";
        INFORMATION_COMPLEMENTAIRE: "12", "information complémentaire", 123, 30, X, F, "S1", "";
        DELIMITEUR: "13", "délimiteur", 153, 1, X, O, "S1", "@";
    }
}
