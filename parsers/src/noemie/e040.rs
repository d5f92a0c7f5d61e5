//! Entity 040 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Destinataire de reglement.
    layout: "040" "" [21] Aucun "Destinataire de règlement" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S3 S4", "040";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S3 S4", "level, 99 = leaf";
        NUMERO_DESTINATAIRE: "3", "numéro du destinataire", 6, 15, N, O, "S1 S3 S4", "FINESS/ADELI number on the right";
        DELIMITEUR: "4", "délimiteur", 21, 1, X, O, "S1 S3 S4", "@";
    }
}
