//! One invoice of a return: what was asked, what was decided, what was paid, and why not.

use super::contexte::Contexte;
use super::entite::Entite;
use super::montants;
use super::mouvement::{Mouvement, NatureMouvement};
use super::rejet::Rejet;
use super::valeurs::{DateBrute, NaissanceBrute};
use super::{e100, e102, e103, e110, e120, e198, e199, e295};
use crate::anomaly::{Anomaly, Position, Severity};
use crate::layout::Zone;
use crate::picture;
use crate::types::{Montant, Nir, NumeroAmc};
use std::sync::Arc;

/// Room for the entities of an invoice of one part and one line; more make it grow.
const ENTITES_COURANTES: usize = 8;

/// State of one part of an invoice (198, 199).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Etat {
    /// P.
    Paye,
    /// R.
    Rejete,
    /// D: a second return will come, do not send again.
    Differe,
    /// Blank: this payer does not handle the part.
    NonTraite,
}

impl Etat {
    /// Reads the letter; `None` when the norm does not know it (control Q13).
    #[must_use]
    pub fn lire(zone: &[u8]) -> Option<Self> {
        match zone {
            b"P" => Some(Self::Paye),
            b"R" => Some(Self::Rejete),
            b"D" => Some(Self::Differe),
            b" " => Some(Self::NonTraite),
            _ => None,
        }
    }
}

/// Who pays a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payeur {
    /// Compulsory insurance (198).
    Amo,
    /// Complementary insurance (199).
    Amc,
}

/// One part of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Amount asked, in centimes.
    pub demande: Montant,
    /// What was decided. An unknown letter reads as [`Etat::NonTraite`] and the invoice is
    /// quarantined.
    pub etat: Etat,
    /// Amount paid, in centimes; negative when money is taken back (sign N).
    pub paye: Montant,
    /// Complementary insurer; never on the AMO part.
    pub numero_amc: Option<NumeroAmc>,
}

/// The person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assure {
    /// NIR of the insured.
    pub nir: Option<Nir>,
    /// Its key as found.
    pub cle: [u8; 2],
    /// NIR of the patient.
    pub nir_individuel: Option<Nir>,
    /// Birth date of the patient; absent when blank or zero.
    pub naissance: Option<NaissanceBrute>,
    /// Birth rank of the patient.
    pub rang: char,
}

/// A comment (295).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commentaire {
    /// Code, often blank.
    pub code: char,
    /// Text, trimmed.
    pub texte: String,
}

/// An invoice of a return: group 102 or 100, or the insured of a 408 or 929 (group 110).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retour {
    /// Rank of the invoice in the physical file, 1-based.
    pub ordinal: u64,
    /// Record of its first entity.
    pub position: Position,
    /// Column of its first entity in that record, 1-based.
    pub colonne: u32,
    /// Groups around it.
    pub contexte: Arc<Contexte>,
    /// Invoice number, trimmed; empty in a 408 or 929.
    pub numero: String,
    /// Complement of the number, trimmed.
    pub complement: String,
    /// Lot number of the 102, trimmed.
    pub lot: String,
    /// Lot date of the 102: JJMMAA by the norm, AAMMJJ from some insurers.
    pub date_lot: Option<DateBrute>,
    /// Kind of invoice (102 column 30).
    pub type_facture: char,
    /// Invoice date, JJMMAA.
    pub date_facturation: Option<DateBrute>,
    /// How the AMC part is handled (102 column 37).
    pub traitement_amc: char,
    /// Nature of insurance, of the 102 or of the 150 around.
    pub nature_assurance: String,
    /// The person: 103, or 110 and the first 120.
    pub assure: Option<Assure>,
    /// First 198.
    pub part_amo: Option<Part>,
    /// First 199.
    pub part_amc: Option<Part>,
    /// Parts after the first of each payer (a second complementary insurer).
    pub parts_suivantes: Vec<(Payeur, Part)>,
    /// 290 and 294, in order.
    pub rejets: Vec<Rejet>,
    /// 295, in order.
    pub commentaires: Vec<Commentaire>,
    /// Number of act lines (210).
    pub lignes: u64,
    /// Number of patients told apart (103 or 120).
    pub beneficiaires: u64,
    /// Money taken back by a 250 inside the invoice, in centimes, positive.
    pub recupere: Montant,
    /// Flat payments (261) inside the invoice, in centimes.
    pub forfaits: Montant,
    /// Its entities, 990 included, at most [`super::ENTITES_MAX`].
    pub entites: Vec<Entite>,
    /// Money of a 250 or 261 inside the invoice, in order.
    pub mouvements: Vec<Mouvement>,
    /// What was found in it.
    pub anomalies: Vec<Anomaly>,
}

