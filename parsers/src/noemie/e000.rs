//! Entity 000 of NOEMIE: the table of its zones, as stated by the norm.

use crate::layout::record;

record! {
    /// En-tete.
    layout: "000" "" [128] Aucun "En-tête" {
        TYPE_ENREGISTREMENT: "1", "type d'enregistrement", 1, 3, N, O, "S1 S2 S5", "record type";
        TYPE_EMETTEUR: "2", "type d'émetteur", 4, 2, X, O, "S1 S2 S5", "CP CPAM, CT regional-scheme computing centre, CR CRAM, MA MSA, SR independents, CM military, CF railways, RP Paris transport, EN seamen, RM mines, CE notaries' clerks, CC clergy, AN/SE parliament, BF Banque de France, CI Paris chamber of commerce, PB port of Bordeaux, SM section of national mutuals, OC complementary insurer, CS service centre of insurers, OT technical concentrator, TE establishment, TP other health partner, SI other sender";
        NUMERO_EMETTEUR: "3", "numéro d'émetteur", 6, 14, N, O, "S1 S2 S5", "identifier of the sender (caisse: regime 2 + caisse 3 + centre 3, right part)";
        PROGRAMME_EMETTEUR: "4", "programme émetteur", 20, 6, X, F, "S1 S2 S5", "name of the producing program";
        TYPE_DESTINATAIRE: "5", "type de destinataire", 26, 2, X, O, "S1 S2 S5", "same list; MU seen for a mutual in reference 929";
        NUMERO_DESTINATAIRE: "6", "numéro de destinataire", 28, 14, X, O, "S1 S2 S5", "FINESS/ADELI number, OC number, caisse...";
        PROGRAMME_DESTINATAIRE: "7", "programme destinataire", 42, 6, X, F, "S1 S2 S5", "";
        APPLICATION_TYPE_ECHANGE: "8", "application / type d'échange", 48, 2, X, F, "S1 S2 S5", "MU, RJ, TR ...";
        IDENTIFICATION_FICHIER: "9", "identification du fichier", 50, 6, X, O, "S1 S2 S5", "file identifier";
        DATE_CREATION: "10", "date de création", 56, 6, N, O, "S1 S2 S5", "AAMMJJ (caisse) or JJMMAA (insurers)";
        NORME_REFERENCE_ECHANGE: "11", "norme / référence de l'échange", 62, 4, X, O, "S1 S2 S5", "'408 ', '580 ', '929 ' ...";
        VERSION: "12", "version", 66, 2, X, F, "S1 S2 S5", "";
        COMPACTAGE: "13", "compactage", 68, 1, X, F, "S1 S2 S5", "0 = none";
        CRYPTAGE: "14", "cryptage", 69, 1, X, F, "S1 S2 S5", "O/N (0 also seen)";
        UNITE_MONETAIRE: "15", "unité monétaire", 70, 1, X, O, "S1 S2 S5", "U = euro";
        TYPE_FLUX: "16", "type de flux", 71, 1, X, F, "S1 S2 S5", "blank or R real, T test, D demo";
        BLANC: "17", "blanc", 72, 11, X, F, "S1 S2 S5", "";
        LONGUEUR_ENREGISTREMENT: "18", "longueur d'enregistrement", 83, 3, N, O, "S1 S2 S5", "always 128";
        MOT_PASSE: "19", "mot de passe", 86, 6, X, F, "S1 S2 S5", "derived from the file identifier";
        ZONE_MESSAGE: "20", "zone message", 92, 37, X, F, "S1 S2 S5", "free; last byte 'Z' seen";
    }
}
