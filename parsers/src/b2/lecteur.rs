//! Reading a physical file: follows the nesting, hands out one invoice at a time, reports every
//! fault and goes on.
//!
//! ```text
//!            000          1             2              5           6           999
//! dehors ─────────► fichier ────► lot ──────► facture ──────► finie ────► fichier ─────► dehors
//!                                                  ▲              │
//!                                                  └────── 2 ─────┘
//! ```
//!
//! A record at an impossible place costs the file (policy P4); the reading goes on from the state
//! that the record announces, so that one fault is not reported again at every following record.

mod facture_lue;
mod imbrication;

pub(super) use imbrication::cle_de_remise;

use super::controles::{self, CompteLot, LotsVus};
use super::element::{ComplementLot, Comptes, Element, EnTete, Lot};
use super::facture::{Facture, Piece};
use super::genre::{Genre, Tables, ajuste, complement, principal};
use super::recalage;
use crate::anomaly::{Anomaly, Code, Place, Position};
use crate::layout::famille36;
use crate::physical::enregistrements::{
    Enregistrement, Enregistrements, Forme, LONGUEUR, est_bourrage,
};
use std::collections::{HashSet, VecDeque};
use std::io::{self, Read};

/// A file that is not a file: more logical files than this in one physical file are refused (their
/// keys are kept in memory for control C5).
const FICHIERS_MAX: u32 = 10_000;

/// A lot that is not a lot: the type 6 counts its invoices on three digits, and the numbers of a
/// lot are kept in memory for control C14. A hundred times what can be counted leaves room for a
/// producer that does not close its lots.
const FACTURES_DE_LOT_MAX: usize = 100_000;

/// Where the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Etat {
    /// Outside 000..999.
    Dehors,
    /// After a 000 or a 6.
    Fichier,
    /// After a 1, before its first 2; `true` right behind the 1 itself.
    Lot(bool),
    /// Inside an invoice, before its lines.
    Entete,
    /// Inside an invoice, in its lines.
    Lignes,
    /// After the 5 of an invoice.
    Finie,
}

/// Reads a physical file of norm B2.
#[derive(Debug)]
pub struct Lecteur<R> {
    source: Enregistrements<R>,
    etat: Etat,
    en_tete: Option<EnTete>,
    lot: Option<Lot>,
    facture: Option<Facture>,
    /// Records of the invoice before: the next one most often has as many.
    pieces_prevues: usize,
    compte_lot: CompteLot,
    numeros: HashSet<[u8; 18]>,
    lots_vus: LotsVus,
    remises: HashSet<[u8; 81]>,
    debut_fichier: u64,
    lots_du_fichier: u64,
    comptes: Comptes,
    dernier: Position,
    dernier_genre: Option<Genre>,
    sortie: VecDeque<Element>,
    finie: bool,
}

impl<R: Read> Lecteur<R> {
    /// Reads `source`, whose records are separated as `forme` says.
    pub fn new(source: R, forme: Forme) -> Self {
        Self {
            source: Enregistrements::new(source, forme),
            etat: Etat::Dehors,
            en_tete: None,
            lot: None,
            facture: None,
            pieces_prevues: 1,
            compte_lot: CompteLot::default(),
            numeros: HashSet::new(),
            lots_vus: LotsVus::new(),
            remises: HashSet::new(),
            debut_fichier: 0,
            lots_du_fichier: 0,
            comptes: Comptes::default(),
            dernier: Position::default(),
            dernier_genre: None,
            sortie: VecDeque::new(),
            finie: false,
        }
    }

    /// Counts so far; complete once [`Self::suivant`] has answered `None`.
    #[must_use]
    pub const fn comptes(&self) -> &Comptes {
        &self.comptes
    }

    /// How the records are separated, and where the next byte stands.
    pub(super) const fn source(&self) -> &Enregistrements<R> {
        &self.source
    }

    /// The next element, or `None` at the end. Fails only when the source fails.
    pub fn suivant(&mut self) -> io::Result<Option<Element>> {
        while self.sortie.is_empty() && !self.finie {
            self.lire()?;
        }
        Ok(self.sortie.pop_front())
    }

