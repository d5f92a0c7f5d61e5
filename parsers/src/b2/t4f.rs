//! Record 4F of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// LPP (suppliers, pharmacy, optics).
    layout: "4F" "" [128] Famille36 "LPP (fournisseurs, pharmacie, optique)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'F'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "V", "01..n";
        RESERVE_SESAM: "9", "Réservé SESAM", 39, 4, X, F, "V", "";
        CODE_LPP: "10", "Code de la LPP", 43, 13, X, O, "A V", "7 characters left-justified";
        TYPE_PRESTATION_FOURNIE: "11", "Type de la prestation fournie", 56, 1, X, O, "V", "A purchase, E maintenance, L rental, P carriage, R repair, S service, V delivery";
        NO_SIRET_FABRICANT_IMPORTATEUR: "12", "N° SIRET fabricant/importateur", 57, 14, X, F, "V", "";
        FILLER_71: "13", "Filler", 71, 6, X, F, "V", "";
        DATE_DEBUT_LOCATION_ACHAT: "14", "Date début location / achat", 77, 6, Aammjj, O, "V", "";
        DATE_FIN_LOCATION_SERVICE: "15", "Date fin de location ou service", 83, 6, Aammjj, F, "V", "";
        TARIF_REFERENCE_LPP_PU_DEVIS: "16", "Tarif de référence LPP ou PU devis", 89, 7, Montant, O, "V", "";
        NOMBRE_UNITES: "17", "Nombre d'unités", 96, 2, N, O, "V", "";
        PRIX_UNITAIRE_VENTE: "18", "Prix unitaire de vente", 98, 7, Montant, O, "V", "";
        BASE_REMBOURSEMENT_LPP: "19", "Base de remboursement LPP", 105, 7, Montant, O, "V", "";
        MONTANT_TOTAL_FACTURE: "20", "Montant total facturé", 112, 7, Montant, O, "V", "";
        FILLER_119: "21", "Filler", 119, 10, X, F, "V", "";
    }
}
