//! Record 3F of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// LPP en sus du GHS, version 2005-E.
    v2005e: "3F" "2005-E" [128] Famille36 "LPP en sus du GHS, version 2005-E" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "S R V", "'F'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "S R V", "01..n";
        RESERVE_SESAM: "9", "Réservé SESAM", 39, 4, X, F, "S V", "blank";
        CODE_REFERENCE_LPP: "10", "Code référence LPP", 43, 13, X, O, "S V R", "7 characters left-justified";
        NO_SIRET_FABRICANT_IMPORTATEUR: "11", "N° SIRET fabricant/importateur", 56, 14, X, F, "S V", "";
        QUANTITE: "12", "Quantité", 70, 2, N, O, "S V R", "";
        TARIF_REFERENCE_LPP_PU_DEVIS: "13", "Tarif référence LPP ou PU devis", 72, 7, Montant, O, "S V R", "";
        MONTANT_TOTAL_FACTURE: "14", "Montant total facturé", 79, 7, Montant, O, "S V R", "";
        PRIX_ACHAT_UNITAIRE: "15", "Prix d'achat unitaire", 86, 7, Montant, F, "S R", "";
        MONTANT_UNITAIRE_ECART_INDEMNISABLE: "16", "Montant unitaire de l'écart indemnisable", 93, 7, Montant, F, "S R", "";
        MONTANT_TOTAL_ECART_INDEMNISABLE: "17", "Montant total de l'écart indemnisable", 100, 7, Montant, F, "S R", "";
        FILLER: "18", "Filler", 107, 22, X, F, "S", "";
    }
}

record! {
    /// LPP en sus du GHS, version 022003 (two articles per record).
    v022003: "3F" "022003" [128] Famille36 "LPP en sus du GHS, version 022003 (deux articles par enregistrement)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'F'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "V", "01..n";
        RESERVE_SESAM: "9", "Réservé SESAM", 39, 4, X, F, "V", "";
        CODE_REFERENCE_LPP_1: "10", "Code référence LPP 1", 43, 13, X, O, "V", "";
        NO_SIRET_1: "11", "N° SIRET 1", 56, 14, X, F, "V", "";
        QUANTITE_1: "12", "Quantité 1", 70, 2, N, O, "V", "";
        TARIF_PU_1: "13", "Tarif ou PU 1", 72, 7, Montant, O, "V", "";
        MONTANT_TOTAL_FACTURE_1: "14", "Montant total facturé 1", 79, 7, Montant, O, "V", "";
        CODE_REFERENCE_LPP_2: "15", "Code référence LPP 2", 86, 13, X, F, "V", "";
        NO_SIRET_2: "16", "N° SIRET 2", 99, 14, X, F, "V", "";
        QUANTITE_2: "17", "Quantité 2", 113, 2, N, F, "V", "";
        TARIF_PU_2: "18", "Tarif ou PU 2", 115, 7, Montant, F, "V", "";
        MONTANT_TOTAL_FACTURE_2: "19", "Montant total facturé 2", 122, 7, Montant, F, "V", "";
    }
}