    fn lire(&mut self) -> io::Result<()> {
        if self.comptes.enregistrements == 0 {
            self.source.regarder(1)?;
            if self.source.marque() {
                self.signaler(Anomaly::byte_order_mark());
            }
        }
        if self.etat == Etat::Dehors && self.comptes.fichiers > 0 && self.apres_fin()? {
            return Ok(());
        }
        let taille = match self.source.forme() {
            Forme::Blocs => {
                let ps = self
                    .facture
                    .as_ref()
                    .map(|f| famille36::NO_PARTENAIRE_SANTE_CLE.of(&f.principale().record));
                recalage::taille_du_bloc(self.source.regarder(recalage::APERCU)?, ps)
            }
            Forme::Crlf | Forme::Lf => LONGUEUR,
        };
        let Some(lu) = self.source.suivant(taille)? else {
            self.fin_de_source();
            return Ok(());
        };
        let Enregistrement { position, octets, longueur, dernier_sans_fin } = lu;
        let record = ajuste(octets);
        let irregulier = (longueur != LONGUEUR as u64).then(|| octets.to_vec());
        self.dernier = position;
        self.comptes.enregistrements += 1;
        let Some(octets) = irregulier else {
            self.traiter(position, record, false);
            return Ok(());
        };
        // The last line, without its end: what follows the 128 bytes of a 999 is after the end.
        let apres = octets.get(LONGUEUR..).filter(|_| {
            dernier_sans_fin && octets.starts_with(b"999") && longueur == octets.len() as u64
        });
        if let Some(bourrage) = apres.filter(|a| est_bourrage(a)) {
            self.traiter(position, record, false);
            self.bourrage(position, bourrage.len() as u64);
            return Ok(());
        }
        if dernier_sans_fin && longueur < LONGUEUR as u64 && self.source.regarder(1)?.is_empty() {
            self.tronque(position, &octets);
        } else {
            let suite = self.source.regarder(LONGUEUR + 2)?.to_vec();
            self.mauvaise_longueur(position, (&octets, &suite), longueur, &record);
            self.traiter(position, record, true);
        }
        Ok(())
    }

    /// After a 999: padding is a warning, a new 000 opens a logical file, anything else refuses the
    /// file. Answers whether the reading is over.
    fn apres_fin(&mut self) -> io::Result<bool> {
        let at = Position { record: self.dernier.record, offset: self.source.offset() };
        let padding = self.source.sauter_bourrage()?;
        if padding > 0 {
            self.bourrage(at, padding);
        }
        let ahead = self.source.regarder(LONGUEUR)?;
        if ahead.is_empty() {
            self.finie = true;
            return Ok(true);
        }
        if ahead.starts_with(b"000") {
            return Ok(padding > 0);
        }
        let at = Position { record: self.dernier.record + 1, offset: self.source.offset() };
        self.signaler(Anomaly::on_record(
            Code::DonneesApresFin,
            at,
            "",
            "Des données suivent le dernier 999 ; elles n'ont pas été lues",
        ));
        self.finie = true;
        Ok(true)
    }

    fn bourrage(&mut self, at: Position, octets: u64) {
        let plural = if octets < 2 { "" } else { "s" };
        let mut anomaly = Anomaly::on_record(
            Code::ApresFin,
            at,
            "999",
            format!("{octets} octet{plural} de remplissage après le 999"),
        );
        anomaly.column = 129;
        self.signaler(anomaly);
    }

    fn tronque(&mut self, position: Position, octets: &[u8]) {
        let name = complement(principal(octets), &ajuste(octets), self.tables().norme).nom();
        let mut anomaly = Anomaly::on_record(
            Code::FichierTronque,
            position,
            name,
            format!("Le fichier s'arrête après {} octets d'un enregistrement", octets.len()),
        );
        let len = u32::try_from(octets.len()).expect("less than 128");
        anomaly.column = len + 1;
        anomaly.offset += u64::from(len);
        self.signaler(anomaly);
        self.abandonner_facture();
        self.finie = true;
    }

    fn mauvaise_longueur(
        &mut self,
        position: Position,
        (octets, suite): (&[u8], &[u8]),
        longueur: u64,
        record: &[u8; LONGUEUR],
    ) {
        let genre = complement(principal(octets), record, self.tables().norme);
        let recalage::Ecart { colonne: column, mut cause } =
            recalage::ecart(octets, self.tables().layout(genre));
        if recalage::est_repliee(octets, suite) {
            cause = "la ligne est coupée en deux (repliée par un courrier électronique ?)";
        }
        let cause = if cause.is_empty() { String::new() } else { format!(" : {cause}") };
        let plural = if longueur < 2 { "" } else { "s" };
        let mut anomaly = Anomaly::on_record(
            Code::Longueur,
            position,
            genre.nom(),
            format!("Enregistrement de {longueur} octet{plural} au lieu de 128{cause}"),
        );
        anomaly.column = column;
        anomaly.offset += u64::from(column) - 1;
        self.signaler(anomaly);
    }

