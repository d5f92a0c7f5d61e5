//! Record 2B of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Beneficiaire (forbidden to public and PNL establishments).
    layout: "2B" "" [128] Famille36 "Bénéficiaire (interdit aux établissements publics et PNL)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'B'";
        FILLER_37: "8", "Filler", 37, 1, X, O, "V", "";
        QUALITE_BENEFICIAIRE: "9", "Qualité du bénéficiaire", 38, 2, X, O, "V", "A insured person, C spouse, E child, AA other";
        CODE_CIVILITE: "10", "Code civilité", 40, 3, Perso, O, "V R", "M, MME, MLE, SAN";
        NOM_BENEFICIAIRE: "11", "Nom du bénéficiaire", 43, 25, Nom, O, "A V", "A does not check the character set here";
        PRENOM: "12", "Prénom", 68, 15, Nom, O, "A V", "";
        NO_VOIE: "13", "N° de la voie", 83, 4, PersoN, F, "V", "";
        COMPLEMENT_NO_VOIE: "14", "Complément N° voie", 87, 1, Perso, F, "V", "";
        TYPE_VOIE: "15", "Type de voie", 88, 4, Perso, F, "V", "";
        LIBELLE_VOIE: "16", "Libellé de la voie", 92, 25, Perso, F, "V", "";
        FILLER_117: "17", "Filler", 117, 12, X, O, "V", "";
    }
}
