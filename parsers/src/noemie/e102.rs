//! Entity 102 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Facture.
    layout: "102" "" [40] Aucun "Facture" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S4", "102";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S4", "level, 99 = leaf";
        NUMERO_FACTURE: "3", "numéro de facture", 6, 9, X, O, "S1 S4", "for a public hospital: year 2 + titre 7";
        COMPLEMENT_NUMERO: "4", "complément du numéro", 15, 6, X, F, "S1 S4", "from B2/DRE 2S position 42";
        NUMERO_LOT: "5", "numéro de lot", 21, 3, X, F, "S1 S4", "from type 1 position 20";
        DATE_CREATION_LOT: "6", "date de création du lot", 24, 6, Jjmmaa, F, "S1 S4", "from type 1 position 72";
        TYPE_FACTURE: "7", "type de facture", 30, 1, X, O, "S1 S4", "F FSE, D DRE, B plain B2 or degraded SESAM, A AMC flow, P paper AMO(+AMC), C paper AMC, E arrears, R/L inter-centre rejected/settled (X seen from an insurer)";
        DATE_FACTURATION: "8", "date de facturation", 31, 6, Jjmmaa, F, "S1 S4", "JJMMAA";
        TRAITEMENT_PART_AMC: "9", "traitement de la part AMC", 37, 1, X, F, "S1 S4", "N statement copied to the OC, V separate transfers, C coordinated payment, E split on the workstation, A/F split at the source (OCT or establishment), blank none";
        NATURE_ASSURANCE: "10", "nature d'assurance", 38, 2, X, F, "S1 S4", "";
        DELIMITEUR: "11", "délimiteur", 40, 1, X, O, "S1 S4", "@";
    }
}
