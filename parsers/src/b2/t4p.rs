//! Record 4P of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Pharmacie codee CIP 13 (GAP: one zone known).
    partiel: "4P" "partial" [128] Famille36 "Pharmacie codée CIP 13 (une seule zone connue)" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "I", "'P'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "I", "01..n";
        RESERVE_SESAM: "9", "Réservé SESAM", 39, 4, X, Inconnu, "I", "";
        INCONNU: "10", "Inconnu", 43, 1, X, Inconnu, "I", "";
        INDICATEUR_SUBSTITUTION: "11", "Indicateur de substitution", 44, 1, X, F, "A", "U urgent or agreed, N refusal, blank";
        NON_DOCUMENTE: "-", "Non documenté", 45, 84, X, Inconnu, "I", "";
    }
}
