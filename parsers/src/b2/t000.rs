//! Record 000 of norm B2: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// En-tete de fichier (all norms).
    layout: "000" "" [128] Aucun "En-tête de fichier (toutes normes)" {
        TYPE_ENREGISTREMENT: "1", "Type d'enregistrement", 1, 3, N, O, "A V N", "'000'";
        TYPE_EMETTEUR: "2", "Type d'émetteur", 4, 2, X, O, "V N", "TP health partner other than an establishment, TE establishment, SI other, OT concentrator (organisme concentrateur technique)";
        NO_EMETTEUR: "3", "N° émetteur", 6, 14, N, O, "A V N", "right-justified, zero-filled";
        PROGRAMME_EMETTEUR: "4", "Programme émetteur", 20, 6, X, F, "V N", "blank in B2 (program name in NOEMIE)";
        TYPE_DESTINATAIRE: "5", "Type de destinataire", 26, 2, X, O, "A V N", "for example CT, OC (list not known)";
        NO_DESTINATAIRE: "6", "N° destinataire", 28, 14, X, O, "A V N", "";
        PROGRAMME_DESTINATAIRE_DATE_RECEPTION_FRONTAL: "7", "Programme destinataire / date de réception frontal", 42, 6, X, F, "V N", "V: date the flow was received; N: program";
        APPLICATION_TYPE_ECHANGE: "8", "Application - type d'échange", 48, 2, X, O, "V N", "";
        IDENTIFICATION_FICHIER: "9", "Identification du fichier", 50, 6, X, O, "A V N", "reference of the file; A refuses it when blank or already received";
        DATE_CREATION_FICHIER: "10", "Date de création du fichier", 56, 6, Aammjj, O, "A V N", "";
        NORME: "11", "Norme", 62, 4, X, O, "V N", "'CP  ' = CP layouts";
        VERSION_NORME: "12", "Version de la norme", 66, 2, X, O, "V N", "'B2'";
        COMPACTAGE: "13", "Compactage", 68, 1, X, F, "V N", "blank";
        CRYPTAGE: "14", "Cryptage", 69, 1, X, F, "V N", "blank";
        ZONE_RESERVEE_SESAM: "15", "Zone réservée SESAM", 70, 3, X, F, "V", "";
        FILLER_73: "16", "Filler", 73, 10, X, F, "V N", "blank";
        LONGUEUR_ENREGISTREMENT: "17", "Longueur d'enregistrement", 83, 3, N, O, "V N", "'128'";
        FILLER_86: "18", "Filler (mot de passe en NOEMIE)", 86, 6, X, F, "V N", "blank";
        ZONE_MESSAGE: "19", "Zone message", 92, 37, X, F, "A V N", "DRE: 'FACTURE INITIALE'";
    }
}
