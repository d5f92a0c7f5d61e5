//! Record 4D of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Detail d'actes (codage affine, before CCAM).
    v2007: "4D" "2007" [128] Famille36 "Détail d'actes (codage affiné, avant la CCAM)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'D'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "V", "01..n";
        RESERVE_SESAM: "9", "Réservé SESAM", 39, 4, X, F, "V", "";
        DATE_ACTE_1: "10", "Date de l'acte 1", 43, 6, Aammjj, O, "V", "";
        QUANTITE_1: "11", "Quantité 1", 49, 2, N, F, "V", "V gives presence 'I' (unused?), same for the following zones";
        CODE_ACTE_1: "12", "Code acte 1", 51, 13, X, F, "V", "";
        COEFFICIENT_MODULATEUR_1: "13", "Coefficient modulateur 1", 64, 3, N, F, "V", "";
        NO_DENT_1: "14", "N° de dent 1", 67, 2, N, O, "V", "";
        DATE_ACTE_2: "15", "Date de l'acte 2", 69, 6, Aammjj, F, "V", "";
        QUANTITE_2: "16", "Quantité 2", 75, 2, N, F, "V", "";
        CODE_ACTE_2: "17", "Code acte 2", 77, 13, X, F, "V", "";
        COEFFICIENT_MODULATEUR_2: "18", "Coefficient modulateur 2", 90, 3, N, F, "V", "";
        NO_DENT_2: "19", "N° de dent 2", 93, 2, N, F, "V", "";
        FILLER: "20", "Filler", 95, 34, X, F, "V", "";
    }
}
