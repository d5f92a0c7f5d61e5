//! Record 2 of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Debut de facture, norm PS (practitioners, pharmacy, transport, laboratory, suppliers).
    ps: "2" "PS" [128] Famille36 "Début de facture, norme PS (praticiens, pharmacie, transport, laboratoire, fournisseurs)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, F, "A V", "blank = main record";
        MARQUAGE_FACTURE: "8", "Marquage de la facture", 37, 1, X, F, "V", "see type 6: R real, T test, D demo (I)";
        INDICATEUR_FORCAGE_PART_AMO: "9", "Indicateur de forçage part AMO", 38, 1, X, F, "V", "";
        NATURE_OPERATION: "10", "Nature d'opération", 39, 1, N, O, "V", "'1' in normal billing";
        DATE_FACTURATION: "11", "Date de facturation", 40, 6, Aammjj, O, "A V", "";
        TOP_ECLATEMENT_FLUX_PS: "12", "Top éclatement des flux par le PS", 46, 1, X, F, "V", "E split with a DRE, F split outside SESAM, blank";
        TYPE_FACTURE: "13", "Type de facture", 47, 1, X, F, "A V", "blank outside SESAM, F SESAM; DRE 2009: D/C invoice, L/R payment notice (A)";
        FACTURE_ETABLIE_SUR_DISPOSITIF_PORTABLE: "14", "Facture établie sur dispositif portable", 48, 1, X, F, "V", "";
        CODE_GRAND_REGIME: "15", "Code grand régime", 49, 2, N, O, "A V", "01..10 12 14-17 80 90-96 99";
        NO_CAISSE_GESTIONNAIRE: "16", "N° caisse gestionnaire", 51, 3, N, O, "A V", "";
        NO_CENTRE_GESTIONNAIRE: "17", "N° centre gestionnaire", 54, 4, N, O, "A V", "";
        NATURE_PIECE_JUSTIFICATIVE_DROITS: "18", "Nature pièce justificative des droits", 58, 1, N, O, "V", "0 none, 1 attestation, 2 attestation of rights (attestation de droits), 3 prise en charge, 4 Vitale card, 5 PEC after CDRi";
        NO_PRESCRIPTEUR_CLE: "19", "N° prescripteur + clé", 59, 9, N, O, "V", "";
        DATE_PRESCRIPTION: "20", "Date de prescription", 68, 6, Aammjj, O, "V", "";
        REGIME_PRESTATION_ASSURE: "21", "Régime de prestation de l'assuré", 74, 3, X, F, "A V", "A takes the last 2 characters as the regime";
        NATURE_ASSURANCE: "22", "Nature d'assurance", 77, 2, N, O, "V", "10 maladie, 13 maladie regime local, 30 maternite, 41 AT/MP, 90 prevention";
        JUSTIFICATION_EXONERATION_TM: "23", "Justification d'exonération du TM", 79, 1, X, O, "V", "0 none, 1 K/KC threshold, 2 over 30 days, 3 soins particuliers, 4 ALD, 5 exempting regime, 6 SNCF/Mines, 7 prevention, 9 FNS/ASPA, C CCAM";
        DATE_MATERNITE: "24", "Date maternité", 80, 6, Aammjj, F, "V", "";
        NO_AT_DATE_ACCIDENT_DROIT_COMMUN: "25", "N° AT ou date d'accident de droit commun", 86, 9, N, F, "V", "AAMMJJ + 2 CRAM + key, or 000AAMMJJ";
        CPS_REMPLACANT: "26", "CPS de remplaçant", 95, 1, N, O, "V", "";
        DATE_NAISSANCE_BENEFICIAIRE: "27", "Date de naissance du bénéficiaire", 96, 6, Naissance, O, "A V", "may be a lunar date (month > 12)";
        RANG_NAISSANCE: "28", "Rang de naissance", 102, 1, N, F, "A V", "";
        RANG_BENEFICIAIRE: "29", "Rang de bénéficiaire", 103, 2, X, F, "V", "";
        NO_ADHERENT: "30", "N° d'adhérent", 105, 8, Perso, F, "V", "";
        SPECIALITE_PRESCRIPTEUR: "31", "Spécialité du prescripteur", 113, 2, N, F, "V", "";
        DESTINATAIRE_REGLEMENT: "32", "Destinataire du règlement", 115, 2, N, O, "V", "00 insured person, 05 third-party payment AMO, 15 third-party payment AMO + AMC, 25 third-party payment AMC, 10 external AT of the general regime, 06 SNCF/Mines";
        TYPE_CONTRAT_OC: "33", "Type de contrat OC", 117, 2, N, F, "V", "85, 87, 88, 89 (CMUC/C2S), 99";
        NO_ORGANISME_COMPLEMENTAIRE: "34", "N° d'organisme complémentaire", 119, 10, X, F, "A V", "zero-filled on the left, or 9 blanks + 'M'";
    }
}

