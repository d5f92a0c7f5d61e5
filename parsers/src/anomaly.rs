//! Anomalies: what is wrong, where, how bad, in words a professional understands.
//!
//! Every finding is an [`Anomaly`] with a stable [`Code`]; the table below states once, for each
//! code, the control of the norm it belongs to, its severity and its French title. Changing the
//! policy of the project (which fault costs an invoice, which the whole file) is changing a line of
//! that table; `docs/controles.md` is generated from it.
//!
//! No anomaly carries a person: values of zones that name or number a person are masked before they
//! get here.

use crate::coded::coded;
use crate::layout::{Picture, Zone};
use crate::nir_search;
use std::fmt;

coded! {
    /// Cost of an anomaly. Ordered: the verdict of a file follows from the worst one.
    Severity {
        /// The invoice is accepted; the anomaly is shown.
        Warning = "warning";
        /// The invoice is quarantined; its neighbours are accepted.
        Invoice = "invoice";
        /// The whole physical file is refused.
        File = "file";
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal $control:literal $severity:ident $titre:literal;)*) => {
        /// A stable code of anomaly. The text before the first dash is the control of the norm or
        /// of the project's policy.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $titre] $(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// The stable code, for example `C10-NIR-CLE`.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Code::$variant => $code,)* } }

            /// The control it belongs to, for example `C10`.
            #[must_use]
            pub const fn control(self) -> &'static str { match self { $(Code::$variant => $control,)* } }

            /// What it costs where the place does not decide (see [`Place::severity`]).
            #[must_use]
            pub const fn severity(self) -> Severity { match self { $(Code::$variant => Severity::$severity,)* } }

            /// French title.
            #[must_use]
            pub const fn titre(self) -> &'static str { match self { $(Code::$variant => $titre,)* } }
        }
    };
}

