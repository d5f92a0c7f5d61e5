//! Record 5 of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Fin de facture, norm PS.
    ps: "5" "PS" [128] Famille36 "Fin de facture, norme PS" {
        FILLER_36: "7", "Filler", 36, 3, X, O, "V", "";
        NOMBRE_ENREGISTREMENTS_TYPE_4: "8", "Nombre d'enregistrements de type 4", 39, 3, N, O, "A V", "A counts the 4x complements too";
        ZONE_RESERVEE_SESAM_42: "9", "Zone réservée SESAM", 42, 16, X, O, "V", "";
        TOTAL_MONTANTS_FACTURES: "10", "Total des montants facturés", 58, 8, Montant, O, "A V", "sum of type 4: 113-119";
        TOTAL_REMBOURSABLE_AMO: "11", "Total remboursable AMO", 66, 8, Montant, O, "A V", "sum of type 4: 106-112";
        TOTAL_PARTICIPATION_ASSURE_AVANT_OC: "12", "Total participation assuré avant OC", 74, 8, Montant, O, "V", "= field 10 - field 11";
        TOTAL_REMBOURSABLE_OC: "13", "Total remboursable OC", 82, 8, Montant, F, "A V", "sum of type 4: 122-128";
        TOP_ECLATEMENT_OCT: "14", "Top éclatement par l'OCT", 90, 1, X, O, "V", "A split, blank";
        ZONE_RESERVEE_SESAM_91: "15", "Zone réservée SESAM", 91, 3, X, O, "V", "";
        LISTE_OPPOSITION: "16", "Liste d'opposition", 94, 1, X, O, "V", "";
        FILLER_95: "17", "Filler", 95, 2, X, O, "V", "";
        ZONE_CERTIFICATION: "18", "Zone de certification", 97, 32, Libre, O, "V", "binary possible under SESAM (M)";
    }
}

record! {
    /// Fin de facture, norm CP.
    cp: "5" "CP" [128] Famille39 "Fin de facture, norme CP" {
        NOMBRE_ENREGISTREMENTS_TYPES_3_4: "8", "Nombre d'enregistrements types 3 et 4", 39, 3, N, O, "A S V", "all 3x and 4x";
        TOTAL_BASE_REMBOURSEMENT_PH: "9", "Total base de remboursement PH", 42, 8, Montant, O, "S V R", "sum of type 3: 83-90";
        TOTAL_REMBOURSABLE_AMO_PH: "10", "Total remboursable AMO PH", 50, 8, Montant, O, "S V R", "sum of type 3: 94-101";
        TOTAL_HONORAIRES_FACTURES: "11", "Total des honoraires facturés", 58, 8, Montant, O, "A S V R", "sum of type 4: 115-121";
        TOTAL_REMBOURSABLE_AMO_HONORAIRES: "12", "Total remboursable AMO honoraires", 66, 8, Montant, O, "A S V R", "sum of type 4: 108-114";
        TOTAL_PARTICIPATION_ASSURE_AVANT_OC: "13", "Total participation assuré avant OC", 74, 8, Montant, O, "S V R", "field 17 - field 10 + field 11 - field 12";
        TOTAL_REMBOURSABLE_OC_PH: "14", "Total remboursable OC PH", 82, 8, Montant, F, "A S V R", "sum of type 3: 122-128";
        TOTAL_REMBOURSABLE_OC_HONORAIRES: "15", "Total remboursable OC honoraires", 90, 8, Montant, F, "A S V R", "sum of type 4: 123-128";
        FILLER_98: "16", "Filler", 98, 17, X, F, "S V", "";
        MONTANT_TOTAL_FACTURE_PH: "17", "Montant total facturé PH", 115, 8, Montant, O, "A S V R", "sum of type 3: 102-109";
        ZONE_RESERVEE_EDITEURS: "18", "Zone réservée éditeurs", 123, 4, X, F, "S", "V: filler 123-128";
        FILLER_127: "19", "Filler", 127, 2, X, F, "S V", "";
    }
}
