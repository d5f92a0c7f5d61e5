//! Entity 999 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Fin de fichier.
    layout: "999" "" [128] Aucun "Fin de fichier" {
        TYPE_ENREGISTREMENT: "1", "type d'enregistrement", 1, 3, N, O, "S1 S2 S4 S5", "record type";
        TYPE_EMETTEUR: "2", "type d'émetteur", 4, 2, X, O, "S1 S2 S4 S5", "as in 000";
        NUMERO_EMETTEUR: "3", "numéro d'émetteur", 6, 14, N, O, "S1 S2 S4 S5", "as in 000";
        PROGRAMME_EMETTEUR: "4", "programme émetteur", 20, 6, X, F, "S1 S2 S4 S5", "as in 000";
        TYPE_DESTINATAIRE: "5", "type de destinataire", 26, 2, X, O, "S1 S2 S4 S5", "as in 000";
        NUMERO_DESTINATAIRE: "6", "numéro de destinataire", 28, 14, X, O, "S1 S2 S4 S5", "as in 000";
        PROGRAMME_DESTINATAIRE: "7", "programme destinataire", 42, 6, X, F, "S1 S2 S4 S5", "as in 000";
        APPLICATION_TYPE_ECHANGE: "8", "application / type d'échange", 48, 2, X, F, "S1 S2 S4 S5", "as in 000";
        IDENTIFICATION_FICHIER: "9", "identification du fichier", 50, 6, X, O, "S1 S2 S4 S5", "as in 000";
        NOMBRE_ENREGISTREMENTS: "10", "nombre d'enregistrements", 56, 8, N, O, "S1 S2 S4 S5", "physical records, 000 and 999 included";
        TYPE_FLUX: "11", "type de flux", 64, 1, X, F, "S1 S2 S4 S5", "as in 000";
        BLANC_65: "12", "blanc", 65, 18, X, F, "S1 S2 S4 S5", "";
        NOMBRE_LOTS: "13", "nombre de lots", 83, 3, N, O, "S1 S2 S4 S5", "number of level-01 entities";
        CUMUL_MONTANTS: "14", "cumul des montants", 86, 11, Montant, O, "S1 S2 S4 S5", "cents";
        SIGNE: "15", "signe", 97, 1, X, O, "S1 S2 S4 S5", "P / N (blank seen)";
        CUMUL_AUTRE_MONNAIE: "16", "cumul autre monnaie", 98, 11, N, F, "S1 S2 S4 S5", "blank today";
        BLANC_109: "17", "blanc", 109, 20, X, F, "S1 S2 S4 S5", "last byte 'Z' seen";
    }
}
