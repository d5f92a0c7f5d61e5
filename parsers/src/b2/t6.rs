//! Record 6 of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Fin de lot (all norms).
    layout: "6" "" [128] Aucun "Fin de lot (toutes normes)" {
        TYPE_ENREGISTREMENT: "1", "Type d'enregistrement", 1, 1, N, O, "A V", "'6'";
        NO_PARTENAIRE_SANTE_CLE: "2", "N° partenaire de santé + clé", 2, 9, N, O, "V", "";
        NOMBRE_FACTURES: "3", "Nombre de factures", 11, 3, N, O, "A V", "= number of main type 2";
        NOMBRE_LIGNES_ACTES: "4", "Nombre de lignes d'actes", 14, 4, N, O, "A V", "types 3 and 4 without complements";
        NOMBRE_ENREGISTREMENTS_TYPE_2: "5", "Nombre d'enregistrements de type 2", 18, 4, N, O, "A V", "complements included";
        NOMBRE_ENREGISTREMENTS_TYPE_5: "6", "Nombre d'enregistrements de type 5", 22, 3, N, O, "A V", "complements included";
        MONTANT_TOTAL_FACTURE_LOT: "7", "Montant total facturé du lot", 25, 9, Montant, O, "A V", "CP: T5 58-65 + 115-122; PS: T5 58-65";
        MONTANT_TOTAL_AMO_LOT: "8", "Montant total AMO du lot", 34, 9, Montant, O, "A V", "A adds only T5 66-73";
        MONTANT_TOTAL_OC_LOT: "9", "Montant total OC du lot", 43, 9, Montant, O, "A V", "CP: T5 82-89 + 90-97; PS: T5 82-89 (V writes '53-51')";
        NO_LOT: "10", "N° de lot", 52, 3, N, O, "V", "= type 1, 20-22";
        INDICATEUR_MARQUAGE: "11", "Indicateur de marquage", 55, 1, X, F, "V", "R real, T test, D demo, blank";
        TYPE_FACTURE: "12", "Type de facture", 56, 1, X, F, "V", "blank outside SESAM, F SESAM";
        FILLER_57: "13", "Filler", 57, 4, X, O, "V", "";
        NO_AGREMENT_PROGICIEL: "14", "N° agrément progiciel", 61, 12, X, F, "V", "";
        NO_AGREMENT_DISPOSITIF_PORTABLE: "15", "N° agrément dispositif portable", 73, 12, X, F, "V", "";
        FILLER_85: "16", "Filler", 85, 3, X, F, "V", "";
        NO_PS_REMPLACANT: "17", "N° du PS remplaçant", 88, 9, N, F, "V", "";
        ZONE_CERTIFICATION: "18", "Zone de certification", 97, 32, Libre, F, "V", "";
    }
}
