//! Entity 210 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Acte professionnel.
    layout: "210" "" [118] Aucun "Acte professionnel" {
        TYPE: "1", "type", 1, 3, N, O, "S1", "210";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1", "level, 99 = leaf";
        NUMERO_LIGNE: "3", "numéro de ligne", 6, 2, N, O, "S1", "";
        CODE_GESTION_TECHNIQUE: "4", "code gestion technique", 8, 2, N, O, "S1", "";
        JUSTIFICATION_EXONERATION: "5", "justification d'exonération", 10, 1, X, O, "S1", "";
        MODE_TRAITEMENT: "6", "mode de traitement", 11, 2, N, O, "S1", "";
        DISCIPLINE_MEDICO_TARIFAIRE: "7", "discipline médico-tarifaire", 13, 3, N, O, "S1", "";
        DATE_PRESCRIPTION: "8", "date de prescription", 16, 6, Jjmmaa, O, "S1", "";
        DATE_SOINS_DEBUT: "9", "date des soins / début", 22, 6, Jjmmaa, O, "S1", "";
        DATE_FIN: "10", "date de fin", 28, 6, Jjmmaa, O, "S1", "";
        PRIX_UNITAIRE: "11", "prix unitaire", 34, 8, Montant, O, "S1", "cents";
        BASE_REMBOURSEMENT: "12", "base de remboursement", 42, 8, Montant, O, "S1", "cents";
        TAUX_REMBOURSEMENT: "13", "taux de remboursement", 50, 3, N, O, "S1", "percent";
        MONTANT_REMBOURSE: "14", "montant remboursé", 53, 8, Montant, O, "S1", "cents";
        SIGNE: "15", "signe", 61, 1, X, O, "S1", "P / N";
        NATURE_PRESTATION: "16", "nature de prestation", 62, 3, X, O, "S1", "act code";
        COMPLEMENT_NATURE: "17", "complément de nature", 65, 2, X, O, "S1", "E exam, F public holiday, N night, P present, S discharge, T transfer";
        QUANTITE: "18", "quantité", 67, 3, N, O, "S1", "";
        COEFFICIENT: "19", "coefficient", 70, 5, Decimal(2), O, "S1", "2 decimals";
        DENOMBREMENT: "20", "dénombrement", 75, 3, N, O, "S1", "";
        MONTANT_DEPENSE: "21", "montant de la dépense", 78, 8, Montant, O, "S1", "cents";
        QUALIFICATIF_DEPENSE: "22", "qualificatif de la dépense", 86, 2, X, O, "S1", "DE DP DF DD ED overruns, GR free, NR not reimbursable, TM co-payment only, AT work accident, S global fee";
        TAUX_ALSACE_MOSELLE: "23", "taux Alsace-Moselle", 88, 3, N, O, "S1", "";
        MONTANT_ALSACE_MOSELLE: "24", "montant Alsace-Moselle", 91, 8, Montant, O, "S1", "";
        TAUX_PART_MUTUELLE: "25", "taux part mutuelle", 99, 3, N, O, "S1", "";
        MONTANT_PART_COMPLEMENTAIRE: "26", "montant part complémentaire", 102, 8, Montant, O, "S1", "cents";
        BASE_MUTUELLE: "27", "base mutuelle", 110, 8, Montant, O, "S1", "cents";
        DELIMITEUR: "28", "délimiteur", 118, 1, X, O, "S1", "@";
    }
}