impl Retour {
    /// Whether it must not be loaded.
    #[must_use]
    pub fn quarantined(&self) -> bool {
        self.anomalies.iter().any(|a| a.severity >= Severity::Invoice)
    }

    /// Every part with its payer, in no particular order.
    pub fn parts(&self) -> impl Iterator<Item = (Payeur, &Part)> {
        let premieres = self
            .part_amo
            .iter()
            .map(|p| (Payeur::Amo, p))
            .chain(self.part_amc.iter().map(|p| (Payeur::Amc, p)));
        premieres.chain(self.parts_suivantes.iter().map(|(payeur, p)| (*payeur, p)))
    }

    /// An empty invoice whose group is opened by `premiere`.
    pub(super) fn ouvrir(ordinal: u64, premiere: &Entite) -> Self {
        Self {
            ordinal,
            position: premiere.lieu.position,
            colonne: premiere.lieu.colonne,
            contexte: Arc::default(),
            numero: String::new(),
            complement: String::new(),
            lot: String::new(),
            date_lot: None,
            type_facture: ' ',
            date_facturation: None,
            traitement_amc: ' ',
            nature_assurance: String::new(),
            assure: None,
            part_amo: None,
            part_amc: None,
            parts_suivantes: Vec::new(),
            rejets: Vec::new(),
            commentaires: Vec::new(),
            lignes: 0,
            beneficiaires: 0,
            recupere: Montant::ZERO,
            forfaits: Montant::ZERO,
            entites: Vec::with_capacity(ENTITES_COURANTES),
            mouvements: Vec::new(),
            anomalies: Vec::new(),
        }
    }

    /// Takes what an entity says.
    pub(super) fn noter(&mut self, entite: &Entite) {
        let octets = &entite.octets;
        let verse = || montants::verse(&entite.code, octets).unwrap_or_default();
        match &entite.code {
            b"100" => self.numero = picture::texte(e100::layout::NUMERO_FACTURE.of(octets)),
            b"102" => self.noter_facture(octets),
            b"103" => self.noter_103(octets),
            b"110" => self.noter_110(octets),
            b"120" => self.noter_120(octets),
            b"198" => self.ajouter_part(Payeur::Amo, part_amo(octets)),
            b"199" => self.ajouter_part(Payeur::Amc, part_amc(octets)),
            b"210" => self.lignes += 1,
            b"250" => {
                self.recupere += -verse();
                self.noter_mouvement(entite);
            }
            b"261" => {
                self.forfaits += verse();
                self.noter_mouvement(entite);
            }
            b"262" => self.noter_mouvement(entite),
            b"290" => self.rejets.push(Rejet::lire_290(octets)),
            b"294" => self.rejets.push(Rejet::lire_294(octets)),
            b"295" => self.commentaires.push(Commentaire {
                code: lettre(&e295::layout::CODE_COMMENTAIRE, octets),
                texte: picture::texte(e295::layout::COMMENTAIRE.of(octets)),
            }),
            _ => {}
        }
    }

    fn noter_facture(&mut self, octets: &[u8]) {
        use e102::layout as t;
        self.numero = picture::texte(t::NUMERO_FACTURE.of(octets));
        self.complement = picture::texte(t::COMPLEMENT_NUMERO.of(octets));
        self.lot = picture::texte(t::NUMERO_LOT.of(octets));
        self.date_lot = Some(DateBrute::lire(t::DATE_CREATION_LOT.of(octets)));
        self.type_facture = lettre(&t::TYPE_FACTURE, octets);
        self.date_facturation = Some(DateBrute::lire(t::DATE_FACTURATION.of(octets)));
        self.traitement_amc = lettre(&t::TRAITEMENT_PART_AMC, octets);
        self.nature_assurance = picture::texte(t::NATURE_ASSURANCE.of(octets));
    }

