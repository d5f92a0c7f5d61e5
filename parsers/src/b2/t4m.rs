//! Record 4M of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Acte CCAM, at most 26 per type 4, ascending dates.
    layout: "4M" "" [128] Famille36 "Acte CCAM, 26 au plus par type 4, dates croissantes" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "A S V R", "'M'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "A S V R", "01..n";
        RESERVE_SESAM: "9", "Réservé SESAM", 39, 4, X, F, "S V", "";
        CODE_ACTE_CCAM: "10", "Code acte CCAM", 43, 13, X, O, "A S V R", "7 characters left-justified";
        CODE_EXTENSION_DOCUMENTAIRE: "11", "Code extension documentaire", 56, 1, X, F, "S V R", "";
        CODE_ACTIVITE: "12", "Code activité", 57, 1, X, O, "A S V R", "1..5";
        CODE_PHASE: "13", "Code phase", 58, 1, N, F, "S V R", "";
        MODIFICATEUR_1: "14", "Modificateur 1", 59, 1, X, F, "S V R", "fill without hole";
        MODIFICATEUR_2: "15", "Modificateur 2", 60, 1, X, F, "S V R", "";
        MODIFICATEUR_3: "16", "Modificateur 3", 61, 1, X, F, "S V R", "";
        MODIFICATEUR_4: "17", "Modificateur 4", 62, 1, X, F, "S V R", "";
        ASSOCIATION_ACTES_NON_PREVUE: "18", "Association d'actes non prévue", 63, 1, X, F, "S V R", "1..5";
        REMBOURSEMENT_SOUS_CONDITION: "19", "Remboursement sous condition", 64, 1, X, F, "A S V R", "O, N, blank";
        DATE_SEANCE_PHASE: "20", "Date de la séance de la phase", 65, 6, Aammjj, F, "S V", "";
        NO_DENT_1: "21", "N° de dent 1", 71, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_2: "22", "N° de dent 2", 73, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_3: "23", "N° de dent 3", 75, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_4: "24", "N° de dent 4", 77, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_5: "25", "N° de dent 5", 79, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_6: "26", "N° de dent 6", 81, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_7: "27", "N° de dent 7", 83, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_8: "28", "N° de dent 8", 85, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_9: "29", "N° de dent 9", 87, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_10: "30", "N° de dent 10", 89, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_11: "31", "N° de dent 11", 91, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_12: "32", "N° de dent 12", 93, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_13: "33", "N° de dent 13", 95, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_14: "34", "N° de dent 14", 97, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_15: "35", "N° de dent 15", 99, 2, X, F, "A S V R", "ISO 3950";
        NO_DENT_16: "36", "N° de dent 16", 101, 2, X, F, "A S V R", "ISO 3950";
        SUPPLEMENT_CHARGE_CABINET: "37", "Supplément de charge en cabinet", 103, 1, X, F, "S V", "C";
        MODIFICATEUR_OC_1: "38", "Modificateur OC 1", 104, 1, X, F, "A S V", "";
        MODIFICATEUR_OC_2: "39", "Modificateur OC 2", 105, 1, X, F, "A S V", "";
        MODIFICATEUR_OC_3: "40", "Modificateur OC 3", 106, 1, X, F, "A S", "V: filler";
        MODIFICATEUR_OC_4: "41", "Modificateur OC 4", 107, 1, X, F, "A S", "V: filler";
        FILLER: "42", "Filler", 108, 21, X, F, "S V", "";
    }
}
