//! Record 2M of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Routage AMC (2007).
    v2007: "2M" "2007" [128] Famille36 "Routage AMC (2007)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'M'";
        NO_ORGANISME_COMPLEMENTAIRE: "8", "N° d'organisme complémentaire", 37, 10, N, F, "V", "";
        CODE_ROUTAGE_DESTINATAIRE_AMC: "9", "Code routage destinataire AMC", 47, 2, X, F, "V", "";
        IDENTIFIANT_HOTE_DESTINATAIRE_AMC: "10", "Identifiant de l'hôte destinataire AMC", 49, 3, X, F, "V", "";
        FILLER_52: "11", "Filler", 52, 20, X, F, "V", "";
        IDENTIFIANT_AMC_FOURNI_OC: "12", "Identifiant AMC fourni par l'OC", 72, 15, N, F, "V", "";
        FILLER_87: "13", "Filler", 87, 7, X, F, "V", "";
        CODE_FORCAGE_TARIFICATION_AMC: "14", "Code forçage tarification AMC", 94, 1, X, F, "V", "";
        TYPE_MODULE_STS: "15", "Type du module STS", 95, 1, X, F, "V", "R AMO, U CMU, M mutuelle, 8 CTIP, 4 FFSA";
        NO_VERSION_MODULE_STS: "16", "N° de version du module STS", 96, 4, X, F, "V", "";
        CODE_ROUTAGE_AMC: "17", "Code routage AMC", 100, 2, X, F, "V", "";
        IDENTIFIANT_HOTE_AMC: "18", "Identifiant hôte AMC", 102, 3, X, F, "V", "";
        NOM_DOMAINE: "19", "Nom de domaine", 105, 20, X, F, "V", "";
        INDICATEUR_TRAITEMENT: "20", "Indicateur de traitement", 125, 2, X, F, "V", "";
        CODE_APPLICATION_AMC: "21", "Code application AMC", 127, 2, X, F, "V", "";
    }
}
