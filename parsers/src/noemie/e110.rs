//! Entity 110 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Assure.
    layout: "110" "" [88] Aucun "Assuré" {
        TYPE: "1", "type", 1, 3, N, O, "S2 S3 S5 (S1 differs)", "110";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S2 S3 S5 (S1 differs)", "level, 99 = leaf";
        NUMERO_IMMATRICULATION: "3", "numéro d'immatriculation", 6, 13, Nir, O, "S2 S3 S5 (S1 differs)", "NIR";
        CLE: "4", "clé", 19, 2, PersoN, O, "S2 S3 S5 (S1 differs)", "";
        NATURE_NOM: "5", "nature du nom", 21, 1, X, O, "S2 S3 S5 (S1 differs)", "P birth name, M married name, U name in use";
        NOM: "6", "nom", 22, 25, Nom, O, "S2 S3 S5 (S1 differs)", "";
        NATURE_SECOND_NOM: "7", "nature du second nom", 47, 1, X, F, "S2 S3 S5 (S1 differs)", "blank when there is no second name";
        SECOND_NOM: "8", "second nom", 48, 25, Nom, F, "S2 S3 S5 (S1 differs)", "";
        PRENOM: "9", "prénom", 73, 15, Nom, O, "S2 S3 S5 (S1 differs)", "";
        DELIMITEUR: "10", "délimiteur", 88, 1, X, O, "S2 S3 S5 (S1 differs)", "@";
    }
}

record! {
    /// Assure (lecture de S1).
    lecture_s1: "110" "S1" [88] Aucun "Assuré (autre lecture)" {
        TYPE: "1", "type", 1, 3, N, O, "S1", "110";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1", "level, 99 = leaf";
        NUMERO_IMMATRICULATION: "3", "numéro d'immatriculation", 6, 13, Nir, O, "S1", "NIR";
        CLE: "4", "clé", 19, 2, PersoN, O, "S1", "";
        NATURE_NOM: "5", "nature du nom", 21, 1, X, O, "S1", "P birth name, M married name, U name in use";
        NOM: "6", "nom", 22, 25, Nom, O, "S1", "";
        BLANC: "7", "blanc", 47, 26, X, F, "S1", "one blank zone in S1; second name in S2";
        PRENOM: "8", "prénom", 73, 15, Nom, O, "S1", "";
        DELIMITEUR: "9", "délimiteur", 88, 1, X, O, "S1", "@";
    }
}
