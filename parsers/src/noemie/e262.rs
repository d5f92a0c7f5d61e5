//! Entity 262 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Detail d'un paiement ponctuel.
    layout: "262" "" [134] Aucun "Détail d'un paiement ponctuel" {
        TYPE: "1", "type", 1, 3, N, O, "S1", "262";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1", "level, 99 = leaf";
        CODIFICATION: "3", "codification", 6, 5, X, F, "S1", "";
        LIBELLE: "4", "libellé", 11, 80, X, F, "S1", "";
        NUMERO_IMMATRICULATION: "5", "numéro d'immatriculation", 91, 13, Nir, F, "S1", "";
        CLE: "6", "clé", 104, 2, PersoN, F, "S1", "";
        DATE_NAISSANCE: "7", "date de naissance", 106, 6, Naissance, F, "S1", "";
        RANG: "8", "rang", 112, 1, N, F, "S1", "";
        PERIODICITE: "9", "périodicité", 113, 1, X, O, "S1", "H week, M month, T quarter, S half-year, A year, P one-off";
        DEBUT_PERIODE: "10", "début de période", 114, 6, Jjmmaa, F, "S1", "";
        FIN_PERIODE: "11", "fin de période", 120, 6, Jjmmaa, F, "S1", "";
        MONTANT: "12", "montant", 126, 8, Montant, O, "S1", "cents";
        DELIMITEUR: "13", "délimiteur", 134, 1, X, O, "S1", "@";
    }
}
