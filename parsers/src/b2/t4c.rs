//! Record 4C of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Pharmacie codee CIP 7 (2003-2007, replaced by 4P).
    v2007: "4C" "2007" [128] Famille36 "Pharmacie codée CIP 7 (2003-2007, remplacé par 4P)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'C'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "V", "01..n";
        RESERVE_SESAM: "9", "Réservé SESAM", 39, 4, X, F, "V", "";
        FILLER: "10", "Filler", 43, 1, X, F, "V", "";
        CODE_CIP7_1: "11", "Code CIP7 1", 44, 7, N, O, "V", "";
        PRIX_UNITAIRE_1: "12", "Prix unitaire 1", 51, 6, Montant, O, "V", "decimals: I";
        QUANTITE_1: "13", "Quantité 1", 57, 2, N, O, "V", "";
        CODE_TAUX_1: "14", "Code taux 1", 59, 1, N, O, "V", "2 35%, 4 65%, 5 100%, 6, 7, 9";
        INDICATEUR_SUBSTITUTION_1: "15", "Indicateur de substitution 1", 60, 1, X, F, "V", "P prescribed, D dispensed, M DCI, U urgent, G generic";
        CODE_CIP7_2: "16", "Code CIP7 2", 61, 7, N, F, "V", "";
        PRIX_UNITAIRE_2: "17", "Prix unitaire 2", 68, 6, Montant, F, "V", "decimals: I";
        QUANTITE_2: "18", "Quantité 2", 74, 2, N, F, "V", "";
        CODE_TAUX_2: "19", "Code taux 2", 76, 1, N, F, "V", "2 35%, 4 65%, 5 100%, 6, 7, 9";
        INDICATEUR_SUBSTITUTION_2: "20", "Indicateur de substitution 2", 77, 1, X, F, "V", "P prescribed, D dispensed, M DCI, U urgent, G generic";
        CODE_CIP7_3: "21", "Code CIP7 3", 78, 7, N, F, "V", "";
        PRIX_UNITAIRE_3: "22", "Prix unitaire 3", 85, 6, Montant, F, "V", "decimals: I";
        QUANTITE_3: "23", "Quantité 3", 91, 2, N, F, "V", "";
        CODE_TAUX_3: "24", "Code taux 3", 93, 1, N, F, "V", "2 35%, 4 65%, 5 100%, 6, 7, 9";
        INDICATEUR_SUBSTITUTION_3: "25", "Indicateur de substitution 3", 94, 1, X, F, "V", "P prescribed, D dispensed, M DCI, U urgent, G generic";
        CODE_CIP7_4: "26", "Code CIP7 4", 95, 7, N, F, "V", "";
        PRIX_UNITAIRE_4: "27", "Prix unitaire 4", 102, 6, Montant, F, "V", "decimals: I";
        QUANTITE_4: "28", "Quantité 4", 108, 2, N, F, "V", "";
        CODE_TAUX_4: "29", "Code taux 4", 110, 1, N, F, "V", "2 35%, 4 65%, 5 100%, 6, 7, 9";
        INDICATEUR_SUBSTITUTION_4: "30", "Indicateur de substitution 4", 111, 1, X, F, "V", "P prescribed, D dispensed, M DCI, U urgent, G generic";
        CODE_CIP7_5: "31", "Code CIP7 5", 112, 7, N, F, "V", "";
        PRIX_UNITAIRE_5: "32", "Prix unitaire 5", 119, 6, Montant, F, "V", "decimals: I";
        QUANTITE_5: "33", "Quantité 5", 125, 2, N, F, "V", "";
        CODE_TAUX_5: "34", "Code taux 5", 127, 1, N, F, "V", "2 35%, 4 65%, 5 100%, 6, 7, 9";
        INDICATEUR_SUBSTITUTION_5: "35", "Indicateur de substitution 5", 128, 1, X, F, "V", "P prescribed, D dispensed, M DCI, U urgent, G generic";
    }
}