    fn fin_de_source(&mut self) {
        self.finie = true;
        if self.comptes.enregistrements == 0 {
            self.signaler(Anomaly::on_record(
                Code::FichierVide,
                Position::default(),
                "",
                "Le fichier est vide",
            ));
        } else if self.etat != Etat::Dehors {
            let message = "L'enregistrement 999 manque : rien ne prouve que le fichier est complet";
            let nom = self.dernier_genre.map(Genre::nom).unwrap_or_default();
            self.signaler(Anomaly::on_record(Code::FinAbsente, self.dernier, nom, message));
            self.abandonner_facture();
        }
    }

    /// One record of the right length, or adjusted to it (`douteux`).
    fn traiter(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        let main = principal(&record);
        let genre = self.genre(main, &record);
        self.dernier_genre = Some(genre);
        match genre {
            Genre::EnTete => self.ouvrir_fichier(at, record, douteux),
            Genre::Lot => self.ouvrir_lot(at, record, douteux),
            Genre::ComplementLot(_) => self
                .sortie
                .push_back(Element::ComplementLot(ComplementLot { genre, position: at, record })),
            Genre::Facture => self.ouvrir_facture(at, record, douteux),
            Genre::FinLot => self.fermer_lot(at, record, douteux),
            Genre::FinFichier => self.fermer_fichier(at, record, douteux),
            _ => self.dans_facture(genre, Piece { genre, position: at, record, douteux }),
        }
    }

    /// Complement or main, knowing what came before.
    fn genre(&self, main: Genre, record: &[u8; LONGUEUR]) -> Genre {
        match (main, self.etat) {
            (Genre::Lot, Etat::Lot(true))
                if matches!(record[38], b'V' | b'W') && self.is_second_lot(record) =>
            {
                Genre::ComplementLot(record[38])
            }
            (Genre::Facture, Etat::Entete) if self.is_unknown_2(record) => {
                Genre::ComplementFacture(record[38])
            }
            (Genre::Facture, Etat::Entete | Etat::Lignes) => {
                complement(main, record, self.tables().norme)
            }
            (Genre::EnTete | Genre::FinFichier, Etat::Entete | Etat::Lignes)
                if self.is_of_invoice(record) =>
            {
                Genre::Inconnu(record[0])
            }
            (Genre::Facture, _) => main,
            (Genre::FinFacture, Etat::Finie) => complement(main, record, self.tables().norme),
            (Genre::FinFacture, _) => main,
            _ => complement(main, record, self.tables().norme),
        }
    }

    /// Whether a record repeats the PS, the NIR and the key of the current invoice: a type 9 before
    /// a PS number that begins with 99 is no 999.
    fn is_of_invoice(&self, record: &[u8; LONGUEUR]) -> bool {
        self.facture.as_ref().is_some_and(|f| f.principale().record[1..26] == record[1..26])
    }

    /// A type 2 of norm CP behind the main one, for the same invoice, with at 39 a letter that no
    /// table names (D C L R are a main record's).
    fn is_unknown_2(&self, record: &[u8; LONGUEUR]) -> bool {
        let unknown = record[38].is_ascii_alphabetic()
            && !matches!(record[38], b'D' | b'C' | b'L' | b'R' | b'S' | b'T');
        let same = |f: &Facture| f.is_cp() && f.principale().record[1..38] == record[1..38];
        unknown && !record[35].is_ascii_alphabetic() && self.facture.as_ref().is_some_and(same)
    }

    /// A second type 1 repeats the PS number of the first one.
    fn is_second_lot(&self, record: &[u8; LONGUEUR]) -> bool {
        self.lot.as_ref().is_some_and(|l| l.record[1..10] == record[1..10])
    }

    fn tables(&self) -> Tables {
        self.lot
            .as_ref()
            .map_or(Tables { norme: super::genre::NormeLot::Ps, v022003: false, dre: true }, |l| {
                l.tables
            })
    }

    fn verifier(
        &self,
        genre: Genre,
        record: &[u8; LONGUEUR],
        at: Position,
        place: Place,
        out: &mut Vec<Anomaly>,
    ) {
        let tables = self.tables();
        controles::zones(
            tables.layout(genre),
            genre.famille(tables.norme),
            record,
            at,
            genre,
            place,
            out,
        );
    }

    fn imbrication(&mut self, at: Position, name: &str, message: &str) {
        self.signaler(Anomaly::on_record(Code::Imbrication, at, name, message));
    }

    fn signaler(&mut self, anomaly: Anomaly) {
        self.signaler_tout(vec![anomaly]);
    }

    fn signaler_tout(&mut self, found: Vec<Anomaly>) {
        if !found.is_empty() {
            self.sortie.push_back(Element::Anomalies(found));
        }
    }
}
