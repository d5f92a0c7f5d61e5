//! Record 4 of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Acte / produit, norm PS.
    ps: "4" "PS" [128] Famille36 "Acte / produit, norme PS" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, F, "A V", "blank = main record";
        SEQUENCE: "8", "Séquence", 37, 2, N, F, "V", "";
        MODE_TRAITEMENT: "9", "Mode de traitement", 39, 2, N, F, "A V", "";
        DISCIPLINE_PRESTATION: "10", "Discipline de prestation", 41, 3, N, F, "A V", "";
        DATE_DEMANDE_ACCORD_PREALABLE: "11", "Date demande d'accord préalable", 44, 6, Aammjj, F, "V", "or date of the PEC CMU agreement";
        CODE_ACCORD_PREALABLE: "12", "Code accord préalable", 50, 1, N, O, "V", "0 no answer, 4 favourable, 5 urgent, 9 not subject to prior agreement";
        SEQUENCE_RENOUVELLEMENT: "13", "Séquence de renouvellement", 51, 2, X, F, "V", "";
        FILLER: "14", "Filler", 53, 1, X, F, "V", "";
        JUSTIFICATION_EXONERATION_NIVEAU_ACTE: "15", "Justification exonération niveau acte", 54, 1, X, F, "V", "0 none, 1 K/KC threshold, 2 over 30 days, 3 soins particuliers, 4 ALD, 5 exempting regime, 6 SNCF/Mines, 7 prevention, 9 FNS/ASPA, C CCAM";
        NO_EXECUTANT_CLE: "16", "N° exécutant + clé", 55, 9, N, O, "A V", "";
        ZONE_TARIF_EXECUTANT: "17", "Zone tarif exécutant", 64, 2, N, F, "A V", "";
        SPECIALITE_EXECUTANT: "18", "Spécialité exécutant", 66, 2, N, F, "A V", "";
        DATE_SOINS_DELIVRANCE: "19", "Date des soins / délivrance", 68, 6, Aammjj, O, "A V S", "";
        CODE_ACTE: "20", "Code acte", 74, 5, Acte, O, "A V", "";
        QUANTITE: "21", "Quantité", 79, 2, N, O, "A V", "";
        COEFFICIENT: "22", "Coefficient", 81, 6, Decimal(2), O, "A V", "";
        DENOMBREMENT: "23", "Dénombrement", 87, 2, N, O, "A V", "";
        PRIX_UNITAIRE: "24", "Prix unitaire", 89, 7, Montant, O, "A V", "";
        BASE_REMBOURSEMENT: "25", "Base de remboursement", 96, 7, Montant, O, "A V", "";
        TAUX: "26", "Taux", 103, 3, N, O, "A V", "";
        MONTANT_REMBOURSABLE_AMO: "27", "Montant remboursable AMO", 106, 7, Montant, O, "A V", "";
        MONTANT_HONORAIRES_DEPENSE: "28", "Montant des honoraires ou de la dépense", 113, 7, Montant, O, "A V", "in norm FR: after discount";
        QUALIFICATIF_DEPENSE: "29", "Qualificatif de la dépense", 120, 1, X, O, "A V", "";
        CODE_LIEU: "30", "Code lieu", 121, 1, N, O, "V", "0 practice, 1 home / transport";
        MONTANT_REMBOURSABLE_OC: "31", "Montant remboursable OC (AMC)", 122, 7, Montant, F, "A V", "";
    }
}

record! {
    /// Honoraires, norm CP (and ES).
    cp: "4" "CP" [128] Famille39 "Honoraires, norme CP (et ES)" {
        MODE_TRAITEMENT: "8", "Mode de traitement (MT)", 39, 2, N, F, "A S V R", "";
        DISCIPLINE_PRESTATION: "9", "Discipline de prestation (DMT)", 41, 3, N, F, "A S V R", "";
        NO_PRESCRIPTEUR_CLE: "10", "N° prescripteur + clé", 44, 9, N, O, "A S V", "";
        ORIGINE_PRESCRIPTION: "11", "Origine de la prescription", 53, 1, X, F, "A S", "T O P S; V: filler";
        JUSTIFICATION_EXONERATION_NIVEAU_ACTE: "12", "Justification exonération niveau acte", 54, 1, X, F, "S V R H", "0 none, 1 K/KC threshold, 2 over 30 days, 3 soins particuliers, 4 ALD, 5 exempting regime, 6 SNCF/Mines, 7 prevention, 9 FNS/ASPA, C CCAM";
        SPECIALITE_PRESCRIPTEUR: "13", "Spécialité du prescripteur", 55, 2, N, F, "A S V", "";
        NO_EXECUTANT_CLE: "14", "N° exécutant + clé", 57, 9, N, O, "A S V", "";
        ZONE_TARIF_EXECUTANT: "15", "Zone tarif exécutant", 66, 2, N, F, "A S V", "";
        SPECIALITE_EXECUTANT: "16", "Spécialité exécutant", 68, 2, N, F, "A S V R", "50 for retrocession";
        DATE_SOINS: "17", "Date des soins", 70, 6, Aammjj, O, "A S V R", "";
        CODE_ACTE: "18", "Code acte", 76, 5, Acte, O, "A S V R", "";
        QUANTITE: "19", "Quantité", 81, 2, N, O, "A S V R", "";
        COEFFICIENT: "20", "Coefficient", 83, 6, Decimal(2), O, "A S V R", "";
        DENOMBREMENT: "21", "Dénombrement", 89, 2, N, O, "A S V R", "";
        PRIX_UNITAIRE: "22", "Prix unitaire", 91, 7, Montant, O, "A S V R", "";
        BASE_REMBOURSEMENT: "23", "Base de remboursement", 98, 7, Montant, O, "A S V R", "";
        TAUX: "24", "Taux", 105, 3, N, O, "A S V R", "";
        MONTANT_REMBOURSABLE_AMO: "25", "Montant remboursable AMO", 108, 7, Montant, O, "A S V R", "";
        MONTANT_HONORAIRES: "26", "Montant des honoraires (dépassement compris)", 115, 7, Montant, O, "A S V R", "";
        QUALIFICATIF_DEPENSE: "27", "Qualificatif de la dépense", 122, 1, X, F, "A S V", "";
        MONTANT_REMBOURSABLE_OC: "28", "Montant remboursable OC (AMC)", 123, 6, Montant, F, "A S V R", "max 9999.99";
    }
}
