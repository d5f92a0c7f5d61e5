//! The 128-character notice of a concentrator (not NOEMIE): the table of its zones.

use crate::layout::record;

record! {
    /// Retour de concentrateur (avis de reglement).
    layout: "2" "concentrator" [128] Aucun "Retour de concentrateur (avis de reglement)" {
        TYPE: "1", "type", 1, 1, N, O, "S8", "'2'";
        ORGANISME: "2", "organisme", 2, 12, X, O, "S8", "payer";
        TYPE_RETOUR: "3", "type de retour", 14, 2, N, O, "S8", "tens: 1 payment, 2 reject, 3 recovery, 6 contested; units: 1 AMO, 2 AMC, 3 both";
        NUMERO_FACTURE: "4", "numero de facture", 16, 9, X, O, "S8", "";
        DATE_FACTURATION: "5", "date de facturation", 25, 6, Jjmmaa, O, "S8", "AAMMJJ";
        MATRICULE_CLE: "6", "matricule + cle", 31, 15, X, O, "S8", "";
        FACTURE_AMO: "7", "facture AMO", 46, 8, Montant, O, "S8", "cents";
        FACTURE_AMC: "8", "facture AMC", 54, 8, Montant, O, "S8", "cents";
        PAYE_AMO: "9", "paye AMO", 62, 8, Montant, O, "S8", "cents";
        PAYE_AMC: "10", "paye AMC", 70, 8, Montant, O, "S8", "cents";
        CODE_REJET: "11", "code rejet", 78, 3, X, F, "S8", "";
        LIBELLE: "12", "libelle", 81, 37, X, F, "S8", "";
        LOT: "13", "lot", 118, 3, X, F, "S8", "";
        JOUR_COMPTABLE: "14", "jour comptable", 121, 6, N, F, "S8", "AAMMJJ (L)";
        FILLER: "15", "filler", 127, 2, X, F, "S8", "not described";
    }
}
