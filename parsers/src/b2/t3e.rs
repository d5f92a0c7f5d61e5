//! Record 3E of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// RPPS du prescripteur.
    cp: "3E" "CP" [128] Famille39 "RPPS du prescripteur" {
        COMPLEMENT_TYPE: "8", "Complément de type", 39, 1, X, O, "S", "'E'";
        SEQUENCE: "9", "Séquence", 40, 2, N, O, "S", "01";
        IDENTIFIANT_RPPS_PRESCRIPTEUR: "10", "Identifiant RPPS du prescripteur", 42, 11, X, F, "S", "key type 1-2";
        NO_STRUCTURE_PRESCRIPTEUR: "11", "N° de structure du prescripteur", 53, 14, X, F, "S", "";
        FILLER: "12", "Filler", 67, 62, X, F, "S", "";
    }
}
