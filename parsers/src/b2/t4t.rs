//! Record 4T of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Transport, facture globale.
    layout: "4T" "" [128] Famille36 "Transport, facture globale" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'T'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "V", "01..n";
        FILLER_39: "9", "Filler", 39, 7, X, O, "V", "";
        SERIE: "10", "Série", 46, 1, N, O, "V", "0 no, 1 yes";
        TRANSPORT_LIE_HOSPITALISATION: "11", "Transport lié à une hospitalisation", 47, 1, N, O, "A V", "0 no, 1 admission/discharge, 2 transfer";
        LONGUE_DISTANCE: "12", "Longue distance", 48, 1, N, O, "A V", "0, 1";
        FILLER_49: "13", "Filler", 49, 1, X, O, "V", "";
        TYPE_FORFAIT: "14", "Type de forfait", 50, 1, N, O, "A V", "0 none, 1 departement, 2 agglomeration, 3 Paris region";
        PU_FORFAIT_NON_MAJORE: "15", "PU du forfait non majoré", 51, 6, Montant, F, "V", "decimals: I";
        QUANTITE_FORFAITS: "16", "Quantité forfaits", 57, 2, N, F, "V", "";
        QUANTITE_FORFAITS_NUIT: "17", "Quantité forfaits nuit", 59, 2, N, F, "V", "";
        QUANTITE_FORFAITS_DIMANCHE_FERIE: "18", "Quantité forfaits dimanche/férié", 61, 2, N, F, "V", "";
        PU_KILOMETRE_NON_REDUIT: "19", "PU du kilomètre non réduit", 63, 6, Montant, F, "V", "decimals: I";
        KM_SANS_MAJORATION_JUSQU_150: "20", "Km sans majoration <= 150", 69, 4, N, F, "V", "";
        KM_SANS_MAJORATION_DELA_150: "21", "Km sans majoration > 150", 73, 4, N, F, "V", "";
        KM_NUIT_JUSQU_150: "22", "Km nuit <= 150", 77, 4, N, F, "V", "";
        KM_NUIT_DELA_150: "23", "Km nuit > 150", 81, 4, N, F, "V", "";
        KM_DIMANCHE_FERIE_JUSQU_150: "24", "Km dimanche/férié <= 150", 85, 4, N, F, "V", "V gives picture 'A'";
        KM_DIMANCHE_FERIE_DELA_150: "25", "Km dimanche/férié > 150", 89, 4, N, F, "V", "V gives picture 'A'";
        TYPE_SUPPLEMENT: "26", "Type de supplément", 93, 1, N, F, "V", "0 airport, 1 premature baby, 2 SAMU emergency";
        QUANTITE_SUPPLEMENTS: "27", "Quantité de suppléments", 94, 2, N, F, "V", "";
        MONTANT_SUPPLEMENTS: "28", "Montant des suppléments", 96, 6, Montant, F, "V", "decimals: I";
        NOMBRE_PEAGES: "29", "Nombre de péages", 102, 2, N, F, "V", "";
        MONTANT_PEAGES: "30", "Montant des péages", 104, 6, Montant, F, "V", "decimals: I";
        MONTANT_GLOBAL_ABATTEMENTS: "31", "Montant global des abattements", 110, 7, Montant, F, "V", "decimals: I";
        FILLER_117: "32", "Filler", 117, 12, X, O, "V", "";
    }
}
