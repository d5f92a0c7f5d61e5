//! Record 3H of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Medicament en sus du GHS (UCD), version 2005-E.
    v2005e: "3H" "2005-E" [128] Famille36 "Médicament en sus du GHS (UCD), version 2005-E" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "S R V", "'H'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "S R V", "01..n";
        RESERVE_SESAM: "9", "Réservé SESAM", 39, 4, X, F, "S V", "0000";
        FILLER_43: "10", "Filler", 43, 6, X, F, "S V", "";
        CODE_UCD: "11", "Code UCD", 49, 7, N, O, "S V R", "";
        FILLER_56: "12", "Filler (022003: code taux 2/4/5)", 56, 1, X, F, "S V", "";
        COEFFICIENT_FRACTIONNEMENT: "13", "Coefficient de fractionnement", 57, 5, Decimal(4), O, "S R", "10000 by default; filler in 022003";
        FILLER_62: "14", "Filler", 62, 5, X, F, "S V", "";
        PRIX_ACHAT_UNITAIRE_TTC: "15", "Prix d'achat unitaire TTC", 67, 7, Montant, O, "S V R", "";
        MONTANT_UNITAIRE_ECART_INDEMNISABLE: "16", "Montant unitaire de l'écart indemnisable", 74, 7, Montant, F, "S V R", "";
        MONTANT_TOTAL_ECART_INDEMNISABLE: "17", "Montant total de l'écart indemnisable", 81, 7, Montant, F, "S R", "022003: billed unit price";
        QUANTITE: "18", "Quantité", 88, 3, N, O, "S V R", "";
        MONTANT_TOTAL_FACTURE_TTC: "19", "Montant total facturé TTC", 91, 7, Montant, O, "S V R", "";
        FILLER_98: "20", "Filler", 98, 31, X, F, "S V", "";
    }
}