codes! {
    FichierVide            "P1-VIDE"               "P1"  File    "Fichier vide";
    NonReconnu             "P1-NON-RECONNU"        "P1"  File    "Contenu non reconnu (ni B2, ni NOEMIE, ni retour de concentrateur)";
    Longueur               "P2-LONGUEUR"           "P2"  File    "Enregistrement qui ne fait pas 128 octets";
    FichierTronque         "P3-TRONQUE"            "P3"  File    "Fichier coupé au milieu d'un enregistrement";
    FinAbsente             "P3-999-ABSENT"         "P3"  File    "Enregistrement 999 absent";
    Imbrication            "P4-IMBRICATION"        "P4"  File    "Enregistrement à une place impossible";
    ImbricationFacture     "P4-ORDRE-FACTURE"      "P4"  Invoice "Complément à une place impossible dans la facture";
    TypeInconnu            "P5-TYPE-INCONNU"       "P5"  Invoice "Type d'enregistrement inconnu";
    ComplementInconnu      "P6-COMPLEMENT-INCONNU" "P6"  Warning "Complément inconnu, conservé tel quel";
    ApresFin               "P7-BLANCS-APRES-999"   "P7"  Warning "Blancs après le dernier 999";
    DonneesApresFin        "P7-DONNEES-APRES-999"  "P7"  File    "Données après le dernier 999";
    NonInitiale            "C3-NON-INITIALE"       "C3"  Invoice "Fichier DRE sans la mention FACTURE INITIALE";
    IdentificationFichier  "C4-IDENTIFICATION"     "C4"  File    "Identification du fichier absente ou invalide";
    RemiseDejaRecue        "C5-REMISE-DEJA-RECUE"  "C5"  File    "Remise déjà reçue (même émetteur, même date, même identification)";
    NonNumerique           "C6-NON-NUMERIQUE"      "C6"  Invoice "Zone numérique invalide";
    CaractereInterdit      "C7-CARACTERE"          "C7"  Invoice "Caractère interdit (A-Z, 0-9 et espace seulement)";
    DateInvalide           "C8-DATE"               "C8"  Invoice "Date impossible";
    NirCle                 "C10-NIR-CLE"           "C10" Invoice "Clé du numéro d'immatriculation fausse";
    CleLuhn                "C12-CLE"               "C12" Invoice "Clé du numéro fausse (clé type 1-2)";
    FinessCorse            "C13-FINESS-CORSE"      "C13" Warning "FINESS corse transmis avec une lettre";
    FactureNulle           "C14-NUMERO-NUL"        "C14" Invoice "Numéro de facture nul";
    FactureDifferente      "C14-NUMERO-DIFFERENT"  "C14" Invoice "Numéro de facture différent dans la même facture";
    FactureDouble          "C14-NUMERO-DOUBLE"     "C14" Invoice "Numéro de facture déjà utilisé dans le lot";
    PrefixeDifferent       "C15-PREFIXE"           "C15" Invoice "PS, NIR, clé ou rang différent dans la même facture";
    Ordre                  "C16-ORDRE"             "C16" Warning "Ordre des lignes ou des compléments non respecté";
    Sequence               "C17-SEQUENCE"          "C17" Warning "Séquence, nombre ou date des compléments";
    Modificateurs          "C18-MODIFICATEURS"     "C18" Warning "Modificateurs CCAM non cadrés à gauche";
    NombreLignes           "C19-LIGNES"            "C19" Warning "Une facture contient de 1 à 999 lignes";
    CodeInconnu            "C21-CODE"              "C21" Invoice "Nature d'assurance, régime ou parcours de soins inconnu";
    AccidentTravail        "C22-AT"                "C22" Invoice "Numéro ou date d'accident du travail absent ou invalide";
    DelaiTransmission      "C24-DELAI"             "C24" Warning "Soins de plus d'un an à la transmission";
    Eclatement             "C26-ECLATEMENT"        "C26" Warning "Flux éclaté (F) avec une part complémentaire dans les lignes";
    Depense                "C27-DEPENSE"           "C27" Warning "Dépense différente de AMO + AMC";
    AccordPrealable        "C28-ACCORD"            "C28" Warning "Date de demande d'accord préalable attendue";
    NumeroOc               "C29-OC"                "C29" Warning "Numéro d'organisme complémentaire mal cadré ou absent";
    TotalFactureCp         "C30-TOTAL"             "C30" Invoice "Total de la facture (norme CP) différent de la somme des lignes";
    TotalFacturePs         "C31-TOTAL"             "C31" Invoice "Total de la facture (norme PS) différent de la somme des lignes";
    CompteFacture          "C32-COMPTE"            "C32" Invoice "Nombre d'enregistrements de la facture faux";
    TotalLot               "C33-LOT"               "C33" Warning "Compteur, total ou numéro de la fin de lot faux";
    FinFichier             "C34-999"               "C34" File    "Enregistrement 999 différent de l'en-tête ou compteur faux";
    Calcul                 "C35-CALCUL"            "C35" Warning "Base ou montant AMO différent du calcul";
    Centre                 "C37-CENTRE"            "C37" Warning "Centre gestionnaire du régime 96 caisse 196 mal formé";
    Limite                 "L1-LIMITE"             "L1"  File    "Limite de la passerelle dépassée";
    LimiteReponse          "L2-LIMITE-REPONSE"     "L2"  Warning "Limite de réponse AMC (2X) déjà passée à la réception";

    MarquagesDifferents    "M1-MARQUAGE"           "M1"  Warning "Marquages contradictoires (réel, test, démonstration) dans le fichier";

    RetourVide             "Q1-EN-TETE"            "Q1"  File    "Fichier NOEMIE sans enregistrement 000 de 128 caracteres";
    RetourCadrage          "Q2-CADRAGE"            "Q2"  File    "Longueur d'enregistrement fausse";
    RetourFin              "Q3-999"                "Q3"  File    "Enregistrement 999 absent ou différent de l'en-tête";
    EntiteSansFin          "Q4-DELIMITEUR"         "Q4"  Invoice "Entité sans délimiteur @";
    EntiteDecalee          "Q5-DECALAGE"           "Q5"  File    "Suite d'entités illisible";
    RetourCompteur         "Q6-COMPTEUR"           "Q6"  Warning "Compteur de fin de niveau 990 faux";
    RetourCumul            "Q7-CUMUL"              "Q7"  Warning "Cumul d'un 990 ou du 999 faux";
    RetourEnregistrements  "Q8-ENREGISTREMENTS"    "Q8"  File    "Nombre d'enregistrements du 999 faux";
    RetourLots             "Q9-LOTS"               "Q9"  Warning "Nombre de lots du 999 faux";
    EntiteInconnue         "Q10-ENTITE-INCONNUE"   "Q10" Warning "Entité inconnue, conservée telle quelle";
    RetourNonNumerique     "Q11-NON-NUMERIQUE"     "Q11" Invoice "Zone numérique invalide dans une entité";
    EtatInconnu            "Q13-ETAT"              "Q13" Invoice "État de la part AMO ou AMC inconnu";
    Niveaux                "Q15-NIVEAUX"           "Q15" File    "Niveaux mal imbriqués";
    DrapeauBloc            "Q16-DRAPEAU"           "Q16" Warning "Drapeau du dernier bloc différent de 1";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a zone fault stands, when the place decides what it costs (controls C6, C7, C8 and Q11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// 000, 999 and 1 of B2; structural entities of NOEMIE.
    Enveloppe,
    /// Types 2 to 5 of B2; entities inside an invoice of NOEMIE.
    Facture,
    /// Type 6 of B2 and entity 990 of NOEMIE: the figures are recomputed.
    FinDeLot,
}

impl Place {
    /// What a zone fault costs there.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Enveloppe => Severity::File,
            Self::Facture => Severity::Invoice,
            Self::FinDeLot => Severity::Warning,
        }
    }
}

