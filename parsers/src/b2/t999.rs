//! Record 999 of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Fin de fichier (all norms).
    layout: "999" "" [128] Aucun "Fin de fichier (toutes normes)" {
        TYPE_ENREGISTREMENT: "1", "Type d'enregistrement", 1, 3, N, O, "A V N", "'999'";
        TYPE_EMETTEUR: "2", "Type d'émetteur", 4, 2, X, O, "A V N", "= 000";
        NO_EMETTEUR: "3", "N° émetteur", 6, 14, N, O, "A V N", "= 000";
        FILLER_20: "4", "Filler", 20, 6, X, O, "V N", "";
        TYPE_DESTINATAIRE: "5", "Type de destinataire", 26, 2, X, O, "A V N", "= 000";
        NO_DESTINATAIRE: "6", "N° destinataire", 28, 14, X, O, "A V N", "= 000";
        FILLER_42: "7", "Filler", 42, 6, X, O, "V N", "";
        APPLICATION: "8", "Application", 48, 2, X, O, "V N", "= 000";
        IDENTIFICATION_FICHIER: "9", "Identification du fichier", 50, 6, X, O, "A V N", "= 000";
        NOMBRE_ENREGISTREMENTS: "10", "Nombre d'enregistrements", 56, 8, N, O, "A V N", "000 and 999 included";
        FILLER_64: "11", "Filler", 64, 19, X, O, "V", "";
        NOMBRE_LOTS: "12", "Nombre de lots", 83, 3, N, O, "A V N", "number of type 6";
        FILLER_86: "13", "Filler", 86, 43, X, O, "V", "NOEMIE puts totals there";
    }
}
