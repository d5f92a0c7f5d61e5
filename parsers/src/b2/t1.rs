//! Record 1 of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Debut de lot (all norms).
    layout: "1" "" [128] Aucun "Début de lot (toutes normes)" {
        TYPE_ENREGISTREMENT: "1", "Type d'enregistrement", 1, 1, N, O, "A V", "'1'";
        NO_PARTENAIRE_SANTE_CLE: "2", "N° partenaire de santé + clé", 2, 9, N, O, "V", "";
        ORIGINE_FICHIER: "3", "Origine du fichier", 11, 6, X, F, "V", "V gives presence 'FO'";
        NO_ORGANISME_DESTINATAIRE: "4", "N° d'organisme destinataire", 17, 3, N, O, "V", "caisse";
        NO_LOT: "5", "N° de lot", 20, 3, X, O, "A V", "";
        CATEGORIE: "6", "Catégorie", 23, 3, X, F, "V", "establishments";
        STATUT_JURIDIQUE: "7", "Statut juridique", 26, 2, X, F, "V", "";
        MODE_FIXATION_TARIFS: "8", "Mode de fixation des tarifs", 28, 2, X, F, "V", "";
        NOM_RAISON_SOCIALE: "9", "Nom ou raison sociale", 30, 40, X, O, "V", "";
        VERSION_NORME_UTILISEE: "10", "Version de la norme utilisée", 70, 2, X, O, "A V", "A concatenates 70-71 and 82-87 as the norm";
        DATE_CREATION_LOT: "11", "Date de création du lot", 72, 6, Aammjj, O, "A V", "";
        FILLER_78: "12", "Filler", 78, 1, X, F, "V", "blank";
        CODE_NORME: "13", "Code norme", 79, 2, X, O, "A V", "CP, ES (A: same layouts), any other = PS layouts; FR suppliers (V)";
        TOP_CERTIFICATION_LOT: "14", "Top certification du lot", 81, 1, X, F, "V", "blank not secured, S SESAM with Vitale card, F without Vitale card, D degraded";
        NUMERO_VERSION_NORME: "15", "Numéro de version de norme", 82, 6, N, O, "A V", "for example 022003 (MMAAAA)";
        UNITE_MONETAIRE: "16", "Unité monétaire", 88, 1, X, F, "V", "blank franc, E euro, U single currency (euro)";
        GRAND_REGIME_CAISSE_PIVOT: "17", "Grand régime caisse pivot", 89, 2, X, F, "V", "";
        NO_CAISSE_PIVOT: "18", "N° caisse pivot", 91, 3, X, F, "V", "";
        DISPOSITIF_CAISSE_CENTRALISATRICE_PAIEMENTS: "19", "Dispositif caisse centralisatrice des paiements", 94, 1, X, F, "V", "";
        FILLER_95: "20", "Filler", 95, 34, X, F, "V", "blank";
    }
}
