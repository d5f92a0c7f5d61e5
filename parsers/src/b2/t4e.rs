//! Record 4E of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// RPPS prescripteur / executant.
    layout: "4E" "" [128] Famille36 "RPPS prescripteur / executant" {
        COMPLEMENT_TYPE: "7", "Complement de type", 36, 1, X, O, "S", "'E'";
        SEQUENCE: "8", "Sequence", 37, 2, N, O, "S", "01..n";
        IDENTIFIANT_RPPS_PRESCRIPTEUR: "9", "Identifiant RPPS du prescripteur", 39, 11, N, F, "S", "";
        NO_STRUCTURE_PRESCRIPTEUR: "10", "No de structure du prescripteur", 50, 14, X, F, "S", "";
        IDENTIFIANT_RPPS_EXECUTANT: "11", "Identifiant RPPS de l'executant", 64, 11, N, F, "S", "";
        NO_STRUCTURE_EXECUTANT: "12", "No de structure de l'executant", 75, 14, X, F, "S", "";
        FILLER: "13", "Filler", 89, 40, X, F, "S", "";
    }
}