record! {
    /// Debut de facture, norm CP (and ES).
    cp: "2" "CP" [128] Famille39 "Début de facture, norme CP (et ES)" {
        NATURE_OPERATION: "8", "Nature d'opération", 39, 1, X, O, "A S V R", "'1'; DRE 2009 (A): D, C, L, R";
        NO_ENTREE: "9", "N° d'entrée", 40, 9, X, O, "S V R", "";
        CODE_GRAND_REGIME: "10", "Code grand régime", 49, 2, N, O, "A S V R", "01..10 12 14-17 80 90-96 99";
        NO_CAISSE_GESTIONNAIRE: "11", "N° caisse gestionnaire", 51, 3, N, O, "A S V", "";
        NO_CENTRE_GESTIONNAIRE: "12", "N° centre gestionnaire", 54, 4, N, O, "A S V H", "regime 96 caisse 196: 3 characters + '0'";
        NATURE_PIECE_JUSTIFICATIVE_DROITS: "13", "Nature pièce justificative des droits", 58, 1, N, O, "S V", "0 none, 1 attestation, 2 attestation of rights (attestation de droits), 3 prise en charge, 4 Vitale card, 5 PEC after CDRi";
        PRISE_CHARGE_ETABLIE: "14", "Prise en charge établie le", 59, 6, Aammjj, F, "S V", "";
        DROITS_PEC_VALABLES_COMPTER: "15", "Droits / PEC valables à compter du", 65, 6, Aammjj, F, "S V", "";
        DELIVREE: "16", "Délivrée par", 71, 3, N, F, "S V", "";
        REGIME_PRESTATION_ASSURE: "17", "Régime de prestation de l'assuré", 74, 3, N, F, "A S V", "000 by default; A keeps the last 2, 00 -> 01";
        NATURE_ASSURANCE: "18", "Nature d'assurance", 77, 2, N, O, "S V R", "10 maladie, 13 maladie regime local, 30 maternite, 41 AT/MP, 90 prevention";
        JUSTIFICATION_EXONERATION_TM: "19", "Justification d'exonération du TM (facture)", 79, 1, X, O, "S V R", "0 none, 1 K/KC threshold, 2 over 30 days, 3 soins particuliers, 4 ALD, 5 exempting regime, 6 SNCF/Mines, 7 prevention, 9 FNS/ASPA, C CCAM";
        DATE_HOSPITALISATION: "20", "Date de l'hospitalisation", 80, 6, Aammjj, O, "S", "V says 'date maternite' (copied from PS)";
        NO_AT_DATE_ACCIDENT_DROIT_COMMUN: "21", "N° AT ou date d'accident de droit commun", 86, 9, N, F, "S V R", "mandatory when the nature is 41";
        TOP_ECLATEMENT_FLUX_ETABLISSEMENT: "22", "Top éclatement des flux par l'établissement", 95, 1, X, F, "S H", "F split (AMC part on another invoice), blank; V says 'CPS de remplacant'";
        DATE_NAISSANCE_BENEFICIAIRE: "23", "Date de naissance du bénéficiaire", 96, 6, Naissance, O, "A S V R", "";
        RANG_NAISSANCE: "24", "Rang de naissance", 102, 1, N, F, "A S V R", "";
        DATE_ENTREE: "25", "Date d'entrée", 103, 6, Aammjj, O, "S V R", "";
        DATE_SORTIE: "26", "Date de sortie", 109, 6, Aammjj, O, "S V R", "";
        HEURE_SORTIE: "27", "Heure de sortie", 115, 2, N, O, "S V", "00..23";
        TYPE_CONTRAT_OC: "28", "Type de contrat OC", 117, 2, N, F, "S V R", "00 by default; 85 87 88 89";
        NO_ORGANISME_COMPLEMENTAIRE: "29", "N° d'organisme complémentaire", 119, 10, X, F, "A S V R", "zero-filled on the left, or 9 blanks + 'M'";
    }
}
