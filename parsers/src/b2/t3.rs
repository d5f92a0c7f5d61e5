//! Record 3 of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Prestation hospitaliere (norm CP).
    cp: "3" "CP" [128] Famille39 "Prestation hospitalière (norme CP)" {
        MODE_TRAITEMENT: "8", "Mode de traitement (MT)", 39, 2, N, F, "A S V R", "03 full stay, 04 day, 05 night, 06 home, 07 external, 10 emergency, 19 ambulatory, 23 ambulatory surgery";
        DISCIPLINE_PRESTATION: "9", "Discipline de prestation (DMT)", 41, 3, N, F, "A S V R", "";
        DATE_DEBUT_SEJOUR: "10", "Date début de séjour", 44, 6, Aammjj, O, "A S V R", "";
        DATE_FIN_SEJOUR: "11", "Date fin de séjour", 50, 6, Aammjj, O, "A S V", "";
        CODE_ACTE: "12", "Code acte", 56, 5, Acte, O, "A S V R", "4 characters left-justified + 1 complement";
        QUANTITE: "13", "Quantité", 61, 3, N, O, "A S V R", "";
        JUSTIFICATION_EXONERATION_NIVEAU_ACTE: "14", "Justification exonération niveau acte", 64, 1, X, F, "S V R H", "0 none, 1 K/KC threshold, 2 over 30 days, 3 soins particuliers, 4 ALD, 5 exempting regime, 6 SNCF/Mines, 7 prevention, 9 FNS/ASPA, C CCAM";
        COEFFICIENT: "15", "Coefficient", 65, 5, Decimal(2), F, "A S V R", "1 when absent";
        CODE_PRISE_CHARGE_FORFAIT_JOURNALIER: "16", "Code prise en charge du forfait journalier", 70, 1, X, F, "S V", "A insured person, R compulsory regime, L Alsace-Moselle, X unknown";
        COEFFICIENT_MCO_HAD_SMR: "17", "Coefficient MCO / HAD / SMR", 71, 5, Decimal(4), F, "S V R", "ten-thousandths";
        PRIX_UNITAIRE: "18", "Prix unitaire", 76, 7, Montant, O, "A S V R", "";
        BASE_REMBOURSEMENT: "19", "Base de remboursement", 83, 8, Montant, O, "A S V R", "";
        TAUX: "20", "Taux", 91, 3, N, O, "A S V R", "0..100";
        MONTANT_REMBOURSABLE_AMO: "21", "Montant remboursable AMO", 94, 8, Montant, O, "A S V R", "";
        MONTANT_TOTAL_DEPENSE: "22", "Montant total de la dépense", 102, 8, Montant, O, "A S V R", "";
        NO_GHS_GHT_GMT: "23", "N° de GHS / GHT / GMT", 110, 4, N, F, "S V", "";
        TAUX_FINANCEMENT: "24", "Taux de financement", 114, 3, N, F, "S V", "000";
        CODE_PARTICIPATION_ASSURE: "25", "Code participation assuré", 117, 1, X, F, "S", "V: filler in 2007";
        FILLER: "26", "Filler", 118, 2, X, F, "S V", "";
        QUALIFICATIF_DEPENSE: "27", "Qualificatif de la dépense", 120, 1, X, F, "A S V", "N not reimbursable, G free, A authorised excess (depassement), D entente directe, E patient's demand (exigence malade), F travel (deplacement), B";
        DOMAINE_ACTIVITE: "28", "Domaine d'activité", 121, 1, X, F, "S V", "M C O N S, blank";
        MONTANT_REMBOURSABLE_OC: "29", "Montant remboursable OC (AMC)", 122, 7, Montant, F, "A S V R", "0 when the top eclatement is F";
    }
}
