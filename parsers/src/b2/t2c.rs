//! Record 2C of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Adresse (forbidden as 2B).
    layout: "2C" "" [128] Famille36 "Adresse (interdit comme le 2B)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'C'";
        FILLER: "8", "Filler", 37, 4, X, O, "V", "";
        COMPLEMENT_ADRESSE: "9", "Complément d'adresse", 41, 25, Perso, F, "V", "";
        COMMUNE_RESIDENCE: "10", "Commune de résidence", 66, 25, Perso, O, "V", "";
        CODE_POSTAL: "11", "Code postal", 91, 5, Perso, O, "V R", "";
        NOM_ASSURE: "12", "Nom de l'assuré", 96, 25, Perso, F, "V", "";
        PRENOM_ASSURE: "13", "Prénom de l'assuré", 121, 8, Perso, F, "V", "";
    }
}
