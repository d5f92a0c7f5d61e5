//! Record 4H of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Medicament retrocede (UCD), 2005-E; at most 10 per type 4.
    v2005e: "4H" "2005-E" [128] Famille36 "Médicament rétrocédé (UCD), 2005-E ; 10 au plus par type 4" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "S V", "'H'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "S V", "01..n";
        RESERVE_SESAM: "9", "Réservé SESAM", 39, 4, X, F, "S V", "";
        FILLER_43: "10", "Filler", 43, 6, X, F, "S V", "";
        CODE_UCD: "11", "Code UCD", 49, 7, N, O, "A S V", "";
        FILLER_56: "12", "Filler (022003: code taux)", 56, 1, X, F, "S V", "";
        COEFFICIENT_FRACTIONNEMENT: "13", "Coefficient de fractionnement", 57, 5, Decimal(4), O, "S", "filler in 022003";
        FILLER_62: "14", "Filler", 62, 5, X, F, "S V", "";
        COUT_TTC_RECONSTITUTION: "15", "Coût TTC de reconstitution", 67, 7, Montant, F, "S", "022003: unit purchase price";
        MONTANT_MARGE_TTC: "16", "Montant de la marge TTC", 74, 7, Montant, F, "S V", "";
        PRIX_UNITAIRE_FACTURE_TTC: "17", "Prix unitaire facturé TTC", 81, 7, Montant, O, "S V", "";
        QUANTITE: "18", "Quantité", 88, 3, N, O, "S V", "";
        MONTANT_TOTAL_FACTURE_TTC: "19", "Montant total facturé TTC", 91, 7, Montant, O, "S V", "";
        FILLER_98: "20", "Filler", 98, 31, X, F, "S V", "";
    }
}
