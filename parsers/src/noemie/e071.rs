//! Entity 071 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Date comptable et reference du virement.
    layout: "071" "" [86] Aucun "Date comptable et référence du virement" {
        TYPE: "1", "type", 1, 3, N, O, "S1 S4", "071";
        NIVEAU: "2", "niveau", 4, 2, N, O, "S1 S4", "level, 99 = leaf";
        DATE_COMPTABLE_DATE_VIREMENT: "3", "date comptable / date du virement", 6, 6, Jjmmaa, O, "S1 S4", "JJMMAA";
        LIBELLE_VIREMENT_LIGNE_1: "4", "libellé du virement ligne 1", 12, 32, X, O, "S1 S4", "text printed on the bank statement";
        LIBELLE_VIREMENT_LIGNE_2: "5", "libellé du virement ligne 2", 44, 32, X, F, "S1 S4", "";
        ORGANISME_PAYEUR: "6", "organisme payeur", 76, 10, X, F, "S1 S4", "";
        DELIMITEUR: "7", "délimiteur", 86, 1, X, O, "S1 S4", "@";
    }
}
