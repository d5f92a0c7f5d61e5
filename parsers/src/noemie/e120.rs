//! Entity 120 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Malade / beneficiaire.
    layout: "120" "" [57] Aucun "Malade / bénéficiaire" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S2 S3 S5", "120";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S2 S3 S5", "level, 99 = leaf";
        DATE_NAISSANCE: "3", "date de naissance", 6, 6, Naissance, O, "S1 S2 S3 S5", "JJMMAA, 000000 possible";
        RANG: "4", "rang", 12, 1, X, O, "S1 S2 S3 S5", "";
        NOM: "5", "nom", 13, 25, Nom, O, "S1 S2 S3 S5", "";
        PRENOM: "6", "prénom", 38, 15, Nom, O, "S1 S2 S3 S5", "";
        UNITE_GESTION: "7", "unité de gestion", 53, 4, X, O, "S1 S2 S3 S5", "0000 or blank";
        DELIMITEUR: "8", "délimiteur", 57, 1, X, O, "S1 S2 S3 S5", "@";
    }
}
