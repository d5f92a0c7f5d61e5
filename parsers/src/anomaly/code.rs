//! The table of the codes of anomalies: control, severity, title, and the cause, the remedy and
//! the person who can apply it.
//!
//! The table is the policy of the project: the severity of a row says whether the fault costs an
//! invoice or the whole file. `docs/controles.md` is generated from it.

use super::Severity;
use crate::coded::coded;
use std::fmt;

coded! {
    /// Person or organisation that can mend the cause of an anomaly.
    FixedBy {
        /// Editor of the software that wrote the file.
        Editeur = "editeur";
        /// Health professional who entered the data.
        Professionnel = "professionnel";
        /// Concentrator or transport of the file.
        Concentrateur = "concentrateur";
        /// Payer who wrote the return.
        Payeur = "payeur";
    }
}

impl FixedBy {
    /// Returns the French name.
    #[must_use]
    pub const fn libelle(self) -> &'static str {
        match self {
            Self::Editeur => "éditeur du logiciel",
            Self::Professionnel => "professionnel de santé",
            Self::Concentrateur => "concentrateur",
            Self::Payeur => "organisme payeur",
            Self::Unknown => "service de gestion",
        }
    }
}

/// States the table of the codes. The first line of a row has the name, the code, the control, the
/// severity and the title; the lines below have [`FixedBy`], the cause and the remedy.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal $control:literal $severity:ident $titre:literal
        $by:ident $cause:literal $fix:literal;)*) => {
        /// A stable code of anomaly. The text before the first dash is the control of the norm or
        /// of the project's policy.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $(#[doc = $titre] $(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// Returns the stable code, for example `C10-NIR-CLE`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// Returns the control of the code, for example `C10`.
            #[must_use]
            pub const fn control(self) -> &'static str {
                match self { $(Code::$variant => $control,)* }
            }

            /// Returns the severity where the place does not decide (see `Place::severity`).
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }

            /// Returns the French title.
            #[must_use]
            pub const fn titre(self) -> &'static str {
                match self { $(Code::$variant => $titre,)* }
            }

            /// Returns the person or organisation that can mend the cause.
            #[must_use]
            pub const fn fixed_by(self) -> FixedBy {
                match self { $(Code::$variant => FixedBy::$by,)* }
            }

            /// Returns the usual cause, one French sentence.
            #[must_use]
            pub const fn cause(self) -> &'static str {
                match self { $(Code::$variant => $cause,)* }
            }

            /// Returns the remedy, in French.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Code::$variant => $fix,)* }
            }
        }

        impl std::str::FromStr for Code {
            type Err = UnknownCode;

            /// Reads a stable code, in capitals or in small letters.
            fn from_str(text: &str) -> Result<Self, UnknownCode> {
                let text = text.trim();
                let mut all = Self::ALL.iter().copied();
                all.find(|code| code.as_str().eq_ignore_ascii_case(text)).ok_or(UnknownCode)
            }
        }
    };
}

/// Error for a text that is the code of no anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no anomaly has this code")]
pub struct UnknownCode;

