//! Record 4S of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Suite du type 4 (2005-E).
    v2005e: "4S" "2005-E" [128] Famille36 "Suite du type 4 (2005-E)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "A S V", "'S'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "A S V", "01..n";
        CONDITION_EXERCICE_EXECUTANT: "9", "Condition d'exercice de l'exécutant", 39, 1, X, F, "S V", "L, S";
        OPTION_COORDINATION: "10", "Option de coordination", 40, 1, X, F, "A S", "V: filler";
        BASE_REMBOURSEMENT_THEORIQUE: "11", "Base de remboursement théorique", 41, 7, Montant, F, "S V", "";
        CONDITION_EXERCICE_PRESCRIPTEUR: "12", "Condition d'exercice du prescripteur", 48, 1, X, F, "S", "V: filler";
        DATE_DEMANDE_ACCORD_PREALABLE: "13", "Date demande d'accord préalable", 49, 6, Aammjj, F, "S V", "";
        CODE_ACCORD_PREALABLE: "14", "Code accord préalable", 55, 1, N, O, "S V", "0 no answer, 4 favourable, 5 urgent, 9 not subject to prior agreement";
        FILLER_NO_REMPLACANT: "15", "Filler / N° de remplaçant", 56, 9, X, F, "S V", "S: filler 56-65; V: No de remplacant 56-64";
        INCERTAIN: "16", "Incertain", 65, 6, X, F, "V I", "V: complement of the No de remplacant 65-70; S: hole at 66-70, probably the coefficient MCO 9V9(4) in CP";
        INDICATEUR_FORCAGE_PART_AMO: "17", "Indicateur de forçage part AMO", 71, 1, X, F, "S V", "";
        LIEU_EXECUTION_ACTE: "18", "Lieu d'exécution de l'acte", 72, 14, N, F, "S V", "";
        IDENTIFICATION_FILIERE_RESEAU: "19", "Identification filière ou réseau", 86, 14, N, F, "S V", "";
        INDICATEUR_FORCAGE_PART_AMC: "20", "Indicateur de forçage part AMC", 100, 1, X, F, "S V", "";
        NO_ORDRE_FORFAIT_TECHNIQUE: "21", "N° d'ordre du forfait technique", 101, 5, N, F, "S V", "";
        NO_APPAREIL: "22", "N° de l'appareil", 106, 14, N, F, "S V", "";
        NO_GHS_GHT_GMT: "23", "N° de GHS / GHT / GMT", 120, 4, N, F, "S V", "";
        DOMAINE_ACTIVITE: "24", "Domaine d'activité", 124, 1, X, O, "S V", "";
        TOP_PREVENTION_ACTION_COMMUNE_AMO_AMC: "25", "Top prévention action commune AMO/AMC", 125, 1, X, F, "A S", "V: filler";
        QUALIFIANT_DISPOSITIF_PREVENTION: "26", "Qualifiant du dispositif de prévention", 126, 2, X, F, "A S", "V: filler";
        CODE_PARTICIPATION_ASSURE: "27", "Code participation assuré", 128, 1, X, F, "S", "V: filler";
    }
}
