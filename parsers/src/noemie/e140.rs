//! Entity 140 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Rubrique organisme complementaire.
    layout: "140" "" [69] Aucun "Rubrique organisme complémentaire" {
        TYPE: "1", "type", 1, 3, N, O, "S2 S5", "140";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S2 S5", "level, 99 = leaf";
        NUMERO_ADHERENT: "3", "numéro d'adhérent", 6, 8, Perso, O, "S2 S5", "";
        CODE_MOUVEMENT: "4", "code mouvement", 14, 1, X, O, "S2 S5", "C creation, M modification, A cancellation";
        TYPE_CONTRAT: "5", "type de contrat", 15, 2, N, O, "S2 S5", "85/87/88 special, CMU/C2S types excluded";
        DEBUT_COUVERTURE: "6", "début de couverture", 17, 8, Aaaammjj, O, "S2 S5", "AAAAMMJJ";
        FIN_COUVERTURE: "7", "fin de couverture", 25, 8, Aaaammjj, O, "S2 S5", "AAAAMMJJ";
        TYPE_CONTRAT_2: "8", "type de contrat 2", 33, 2, N, F, "S2 S5", "";
        DEBUT_2: "9", "début 2", 35, 8, Aaaammjj, F, "S2 S5", "";
        FIN_2: "10", "fin 2", 43, 8, Aaaammjj, F, "S2 S5", "";
        RESERVE: "11", "réservé", 51, 18, N, F, "S2 S5", "zeros";
        DELIMITEUR: "12", "délimiteur", 69, 1, X, O, "S2 S5", "@";
    }
}
