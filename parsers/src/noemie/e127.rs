//! Entity 127 of NOEMIE, reference 687: the zones that are known, up to the last of them.

use crate::layout::record;

record! {
    /// Beneficiaire (partial, length deduced from 120).
    partiel: "127" "687" [58] Aucun "Bénéficiaire (partiel, longueur déduite du 120)" {
        TYPE: "1", "type", 1, 3, N, O, "S3", "127";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S3", "level, 99 = leaf";
        DATE_NAISSANCE: "3", "date de naissance", 6, 6, Naissance, O, "S3", "JJMMAA, as in 120";
        RANG: "4", "rang", 12, 1, X, O, "S3", "as in 120";
        NON_DOCUMENTE_13: "-", "non documenté", 13, 2, Perso, Inconnu, "S3", "";
        NOM: "5", "nom", 15, 25, Nom, O, "S3", "length of 120: deduced";
        PRENOM: "6", "prénom", 40, 15, Nom, O, "S3", "length of 120: deduced";
        UNITE_GESTION: "7", "unité de gestion", 55, 4, X, O, "S3", "length of 120: deduced";
    }
}
