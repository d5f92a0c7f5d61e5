//! Entity 103 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Assure et beneficiaire.
    layout: "103" "" [152] Aucun "Assuré et bénéficiaire" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S4", "103";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S4", "level, 99 = leaf";
        NUMERO_IMMATRICULATION: "3", "numéro d'immatriculation", 6, 13, Nir, O, "S1 S4", "NIR of the insured";
        CLE: "4", "clé", 19, 2, PersoN, O, "S1 S4", "";
        NOM_PATRONYMIQUE: "5", "nom patronymique", 21, 25, Nom, F, "S1 S4", "";
        NOM_USAGE: "6", "nom d'usage", 46, 25, Nom, F, "S1 S4", "";
        PRENOM: "7", "prénom", 71, 15, Nom, F, "S1 S4", "";
        NIR_INDIVIDUEL: "8", "NIR individuel", 86, 13, Nir, F, "S1 S4", "of the beneficiary";
        CLE_NIR_INDIVIDUEL: "9", "clé du NIR individuel", 99, 2, PersoN, F, "S1 S4", "";
        DATE_NAISSANCE: "10", "date de naissance", 101, 6, Naissance, O, "S1 S4", "";
        RANG_NAISSANCE: "11", "rang de naissance", 107, 1, N, O, "S1 S4", "";
        NOM_BENEFICIAIRE: "12", "nom du bénéficiaire", 108, 25, Nom, F, "S1 S4", "";
        PRENOM_BENEFICIAIRE: "13", "prénom du bénéficiaire", 133, 15, Nom, F, "S1 S4", "";
        UNITE_GESTION: "14", "unité de gestion", 148, 4, N, F, "S1 S4", "";
        DELIMITEUR: "15", "délimiteur", 152, 1, X, O, "S1 S4", "@";
    }
}
