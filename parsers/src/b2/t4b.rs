//! Record 4B of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Biologie (NABM), at most 10 per type 4.
    layout: "4B" "" [128] Famille36 "Biologie (NABM), 10 au plus par type 4" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "S V R", "'B'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "S V R", "01..n";
        RESERVE_SESAM: "9", "Réservé SESAM", 39, 4, X, F, "S V", "";
        FILLER: "10", "Filler", 43, 6, X, F, "S V", "";
        DATE_ACTE_1: "11", "Date de l'acte 1", 49, 6, Aammjj, O, "S V R", "";
        QUANTITE_1: "12", "Quantité 1", 55, 2, N, O, "S V R", "";
        CODE_ACTE_NABM_1: "13", "Code acte NABM 1", 57, 8, N, O, "S V R", "";
        DATE_ACTE_2: "14", "Date de l'acte 2", 65, 6, Aammjj, F, "S V R", "";
        QUANTITE_2: "15", "Quantité 2", 71, 2, N, F, "S V R", "";
        CODE_ACTE_NABM_2: "16", "Code acte NABM 2", 73, 8, N, F, "S V R", "";
        DATE_ACTE_3: "17", "Date de l'acte 3", 81, 6, Aammjj, F, "S V R", "";
        QUANTITE_3: "18", "Quantité 3", 87, 2, N, F, "S V R", "";
        CODE_ACTE_NABM_3: "19", "Code acte NABM 3", 89, 8, N, F, "S V R", "";
        DATE_ACTE_4: "20", "Date de l'acte 4", 97, 6, Aammjj, F, "S V R", "";
        QUANTITE_4: "21", "Quantité 4", 103, 2, N, F, "S V R", "";
        CODE_ACTE_NABM_4: "22", "Code acte NABM 4", 105, 8, N, F, "S V R", "";
        DATE_ACTE_5: "23", "Date de l'acte 5", 113, 6, Aammjj, F, "S V R", "";
        QUANTITE_5: "24", "Quantité 5", 119, 2, N, F, "S V R", "";
        CODE_ACTE_NABM_5: "25", "Code acte NABM 5", 121, 8, N, F, "S V R", "";
    }
}
