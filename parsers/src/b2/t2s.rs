//! Record 2S of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Suite de facture, norm PS.
    ps: "2S" "PS" [128] Famille36 "Suite de facture, norme PS" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'S'";
        FILLER: "8", "Filler", 37, 13, X, F, "V", "";
        NO_IMMATRICULATION_INDIVIDUEL: "9", "N° immatriculation individuel", 50, 13, Nir, F, "A V", "NIR of the beneficiary";
        CLE: "10", "Clé", 63, 2, PersoN, F, "A V", "";
        REFERENCE_LISTE_OPPOSITION: "11", "Référence liste d'opposition", 65, 6, N, F, "V", "";
        FILLER_ZONE_PARCOURS_SOINS_ENSUITE: "12", "Filler (2007); zone parcours de soins ensuite", 71, 58, X, F, "V A", "A reads the IPS (care path) at 121 for all norms";
    }
}

record! {
    /// Suite de facture, norm CP (mandatory right after type 2).
    cp: "2S" "CP" [128] Famille39 "Suite de facture, norme CP (obligatoire juste après le type 2)" {
        COMPLEMENT_TYPE: "8", "Complément de type", 39, 1, X, O, "A S V R", "'S'";
        SEQUENCE: "9", "Séquence", 40, 2, N, O, "A S V R", "01";
        COMPLEMENT_NO_TITRE_RECETTE: "10", "Complément au N° de titre de recette", 42, 6, N, F, "A S V H", "public hospital (EPS): 3 establishment + 1 product + 2 constant";
        DESTINATAIRE_REGLEMENT: "11", "Destinataire du règlement", 48, 2, N, F, "S V", "";
        NO_IMMATRICULATION_INDIVIDUEL: "12", "N° immatriculation individuel", 50, 13, Nir, F, "A S V R", "";
        CLE: "13", "Clé", 63, 2, PersoN, F, "A S V R", "";
        FILLER_65: "14", "Filler", 65, 6, X, F, "S", "";
        TOP_DECLARATION_MEDECIN_TRAITANT: "15", "Top déclaration médecin traitant", 71, 1, X, F, "S", "O, N, blank";
        NOM_MEDECIN_TRAITANT_ORIENTEUR: "16", "Nom du médecin traitant / orienteur", 72, 25, Perso, F, "S", "mandatory when the patient was referred (oriente)";
        PRENOM: "17", "Prénom", 97, 15, Perso, F, "S", "";
        NO_ASSURANCE_MALADIE_MEDECIN_TRAITANT: "18", "N° assurance maladie du médecin traitant", 112, 9, N, F, "S", "";
        INDICATEUR_PARCOURS_SOINS: "19", "Indicateur du parcours de soins", 121, 1, X, F, "A S R", "blank A B D H J M N O R S T U";
        FILLER_122: "20", "Filler", 122, 7, X, F, "S", "";
    }
}
