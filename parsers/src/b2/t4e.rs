//! Record 4E of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// RPPS prescripteur / executant.
    layout: "4E" "" [128] Famille36 "RPPS prescripteur / exécutant" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "S", "'E'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "S", "01..n";
        IDENTIFIANT_RPPS_PRESCRIPTEUR: "9", "Identifiant RPPS du prescripteur", 39, 11, N, F, "S", "";
        NO_STRUCTURE_PRESCRIPTEUR: "10", "N° de structure du prescripteur", 50, 14, X, F, "S", "";
        IDENTIFIANT_RPPS_EXECUTANT: "11", "Identifiant RPPS de l'exécutant", 64, 11, N, F, "S", "";
        NO_STRUCTURE_EXECUTANT: "12", "N° de structure de l'exécutant", 75, 14, X, F, "S", "";
        FILLER: "13", "Filler", 89, 40, X, F, "S", "";
    }
}
