//! Record 4U of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// Transport, detail d'un trajet.
    layout: "4U" "" [128] Famille36 "Transport, détail d'un trajet" {
        COMPLEMENT_TYPE: "7", "Complément de type", 36, 1, X, O, "V", "'U'";
        SEQUENCE: "8", "Séquence", 37, 2, N, O, "V", "01..n";
        DATE_DEPART: "9", "Date départ", 39, 6, Aammjj, O, "V", "";
        HEURE_DEPART: "10", "Heure départ", 45, 4, Hhmm, O, "V", "";
        LIEU_DEPART: "11", "Lieu départ (département commune)", 49, 5, N, O, "V", "";
        NO_VEHICULE: "12", "N° véhicule", 54, 9, X, O, "V", "";
        NOM_CONDUCTEUR: "13", "Nom conducteur", 63, 8, Perso, O, "V", "";
        PRENOM_CONDUCTEUR: "14", "Prénom conducteur", 71, 3, Perso, O, "V", "";
        NOM_ACCOMPAGNATEUR: "15", "Nom accompagnateur", 74, 8, Perso, F, "V", "";
        PRENOM_ACCOMPAGNATEUR: "16", "Prénom accompagnateur", 82, 3, Perso, F, "V", "";
        DATE_ARRIVEE: "17", "Date arrivée", 85, 6, Aammjj, O, "V", "";
        HEURE_ARRIVEE: "18", "Heure arrivée", 91, 4, Hhmm, O, "V", "";
        LIEU_ARRIVEE: "19", "Lieu arrivée", 95, 5, N, O, "V", "";
        NOMBRE_MALADES: "20", "Nombre de malades", 100, 1, N, O, "V", "";
        POURCENT_ABATTEMENT: "21", "% abattement", 101, 2, N, F, "V", "";
        MONTANT_ABATTEMENT: "22", "Montant abattement", 103, 6, Montant, F, "V", "decimals: I";
        DISTANCE_PARCOURUE: "23", "Distance parcourue", 109, 4, N, F, "V", "km";
        FILLER: "24", "Filler", 113, 16, X, O, "V", "";
    }
}