    fn noter_103(&mut self, octets: &[u8]) {
        use e103::layout as t;
        self.beneficiaires += 1;
        self.assure = Some(Assure {
            nir: Nir::from_bytes(t::NUMERO_IMMATRICULATION.of(octets)),
            cle: cle(&t::CLE, octets),
            nir_individuel: Nir::from_bytes(t::NIR_INDIVIDUEL.of(octets)),
            naissance: NaissanceBrute::lire(t::DATE_NAISSANCE.of(octets)),
            rang: lettre(&t::RANG_NAISSANCE, octets),
        });
    }

    fn noter_110(&mut self, octets: &[u8]) {
        use e110::layout as t;
        let nir = Nir::from_bytes(t::NUMERO_IMMATRICULATION.of(octets));
        self.assure = Some(Assure {
            nir,
            cle: cle(&t::CLE, octets),
            nir_individuel: None,
            naissance: None,
            rang: ' ',
        });
    }

    /// The first 120 completes the 110; the next ones are other patients of the same insured (408,
    /// 929) and stay in the raw entities.
    fn noter_120(&mut self, octets: &[u8]) {
        use e120::layout as t;
        self.beneficiaires += 1;
        if self.beneficiaires > 1 {
            return;
        }
        let assure = self.assure.get_or_insert(Assure {
            nir: None,
            cle: *b"  ",
            nir_individuel: None,
            naissance: None,
            rang: ' ',
        });
        assure.naissance = NaissanceBrute::lire(t::DATE_NAISSANCE.of(octets));
        assure.rang = lettre(&t::RANG, octets);
    }

    fn noter_mouvement(&mut self, entite: &Entite) {
        let est_forfait = |m: &&mut Mouvement| matches!(m.nature, NatureMouvement::Forfait { .. });
        match self.mouvements.last_mut().filter(est_forfait) {
            Some(forfait) if entite.code == *b"262" => forfait.detailler(entite),
            _ => self.mouvements.extend(Mouvement::lire(entite, Arc::default())),
        }
    }

    fn ajouter_part(&mut self, payeur: Payeur, part: Part) {
        let premiere = match payeur {
            Payeur::Amo => &mut self.part_amo,
            Payeur::Amc => &mut self.part_amc,
        };
        if premiere.is_none() {
            *premiere = Some(part);
        } else {
            self.parts_suivantes.push((payeur, part));
        }
    }
}

fn lettre(zone: &Zone, octets: &[u8]) -> char {
    zone.of(octets).first().map_or(' ', |b| char::from(*b))
}

fn cle(zone: &Zone, octets: &[u8]) -> [u8; 2] {
    zone.of(octets).try_into().unwrap_or(*b"  ")
}

/// The amount of a zone; zero when it is blank or, in a quarantined invoice, unreadable.
fn montant(zone: &Zone, octets: &[u8]) -> Montant {
    picture::montant(zone.of(octets)).ok().flatten().unwrap_or_default()
}

fn part_amo(octets: &[u8]) -> Part {
    use e198::layout as t;
    Part {
        demande: montant(&t::MONTANT_AMO_DEMANDE, octets),
        etat: Etat::lire(t::ETAT.of(octets)).unwrap_or(Etat::NonTraite),
        paye: montants::verse(b"198", octets).unwrap_or_default(),
        numero_amc: None,
    }
}

fn part_amc(octets: &[u8]) -> Part {
    use e199::layout as t;
    Part {
        demande: montant(&t::MONTANT_AMC_DEMANDE, octets),
        etat: Etat::lire(t::ETAT.of(octets)).unwrap_or(Etat::NonTraite),
        paye: montants::verse(b"199", octets).unwrap_or_default(),
        numero_amc: NumeroAmc::from_bytes(t::NUMERO_AMC_DESTINATAIRE.of(octets)),
    }
}
