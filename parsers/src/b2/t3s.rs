//! Record 3S of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Suite du type 3.
    cp: "3S" "CP" [128] Famille39 "Suite du type 3" {
        COMPLEMENT_TYPE: "8", "Complément de type", 39, 1, X, O, "A S V", "'S'";
        SEQUENCE: "9", "Séquence", 40, 2, N, O, "A S V", "01";
        NO_PRESCRIPTEUR: "10", "N° prescripteur", 42, 9, N, O, "A S V", "the PS when liberal, else the establishment";
        CONDITION_EXERCICE_PRESCRIPTEUR: "11", "Condition d'exercice du prescripteur", 51, 1, X, F, "S V", "L liberal, S salaried, B volunteer";
        SPECIALITE_PRESCRIPTEUR_SALARIE: "12", "Spécialité du prescripteur salarié", 52, 2, N, O, "A S V", "";
        DATE_PRESCRIPTION: "13", "Date de prescription", 54, 6, Aammjj, O, "A S V", "";
        DATE_DEMANDE_ACCORD_PREALABLE: "14", "Date de demande d'accord préalable", 60, 6, Aammjj, F, "S V", "optional when the code is 9";
        CODE_ACCORD_PREALABLE: "15", "Code accord préalable", 66, 1, N, O, "S V", "0 no answer, 4 favourable, 5 urgent, 9 not subject to prior agreement";
        ETABLISSEMENT_TRANSFERT_RETOUR_LIEU_EXECUTION: "16", "Établissement transfert/retour ou lieu d'exécution", 67, 14, N, F, "S V", "";
        NATURE_INTERRUPTION_FIN_SEJOUR: "17", "Nature d'interruption ou de fin de séjour", 81, 1, X, F, "S V", "T transfer, R return, E plateau technique, P present, S discharge, D death";
        IDENTIFICATION_FILIERE_RESEAU: "18", "Identification filière ou réseau", 82, 14, N, F, "S V", "";
        NO_ORDRE_FORFAIT_TECHNIQUE: "19", "N° d'ordre du forfait technique", 96, 5, N, F, "S V", "";
        NO_APPAREIL: "20", "N° de l'appareil", 101, 14, N, F, "S V", "";
        ORIGINE_PRESCRIPTION: "21", "Origine de la prescription", 115, 1, X, F, "A S", "T treating doctor (MT), O referred, P other within the care path, S outside the care path; V: filler";
        FILLER: "22", "Filler", 116, 13, X, F, "I", "S writes length 16 (goes past 128): error of S";
    }
}