/// The place of a record in the physical file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Index of the physical record, 1-based; 0 when the file has none.
    pub record: u64,
    /// Offset of its first byte in the file (after any length prefix), 0-based.
    pub offset: u64,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// Stable code.
    pub code: Code,
    /// What it costs here.
    pub severity: Severity,
    /// Physical record, 1-based; 0 when the file has none.
    pub record: u64,
    /// Type of the record or entity (`4`, `2S`, `102`); empty when unknown.
    pub record_type: String,
    /// Column in the record, 1-based; 0 when the file has none.
    pub column: u32,
    /// Offset in the file, 0-based.
    pub offset: u64,
    /// Length of the faulty bytes; 0 when something is missing.
    pub length: u32,
    /// Number and name of the zone in the norm's table; empty when the fault is not in a zone.
    pub zone_no: &'static str,
    /// French name of the zone.
    pub field: &'static str,
    /// The value found, masked when the zone is a person's, absent when it is long.
    pub value: Option<String>,
    /// What is wrong, in French, without any personal datum.
    pub message: String,
}

impl Anomaly {
    /// An anomaly on a whole record.
    #[must_use]
    pub fn on_record(
        code: Code,
        at: Position,
        record_type: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: code.severity(),
            record: at.record,
            record_type: record_type.into(),
            column: u32::from(at.record > 0),
            offset: at.offset,
            length: 0,
            zone_no: "",
            field: "",
            value: None,
            message: message.into(),
        }
    }

    /// An anomaly on one zone of a record; `raw` are the bytes of the record.
    #[must_use]
    pub fn on_zone(
        code: Code,
        at: Position,
        record_type: impl Into<String>,
        zone: &'static Zone,
        raw: &[u8],
        message: impl Into<String>,
    ) -> Self {
        let anomaly = Self {
            column: u32::from(zone.start),
            offset: at.offset + u64::from(zone.start) - 1,
            length: u32::from(zone.len),
            zone_no: zone.no,
            field: zone.name,
            value: shown(zone, zone.of(raw)),
            ..Self::on_record(code, at, record_type, message)
        };
        anomaly.beside_nir(zone, raw)
    }

    /// Masks the figures of the message when the record has a NIR beyond its prefix, and those of
    /// the value when the zone has a part of that NIR: under a damaged type, the zones of another
    /// record cut a NIR into amounts.
    fn beside_nir(mut self, zone: &Zone, raw: &[u8]) -> Self {
        let columns = usize::from(zone.start) - 1..usize::from(zone.end());
        for nir in nir_search::beyond_prefix(raw) {
            self.mask_message();
            if nir.start < columns.end && columns.start < nir.end {
                self.value = self.value.map(|value| without_figures(&value, 0));
            }
        }
        self
    }

    /// Masks the figures of the message.
    pub(crate) fn mask_message(&mut self) {
        self.message = without_figures(&self.message, LONGEST_FIGURE);
    }

    /// The same anomaly with the severity of its place.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Most digits of a figure that a masked message keeps: counts and years.
const LONGEST_FIGURE: usize = 3;

/// Returns a text with stars in place of the digits of each figure of more than `kept` digits; the
/// decimal comma belongs to the figure.
fn without_figures(text: &str, kept: usize) -> String {
    let in_figure = |c: char| c.is_ascii_digit() || c == ',';
    let characters: Vec<char> = text.chars().collect();
    let figures = characters.chunk_by(|a, b| in_figure(*a) == in_figure(*b));
    figures
        .flat_map(|run| {
            let is_long = run.iter().filter(|c| c.is_ascii_digit()).count() > kept;
            run.iter().map(move |c| if is_long && c.is_ascii_digit() { '*' } else { *c })
        })
        .collect()
}

/// The longest value repeated in an anomaly: shorter than any NIR, long enough for every code, date
/// and amount of the norm.
const LONGEST_SHOWN: usize = 10;

/// Most letters in a row that a code of the norm has (CCAM: `ZZZZ999`).
const LETTERS_OF_A_CODE: usize = 4;
/// Most letters in a row where digits are expected: an O for a zero, Corsica. More is a word that
/// slipped in from a neighbour, and may be a name.
const LETTERS_AMONG_DIGITS: usize = 2;

/// The value of a zone as an anomaly may show it: persons masked, also when a shifted record put
/// them in another zone, long values left out, unprintable bytes as `?`.
#[must_use]
pub fn shown(zone: &Zone, bytes: &[u8]) -> Option<String> {
    if zone.picture.is_person() {
        return Some("*".repeat(bytes.len().min(LONGEST_SHOWN)));
    }
    if bytes.is_empty() || bytes.len() > LONGEST_SHOWN || zone.picture == Picture::Libre {
        return None;
    }
    let allowed = if matches!(zone.picture, Picture::X | Picture::Acte) {
        LETTERS_OF_A_CODE
    } else {
        LETTERS_AMONG_DIGITS
    };
    let word = longest_word(bytes) > allowed;
    let show = |b: &u8| match b {
        b if word && is_letter(*b) => '*',
        0x20..0x7f => char::from(*b),
        _ => '?',
    };
    Some(bytes.iter().map(show).collect())
}

/// Accented letters are letters, in whatever character set.
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

fn longest_word(bytes: &[u8]) -> usize {
    bytes.split(|b| !is_letter(*b)).map(<[u8]>::len).max().unwrap_or(0)
}