codes! {
    FichierVide "P1-VIDE" "P1" File "Fichier vide"
        Concentrateur "Le fichier ne contient aucun octet : l'écriture ou le transfert n'a pas \
         abouti."
        "Produire le fichier de nouveau et l'envoyer.";
    NonReconnu "P1-NON-RECONNU" "P1" File "Contenu non reconnu (ni B2, ni NOEMIE, ni retour de \
         concentrateur)"
        Concentrateur "Les premiers octets ne sont ni ceux d'une B2, ni ceux d'un retour NOEMIE : \
         autre format, fichier compressé, chiffré ou converti."
        "Envoyer le fichier tel que le logiciel l'a produit, sans conversion ni compression.";
    Longueur "P2-LONGUEUR" "P2" File "Enregistrement qui ne fait pas 128 octets"
        Concentrateur "L'enregistrement n'a pas 128 octets : le transfert a ôté des blancs, coupé \
         des lignes, ou un caractère accentué occupe deux octets."
        "Transférer en mode binaire ; écrire le fichier en ASCII, sans accent.";
    FichierTronque "P3-TRONQUE" "P3" File "Fichier coupé au milieu d'un enregistrement"
        Concentrateur "Le fichier s'arrête au milieu d'un enregistrement : transfert interrompu \
         ou disque plein."
        "Envoyer de nouveau le fichier entier.";
    FinAbsente "P3-999-ABSENT" "P3" File "Enregistrement 999 absent"
        Concentrateur "Le dernier enregistrement n'est pas un 999 : la fin du fichier manque."
        "Envoyer de nouveau le fichier entier ; sinon faire corriger l'écriture du 999.";
    Imbrication "P4-IMBRICATION" "P4" File "Enregistrement à une place impossible"
        Editeur "L'ordre 000, lot, facture, fin de lot, 999 n'est pas respecté."
        "Écrire les enregistrements dans l'ordre de la norme : 000, 1, 2 à 5 pour chaque facture, \
         6, 999.";
    ImbricationFacture "P4-ORDRE-FACTURE" "P4" Invoice "Complément à une place impossible dans la \
         facture"
        Editeur "Un complément ne suit pas la ligne ou l'en-tête qu'il complète."
        "Écrire chaque complément juste après l'enregistrement qu'il complète.";
    TypeInconnu "P5-TYPE-INCONNU" "P5" Invoice "Type d'enregistrement inconnu"
        Editeur "Le type en première colonne n'existe pas dans la norme."
        "Corriger le type de l'enregistrement, ou ôter cet enregistrement.";
    ComplementInconnu "P6-COMPLEMENT-INCONNU" "P6" Warning "Complément inconnu, conservé tel quel"
        Editeur "La lettre du complément n'est pas connue de la passerelle : norme plus récente \
         ou lettre fausse."
        "Rien si la norme du logiciel est plus récente : le complément est conservé ; sinon \
         corriger la lettre.";
    ApresFin "P7-BLANCS-APRES-999" "P7" Warning "Blancs après le dernier 999"
        Concentrateur "Le transfert ou le disque a complété la fin du fichier par des blancs."
        "Rien d'urgent : la suite est ignorée. Transférer la longueur exacte du fichier.";
    DonneesApresFin "P7-DONNEES-APRES-999" "P7" File "Données après le dernier 999"
        Concentrateur "Des octets suivent le dernier 999 : deux fichiers mis bout à bout, ou \
         reste d'un ancien contenu."
        "Envoyer chaque fichier à part, à sa longueur exacte.";
    MarqueOctets "P8-BOM" "P8" Warning "Marque d'ordre des octets (BOM) au début du fichier, \
         ignorée"
        Editeur "Un éditeur de texte ou un tableur a écrit la marque EF BB BF avant le fichier."
        "Rien d'urgent : la marque est ignorée. Exporter le fichier sans BOM.";

    NonInitiale "C3-NON-INITIALE" "C3" Invoice "Fichier DRE sans la mention FACTURE INITIALE"
        Editeur "Le fichier s'annonce comme une DRE sans porter FACTURE INITIALE."
        "Écrire la mention FACTURE INITIALE dans la DRE.";
    IdentificationFichier "C4-IDENTIFICATION" "C4" File "Identification du fichier absente ou \
         invalide"
        Editeur "L'identification ou la date du 000 manque ou n'est pas lisible."
        "Remplir l'émetteur, la date et l'identification du fichier dans le 000.";
    RemiseDejaRecue "C5-REMISE-DEJA-RECUE" "C5" File "Remise déjà reçue (même émetteur, même \
         date, même identification)"
        Concentrateur "Un autre contenu porte déjà la même date et la même identification."
        "Si c'est un nouvel envoi, donner une nouvelle identification au fichier ; sinon ne rien \
         renvoyer.";
    NonNumerique "C6-NON-NUMERIQUE" "C6" Invoice "Zone numérique invalide"
        Editeur "La zone n'attend que des chiffres : blanc, lettre ou signe au milieu."
        "Compléter la zone par des zéros à gauche, sans signe ni séparateur.";
    CaractereInterdit "C7-CARACTERE" "C7" Invoice "Caractère interdit (A-Z, 0-9 et espace \
         seulement)"
        Editeur "La zone porte un accent, une minuscule ou un signe que la norme n'admet pas."
        "N'écrire que A-Z, 0-9 et l'espace.";
    DateInvalide "C8-DATE" "C8" Invoice "Date impossible"
        Professionnel "La date n'existe pas au calendrier, ou n'est pas dans l'ordre attendu \
         (AAMMJJ)."
        "Corriger la date de la facture et la télétransmettre de nouveau.";
    NirCle "C10-NIR-CLE" "C10" Invoice "Clé du numéro d'immatriculation fausse"
        Professionnel "Le numéro ou sa clé a été mal saisi."
        "Relire la carte Vitale ou l'attestation, corriger le numéro et renvoyer la facture.";
    CleLuhn "C12-CLE" "C12" Invoice "Clé du numéro fausse (clé type 1-2)"
        Professionnel "Le numéro du professionnel ou de l'établissement, ou sa clé, a été mal \
         saisi."
        "Vérifier le numéro de facturation et sa clé sur la feuille de soins ou la notification, \
         et corriger.";
    FinessCorse "C13-FINESS-CORSE" "C13" Warning "FINESS corse transmis avec une lettre"
        Editeur "Un numéro FINESS corse porte 2A ou 2B."
        "Rien d'urgent : le numéro est lu. Transmettre le numéro en chiffres, sans 2A ni 2B.";
    FactureNulle "C14-NUMERO-NUL" "C14" Invoice "Numéro de facture nul"
        Editeur "Le numéro de facture ne comporte que des zéros."
        "Numéroter la facture et l'envoyer de nouveau.";
    FactureDifferente "C14-NUMERO-DIFFERENT" "C14" Invoice "Numéro de facture différent dans la \
         même facture"
        Editeur "Les enregistrements d'une facture ne portent pas le même numéro."
        "Reporter le numéro de l'en-tête (type 2) dans tous les enregistrements de la facture.";
    FactureDouble "C14-NUMERO-DOUBLE" "C14" Invoice "Numéro de facture déjà utilisé dans le lot"
        Professionnel "Deux factures du lot portent le même numéro."
        "Si la même facture figure deux fois, ne rien renvoyer ; sinon donner un numéro propre à la \
         seconde et l'envoyer.";
    PrefixeDifferent "C15-PREFIXE" "C15" Invoice "PS, NIR, clé ou rang différent dans la même \
         facture"
        Editeur "Le professionnel ou l'assuré n'est pas le même dans tous les enregistrements de \
         la facture."
        "Reporter le PS, le NIR, sa clé et le rang de l'en-tête dans tous les enregistrements de \
         la facture.";
    Ordre "C16-ORDRE" "C16" Warning "Ordre des lignes ou des compléments non respecté"
        Editeur "Les lignes ou compléments ne suivent pas l'ordre de la norme."
        "Rien d'urgent : la facture est acceptée. Faire corriger l'ordre d'écriture.";
    Sequence "C17-SEQUENCE" "C17" Warning "Séquence, nombre ou date des compléments"
        Editeur "La séquence, le nombre ou la date d'un complément ne suit pas la ligne complétée."
        "Rien d'urgent : la facture est acceptée. Faire corriger l'écriture des compléments.";
    Modificateurs "C18-MODIFICATEURS" "C18" Warning "Modificateurs CCAM non cadrés à gauche"
        Editeur "Les modificateurs CCAM laissent une position vide au milieu."
        "Rien d'urgent : la facture est acceptée. Cadrer les modificateurs à gauche.";
    NombreLignes "C19-LIGNES" "C19" Warning "Une facture contient de 1 à 999 lignes"
        Editeur "La facture n'a aucune ligne, ou plus de 999."
        "Vérifier la facture ; au-delà de 999 lignes, la partager en plusieurs.";
    CodeInconnu "C21-CODE" "C21" Invoice "Nature d'assurance, régime ou parcours de soins inconnu"
        Professionnel "Le code de la nature d'assurance, du régime ou du parcours de soins \
         n'existe pas."
        "Relire la carte Vitale ou l'attestation, corriger le code et renvoyer la facture.";
    AccidentTravail "C22-AT" "C22" Invoice "Numéro ou date d'accident du travail absent ou invalide"
        Professionnel "La facture relève d'un accident du travail, sans numéro ni date valable."
        "Saisir le numéro ou la date de l'accident figurant sur la feuille d'accident, et \
         renvoyer la facture.";
    DelaiTransmission "C24-DELAI" "C24" Warning "Soins de plus d'un an à la transmission"
        Professionnel "Les soins datent de plus d'un an : le payeur peut opposer le délai."
        "Vérifier la date des soins ; transmettre les factures sans attendre.";
    Eclatement "C26-ECLATEMENT" "C26" Warning "Flux éclaté (F) avec une part complémentaire dans \
         les lignes"
        Editeur "Le flux est éclaté (F) et porte pourtant une part complémentaire."
        "Vérifier le réglage du tiers payant : un flux éclaté envoie la part complémentaire à \
         part.";
    Depense "C27-DEPENSE" "C27" Warning "Dépense différente de AMO + AMC"
        Professionnel "La dépense n'est pas la somme de la part obligatoire et de la part \
         complémentaire."
        "Vérifier les montants : un reste à charge du patient peut expliquer l'écart.";
    AccordPrealable "C28-ACCORD" "C28" Warning "Date de demande d'accord préalable attendue"
        Professionnel "L'acte demande un accord préalable dont la date manque."
        "Saisir la date de la demande d'accord préalable.";
    NumeroOc "C29-OC" "C29" Warning "Numéro d'organisme complémentaire mal cadré ou absent"
        Professionnel "Le numéro de l'organisme complémentaire manque ou est mal cadré."
        "Recopier le numéro AMC de la carte de tiers payant, cadré à droite et complété par des \
         zéros.";
    TotalFactureCp "C30-TOTAL" "C30" Invoice "Total de la facture (norme CP) différent de la \
         somme des lignes"
        Editeur "Le total de la facture n'est pas la somme de ses lignes (norme CP)."
        "Recalculer le total et renvoyer la facture.";
    TotalFacturePs "C31-TOTAL" "C31" Invoice "Total de la facture (norme PS) différent de la \
         somme des lignes"
        Editeur "Le total de la facture n'est pas la somme de ses lignes (norme PS)."
        "Recalculer le total et renvoyer la facture.";
    CompteFacture "C32-COMPTE" "C32" Invoice "Nombre d'enregistrements de la facture faux"
        Editeur "Le nombre d'enregistrements annoncé n'est pas celui que la facture contient : un \
         enregistrement manque ou est en trop."
        "Recompter les enregistrements de la facture et la renvoyer.";
    TotalLot "C33-LOT" "C33" Warning "Compteur, total ou numéro de la fin de lot faux"
        Editeur "Le compteur, le total ou le numéro de la fin de lot diffère du contenu."
        "Rien d'urgent : les factures sont acceptées. Faire corriger le calcul du type 6.";
    FinFichier "C34-999" "C34" File "Enregistrement 999 différent de l'en-tête ou compteur faux"
        Concentrateur "Le 999 ne répète pas le 000, ou son compteur ne vaut pas le nombre \
         d'enregistrements : le fichier est incomplet ou a été modifié."
        "Envoyer de nouveau le fichier entier, tel que produit.";
    Calcul "C35-CALCUL" "C35" Warning "Base ou montant AMO différent du calcul"
        Editeur "La base ou le montant de l'AMO n'est pas celui que donnent prix, quantité et taux."
        "Rien d'urgent : la facture est acceptée. Vérifier la cotation et l'arrondi.";
    Centre "C37-CENTRE" "C37" Warning "Centre gestionnaire du régime 96 caisse 196 mal formé"
        Professionnel "Le centre du régime 96, caisse 196, n'a pas la forme attendue."
        "Relire l'attestation et corriger le centre gestionnaire.";
    DateFuture "C39-DATE-FUTURE" "C39" Warning "Date postérieure à celle du fichier"
        Professionnel "Une date est postérieure à la création du fichier : souvent, l'année est \
         fausse."
        "Corriger la date avant que l'organisme ne rejette la facture.";
    OrdreDates "C40-ORDRE-DATES" "C40" Warning "Dates dans un ordre impossible"
        Professionnel "Deux dates ne peuvent pas se suivre : soins après la facture, prescription \
         après les soins, sortie avant l'entrée, naissance ou accident après les soins."
        "Relire les deux dates et corriger celle qui est fausse.";
    DateAbsente "C41-DATE-ABSENTE" "C41" Warning "Date obligatoire absente"
        Editeur "Une date que la norme demande est blanche ou à zéro."
        "Remplir la date du fichier, du lot, de la facture ou des soins.";
    AuDelaDepense "C42-AU-DELA" "C42" Warning "AMO + AMC au-dessus de la dépense"
        Professionnel "La somme demandée aux deux assurances dépasse la dépense de la ligne."
        "Vérifier la part AMC, puis la part AMO.";
    NumeroLot "C43-NUMERO-LOT" "C43" Warning "Numéro de lot absent, ou deux fois dans le fichier"
        Editeur "Un retour désigne la facture par le numéro et la date de son lot : sans numéro \
         propre, le lot ne peut pas être retrouvé."
        "Numéroter chaque lot d'un professionnel, sans répétition dans le fichier.";
    PsDuLot "C44-PS-DU-LOT" "C44" Warning "PS différent de celui du lot"
        Editeur "La facture ou la fin de lot porte un autre professionnel que le début de lot."
        "Mettre chaque facture dans un lot de son professionnel.";
    NirNul "C45-NIR-NUL" "C45" Warning "Numéro d'immatriculation fait de zéros"
        Professionnel "Un numéro de treize zéros a une clé juste, mais ne désigne aucun assuré."
        "Saisir le numéro d'immatriculation de l'assuré.";

    Limite "L1-LIMITE" "L1" File "Limite de la passerelle dépassée"
        Concentrateur "Le fichier, une facture ou un enregistrement dépasse une limite de la \
         passerelle."
        "Partager l'envoi en plusieurs fichiers ; les limites sont dans la documentation.";
    LimiteReponse "L2-LIMITE-REPONSE" "L2" Warning "Limite de réponse AMC (2X) déjà passée à la \
         réception"
        Professionnel "La date limite de réponse portée par le 2X était passée à la réception."
        "Rien à corriger : transmettre les factures sans attendre.";

    MarquagesDifferents "M1-MARQUAGE" "M1" Warning "Marquages contradictoires (réel, test, \
         démonstration) dans le fichier"
        Editeur "Le fichier porte des marques différentes : réel, test ou démonstration."
        "Marquer tout le fichier de la même façon ; le réel et le test s'envoient à part.";

    RetourVide "Q1-EN-TETE" "Q1" File "Fichier NOEMIE sans enregistrement 000 de 128 caractères"
        Payeur "Le retour ne commence pas par un 000 de 128 caractères."
        "Envoyer le fichier tel que produit, sans conversion ni compression.";
    RetourCadrage "Q2-CADRAGE" "Q2" File "Longueur d'enregistrement fausse"
        Payeur "La longueur annoncée d'un enregistrement n'est pas la sienne : le fichier a été \
         converti ou coupé."
        "Transférer le fichier en mode binaire.";
    RetourFin "Q3-999" "Q3" File "Enregistrement 999 absent ou différent de l'en-tête"
        Payeur "Le retour n'a pas de 999, ou son 999 ne répète pas le 000 : la fin manque."
        "Envoyer de nouveau le fichier entier.";
    EntiteSansFin "Q4-DELIMITEUR" "Q4" Invoice "Entité sans délimiteur @"
        Payeur "L'entité n'a pas sa fin @ : un octet manque ou est en trop."
        "Faire corriger l'écriture de l'entité et envoyer le fichier de nouveau.";
    EntiteDecalee "Q5-DECALAGE" "Q5" File "Suite d'entités illisible"
        Payeur "Les entités ne se suivent plus : des octets ont été perdus ou ajoutés."
        "Transférer en mode binaire et envoyer de nouveau le fichier entier.";
    RetourCompteur "Q6-COMPTEUR" "Q6" Warning "Compteur de fin de niveau 990 faux"
        Payeur "Le compteur d'une fin de niveau ne vaut pas le nombre d'entités lues."
        "Rien d'urgent : le retour est accepté. Faire vérifier le calcul du 990.";
    RetourCumul "Q7-CUMUL" "Q7" Warning "Cumul d'un 990 ou du 999 faux"
        Payeur "Le total d'une fin de niveau ou du 999 n'est pas la somme des montants lus."
        "Rapprocher le virement du détail avant de le solder.";
    RetourEnregistrements "Q8-ENREGISTREMENTS" "Q8" File "Nombre d'enregistrements du 999 faux"
        Payeur "Le 999 annonce un autre nombre d'enregistrements : le fichier est incomplet."
        "Envoyer de nouveau le fichier entier.";
    RetourLots "Q9-LOTS" "Q9" Warning "Nombre de lots du 999 faux"
        Payeur "Le 999 annonce un autre nombre de lots que le fichier n'en contient."
        "Rien d'urgent : le retour est accepté. Faire vérifier le calcul du 999.";
    EntiteInconnue "Q10-ENTITE-INCONNUE" "Q10" Warning "Entité inconnue, conservée telle quelle"
        Payeur "L'entité n'est pas connue de la passerelle : norme plus récente, ou code faux."
        "Rien d'urgent : l'entité est conservée telle quelle.";
    RetourNonNumerique "Q11-NON-NUMERIQUE" "Q11" Invoice "Zone numérique invalide dans une entité"
        Payeur "Une zone de montant, de date ou de compteur n'est pas faite de chiffres."
        "Faire corriger l'écriture de la zone et envoyer le retour de nouveau.";
    EtatInconnu "Q13-ETAT" "Q13" Invoice "État de la part AMO ou AMC inconnu"
        Payeur "L'état de la part n'est ni payé (P), ni rejeté (R), ni différé (D), ni blanc."
        "Demander au payeur le sens de cet état ; la facture concernée attend.";
    Niveaux "Q15-NIVEAUX" "Q15" File "Niveaux mal imbriqués"
        Payeur "Les niveaux s'ouvrent et se ferment dans un ordre impossible : une entité manque."
        "Envoyer de nouveau le fichier entier, tel que produit.";
    DrapeauBloc "Q16-DRAPEAU" "Q16" Warning "Drapeau du dernier bloc différent de 1"
        Payeur "Le dernier bloc ne porte pas la marque de fin."
        "Rien d'urgent : le retour est accepté.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_teaches_its_cause_and_what_to_do() {
        for code in Code::ALL {
            assert_eq!(code.as_str().to_lowercase().parse(), Ok(*code));
            for text in [code.cause(), code.fix()] {
                assert!(text.ends_with('.') && !text.contains("  "), "{code}: {text}");
            }
            assert_ne!(code.fixed_by(), FixedBy::Unknown, "{code}");
        }
        assert_eq!("C99-RIEN".parse::<Code>(), Err(UnknownCode));
    }
}
