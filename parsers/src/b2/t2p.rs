//! Record 2P of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Operateur et convention AMC (2007).
    v2007: "2P" "2007" [128] Famille36 "Opérateur et convention AMC (2007)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'P'";
        NO_OPERATEUR_REGLEMENT: "8", "N° d'opérateur de règlement", 37, 10, X, F, "V", "";
        CONTEXTE_CONVENTIONNEL_AMC: "9", "Contexte conventionnel AMC", 47, 34, X, F, "V", "";
        FILLER: "10", "Filler", 81, 48, X, F, "V", "";
    }
}

record! {
    /// DRE 2009 / ROC (partial: only the zones read by A are sure).
    dre2009: "2P" "DRE2009" [128] Famille36 "DRE 2009 / ROC (partiel : les autres zones ne sont pas connues)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "A", "'P'";
        NON_DOCUMENTE_37: "8-9", "Non documenté", 37, 12, X, Inconnu, "I", "37-46 was the operateur de reglement in 2007";
        SPECIALITE_PS: "10", "Spécialité du PS", 49, 2, N, Inconnu, "A", "64 = optician for A";
        NON_DOCUMENTE_51: "-", "Non documenté", 51, 32, X, Inconnu, "I", "";
        NO_PRISE_CHARGE: "11 (CP) 12 (ES)", "N° de prise en charge", 83, 16, X, F, "A", "A: ignored unless numeric; zeros = absent";
        NON_DOCUMENTE_99: "-", "Non documenté", 99, 4, X, Inconnu, "I", "";
        DATE_FACTURATION: "16 (CP) 17 (ES)", "Date de facturation", 103, 6, Aammjj, O, "A", "CP and ES (type 2 CP does not carry it)";
        NON_DOCUMENTE_109: "-", "Non documenté", 109, 5, X, Inconnu, "I", "";
        NO_ADHERENT_AMC: "19 (CP)", "N° d'adhérent AMC", 114, 8, Perso, F, "A", "";
        NON_DOCUMENTE_122: "-", "Non documenté", 122, 7, X, Inconnu, "I", "";
    }
}
