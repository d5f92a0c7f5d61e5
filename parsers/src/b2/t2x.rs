//! Record 2X of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Suivi AMC (DRE 2009 SP sante / ROC; last complement of type 2).
    dre2009: "2X" "DRE2009" [128] Famille36 "Suivi AMC (DRE 2009 SP santé / ROC ; dernier complément du type 2)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "A", "'X'";
        DATE_RECEPTION_OPERATEUR: "8", "Date de réception par l'opérateur", 37, 8, Aammjjhh, O, "A", "";
        DATE_LIMITE_REPONSE_AMC: "9", "Date limite de réponse AMC", 45, 8, Aammjjhh, O, "A", "";
        NO_DECOMPTE_COMPOSITION: "10", "N° de décompte / composition", 53, 7, X, O, "A", "";
        CODE_AMC_DETAILLE: "11", "Code AMC détaillé", 60, 10, X, F, "A", "empty in practice";
        IDENTIFIANT_COMPTE_BANCAIRE: "12", "Identifiant de compte bancaire", 70, 1, X, F, "A", "payment notice only";
        REFERENCE_FINANCIERE: "13", "Référence financière", 71, 10, X, F, "A", "payment notice only";
        TYPE_AVIS: "14", "Type d'avis", 81, 1, X, F, "A", "N normal, A annulation; payment notice";
        NON_DOCUMENTE: "15", "Non documenté", 82, 47, X, Inconnu, "I", "";
    }
}
