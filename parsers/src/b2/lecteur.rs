//! Reading a physical file: follows the nesting, hands out one invoice at a time, reports every fault and goes on.
//!
//! ```text
//!            000          1             2              5           6           999
//! dehors ─────────► fichier ────► lot ──────► facture ──────► finie ────► fichier ─────► dehors
//!                                                  ▲              │
//!                                                  └────── 2 ─────┘
//! ```
//!
//! A record at an impossible place costs the file (policy P4); the reading goes on from the state that the record announces, so that one
//! fault is not reported again at every following record.

use super::controles::{self, CompteLot};
use super::element::{Comptes, Element, EnTete, FinFichier, FinLot, Lot};
use super::facture::{ENREGISTREMENTS_MAX, Facture, Piece};
use super::genre::{Genre, Tables, ajuste, complement, principal};
use super::recalage;
use crate::anomaly::{Anomaly, Code, Place, Position, Severity};
use crate::layout::famille36;
use crate::physical::enregistrements::{Enregistrement, Enregistrements, Forme, LONGUEUR};
use std::collections::{HashSet, VecDeque};
use std::io::{self, Read};

/// A file that is not a file: more logical files than this in one physical file are refused (their keys are kept in memory for control C5).
const FICHIERS_MAX: u32 = 10_000;

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
    compte_lot: CompteLot,
    numeros: HashSet<[u8; 18]>,
    remises: HashSet<[u8; 81]>,
    debut_fichier: u64,
    lots_du_fichier: u64,
    comptes: Comptes,
    dernier: Position,
    dernier_nom: String,
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
            compte_lot: CompteLot::default(),
            numeros: HashSet::new(),
            remises: HashSet::new(),
            debut_fichier: 0,
            lots_du_fichier: 0,
            comptes: Comptes::default(),
            dernier: Position::default(),
            dernier_nom: String::new(),
            sortie: VecDeque::new(),
            finie: false,
        }
    }

    /// Counts so far; complete once [`Self::suivant`] has answered `None`.
    #[must_use]
    pub const fn comptes(&self) -> &Comptes {
        &self.comptes
    }

    /// The next element, or `None` at the end. Fails only when the source fails.
    pub fn suivant(&mut self) -> io::Result<Option<Element>> {
        while self.sortie.is_empty() && !self.finie {
            self.lire()?;
        }
        Ok(self.sortie.pop_front())
    }

    fn lire(&mut self) -> io::Result<()> {
        if self.etat == Etat::Dehors && self.comptes.fichiers > 0 && self.apres_fin()? {
            return Ok(());
        }
        let ps = self.facture.as_ref().map(|f| famille36::NO_PARTENAIRE_SANTE_CLE.of(&f.principale().record).to_vec());
        let taille = match self.source.forme() {
            Forme::Blocs => recalage::taille_du_bloc(self.source.regarder(recalage::APERCU)?, ps.as_deref()),
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
        if dernier_sans_fin && longueur < LONGUEUR as u64 && self.source.regarder(1)?.is_empty() {
            self.tronque(position, &octets);
        } else {
            self.mauvaise_longueur(position, &octets, longueur, &record);
            self.traiter(position, record, true);
        }
        Ok(())
    }

    /// After a 999: padding is a warning, a new 000 opens a logical file, anything else refuses the file. Answers whether the reading is over.
    fn apres_fin(&mut self) -> io::Result<bool> {
        let at = Position { record: self.dernier.record, offset: self.source.offset() };
        let padding = self.source.sauter_bourrage()?;
        if padding > 0 {
            let mut anomaly = Anomaly::on_record(Code::ApresFin, at, "999", format!("{padding} octets de remplissage derrière le 999"));
            anomaly.column = 129;
            self.signaler(anomaly);
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
        self.signaler(Anomaly::on_record(Code::DonneesApresFin, at, "", "Des données suivent le dernier 999 ; elles n'ont pas été lues"));
        self.finie = true;
        Ok(true)
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

    fn mauvaise_longueur(&mut self, position: Position, octets: &[u8], longueur: u64, record: &[u8; LONGUEUR]) {
        let genre = complement(principal(octets), record, self.tables().norme);
        let column = recalage::colonne(octets, self.tables().layout(genre));
        let mut anomaly = Anomaly::on_record(Code::Longueur, position, genre.nom(), format!("Enregistrement de {longueur} octets au lieu de 128"));
        anomaly.column = column;
        anomaly.offset += u64::from(column) - 1;
        self.signaler(anomaly);
    }

    fn fin_de_source(&mut self) {
        self.finie = true;
        if self.comptes.enregistrements == 0 {
            self.signaler(Anomaly::on_record(Code::FichierVide, Position::default(), "", "Le fichier est vide"));
        } else if self.etat != Etat::Dehors {
            let message = "L'enregistrement 999 manque : rien ne prouve que le fichier est complet";
            self.signaler(Anomaly::on_record(Code::FinAbsente, self.dernier, self.dernier_nom.clone(), message));
            self.abandonner_facture();
        }
    }

    /// One record of the right length, or adjusted to it (`douteux`).
    fn traiter(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        let main = principal(&record);
        let genre = self.genre(main, &record);
        self.dernier_nom = genre.nom();
        match genre {
            Genre::EnTete => self.ouvrir_fichier(at, record, douteux),
            Genre::Lot => self.ouvrir_lot(at, record, douteux),
            Genre::ComplementLot(_) => self.etat = Etat::Lot(true),
            Genre::Facture => self.ouvrir_facture(at, record, douteux),
            Genre::FinLot => self.fermer_lot(at, record, douteux),
            Genre::FinFichier => self.fermer_fichier(at, record, douteux),
            _ => self.dans_facture(genre, Piece { genre, position: at, record, douteux }),
        }
    }

    /// Complement or main, knowing what came before.
    fn genre(&self, main: Genre, record: &[u8; LONGUEUR]) -> Genre {
        match (main, self.etat) {
            (Genre::Lot, Etat::Lot(true)) if matches!(record[38], b'V' | b'W') && self.is_second_lot(record) => Genre::ComplementLot(record[38]),
            (Genre::Facture, Etat::Entete | Etat::Lignes) => complement(main, record, self.tables().norme),
            (Genre::Facture, _) => main,
            (Genre::FinFacture, Etat::Finie) => complement(main, record, self.tables().norme),
            (Genre::FinFacture, _) => main,
            _ => complement(main, record, self.tables().norme),
        }
    }

    /// A second type 1 repeats the PS number of the first one.
    fn is_second_lot(&self, record: &[u8; LONGUEUR]) -> bool {
        self.lot.as_ref().is_some_and(|l| l.record[1..10] == record[1..10])
    }

    fn tables(&self) -> Tables {
        self.lot.as_ref().map_or(Tables { norme: super::genre::NormeLot::Ps, v022003: false, dre: true }, |l| l.tables)
    }

    fn ouvrir_fichier(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        if self.etat != Etat::Dehors {
            self.imbrication(at, "000", "Un 000 alors que le fichier précédent n'est pas terminé par un 999");
            self.abandonner_facture();
        }
        self.comptes.fichiers += 1;
        let en_tete = EnTete::new(at, self.comptes.fichiers, record);
        let mut found = Vec::new();
        if !douteux {
            self.verifier(Genre::EnTete, &record, at, Place::Enveloppe, &mut found);
            controles::en_tete(&en_tete, &mut found);
        }
        if !self.remises.insert(cle_de_remise(&record)) {
            let zone = &super::t000::layout::IDENTIFICATION_FICHIER;
            let message = "Deux remises du même fichier ont le même émetteur, la même date et la même identification";
            found.push(Anomaly::on_zone(Code::RemiseDejaRecue, at, "000", zone, &record, message));
        }
        if self.comptes.fichiers > FICHIERS_MAX {
            found.push(Anomaly::on_record(Code::Limite, at, "000", format!("Plus de {FICHIERS_MAX} fichiers logiques dans un fichier")));
            self.finie = true;
        }
        self.debut_fichier = self.comptes.enregistrements - 1;
        self.lots_du_fichier = 0;
        self.en_tete = Some(en_tete.clone());
        self.lot = None;
        self.etat = Etat::Fichier;
        self.sortie.push_back(Element::EnTete(en_tete));
        self.signaler_tout(found);
    }

    fn ouvrir_lot(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        match self.etat {
            Etat::Fichier => {}
            Etat::Dehors => self.imbrication(at, "1", "Un type 1 avant tout 000"),
            Etat::Lot(_) | Etat::Finie => self.imbrication(at, "1", "Un type 1 alors que le lot précédent n'est pas terminé par un 6"),
            Etat::Entete | Etat::Lignes => {
                self.imbrication(at, "1", "Un type 1 alors qu'une facture n'est pas terminée par un 5");
            }
        }
        self.rendre_ou_abandonner();
        self.comptes.lots += 1;
        let rang = u32::try_from(self.comptes.lots).unwrap_or(u32::MAX);
        let lot = Lot::new(at, rang, record, self.en_tete.as_ref());
        let mut found = Vec::new();
        if !douteux {
            self.verifier(Genre::Lot, &record, at, Place::Enveloppe, &mut found);
        }
        self.compte_lot = CompteLot::default();
        self.numeros.clear();
        self.lot = Some(lot.clone());
        self.etat = Etat::Lot(true);
        self.sortie.push_back(Element::Lot(lot));
        self.signaler_tout(found);
    }

    fn ouvrir_facture(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        match self.etat {
            Etat::Lot(_) | Etat::Finie => {}
            Etat::Dehors | Etat::Fichier => self.imbrication(at, "2", "Un type 2 en dehors d'un lot"),
            Etat::Entete | Etat::Lignes => self.imbrication(at, "2", "Un type 2 alors que la facture précédente n'est pas terminée par un 5"),
        }
        self.rendre_ou_abandonner();
        self.comptes.factures += 1;
        self.comptes.dans_factures += 1;
        self.facture = Some(Facture {
            rang: self.comptes.factures,
            fichier: self.comptes.fichiers,
            lot: self.lot.as_ref().map_or(0, |l| l.rang),
            tables: self.tables(),
            pieces: vec![Piece { genre: Genre::Facture, position: at, record, douteux }],
            anomalies: Vec::new(),
        });
        self.etat = Etat::Entete;
    }

    /// A record 2x, 3, 4, 5 or unknown.
    fn dans_facture(&mut self, genre: Genre, piece: Piece) {
        let open = matches!(self.etat, Etat::Entete | Etat::Lignes);
        let trailing = self.etat == Etat::Finie && matches!(genre, Genre::ComplementFin(_));
        if self.facture.is_none() || !(open || trailing) {
            let what = if matches!(genre, Genre::Inconnu(_)) {
                "Type d'enregistrement inconnu, en dehors d'une facture"
            } else {
                "Un enregistrement de facture en dehors d'une facture"
            };
            self.imbrication(piece.position, &genre.nom(), what);
            return;
        }
        let fault = self.faute_de_place(genre, &piece);
        if genre.is_ligne() {
            self.comptes.lignes += 1;
        }
        self.etat = match genre {
            Genre::FinFacture | Genre::ComplementFin(_) => Etat::Finie,
            Genre::Ligne3 | Genre::Ligne4 => Etat::Lignes,
            _ => self.etat,
        };
        self.comptes.dans_factures += 1;
        let limit =
            Anomaly::on_record(Code::Limite, piece.position, genre.nom(), format!("Plus de {ENREGISTREMENTS_MAX} enregistrements dans une facture"));
        let facture = self.facture.as_mut().expect("checked above");
        facture.pieces.push(piece);
        facture.anomalies.extend(fault);
        if facture.pieces.len() > ENREGISTREMENTS_MAX {
            self.signaler(limit);
            self.abandonner_facture();
            self.finie = true;
        }
    }

    /// P4, P5 and P6 inside an invoice.
    fn faute_de_place(&self, genre: Genre, piece: &Piece) -> Option<Anomaly> {
        let tables = self.tables();
        let (code, message) = match (genre, self.etat) {
            (Genre::Inconnu(_), _) => (Code::TypeInconnu, "Type d'enregistrement inconnu : il peut porter des montants"),
            (Genre::Ligne3, _) if tables.layout(genre).is_none() => (Code::TypeInconnu, "Le type 3 n'existe pas dans cette norme"),
            (Genre::ComplementFacture(_), Etat::Lignes) => (Code::ImbricationFacture, "Un complément de type 2 derrière les lignes"),
            (Genre::Complement3(_) | Genre::Complement4(_), Etat::Entete) => (Code::ImbricationFacture, "Un complément avant sa ligne"),
            (g, _) if !tables.is_named(g) => (Code::ComplementInconnu, "Complément inconnu, conservé tel quel"),
            _ => return None,
        };
        let mut anomaly = Anomaly::on_record(code, piece.position, genre.nom(), message);
        if code == Code::ComplementInconnu {
            let column = if piece.record[35].is_ascii_alphabetic() { 36 } else { 39 };
            anomaly.column = column;
            anomaly.offset += u64::from(column) - 1;
            anomaly.length = 1;
        }
        Some(anomaly)
    }

    fn fermer_lot(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        match self.etat {
            Etat::Lot(_) | Etat::Finie => {}
            Etat::Dehors | Etat::Fichier => self.imbrication(at, "6", "Un type 6 en dehors d'un lot"),
            Etat::Entete | Etat::Lignes => self.imbrication(at, "6", "Un type 6 alors qu'une facture n'est pas terminée par un 5"),
        }
        self.rendre_ou_abandonner();
        let fin = FinLot { position: at, record };
        let mut found = Vec::new();
        if !douteux {
            self.verifier(Genre::FinLot, &record, at, Place::FinDeLot, &mut found);
            if let Some(lot) = &self.lot {
                controles::fin_lot(&fin, lot, &self.compte_lot, &mut found);
            }
        }
        self.lots_du_fichier += 1;
        self.lot = None;
        self.etat = if self.etat == Etat::Dehors { Etat::Dehors } else { Etat::Fichier };
        self.sortie.push_back(Element::FinLot(fin));
        self.signaler_tout(found);
    }

    fn fermer_fichier(&mut self, at: Position, record: [u8; LONGUEUR], douteux: bool) {
        match self.etat {
            Etat::Fichier => {}
            Etat::Dehors => self.imbrication(at, "999", "Un 999 sans 000"),
            _ => self.imbrication(at, "999", "Un 999 alors qu'un lot n'est pas terminé par un 6"),
        }
        self.rendre_ou_abandonner();
        let fin = FinFichier { position: at, record };
        let mut found = Vec::new();
        if !douteux {
            self.verifier(Genre::FinFichier, &record, at, Place::Enveloppe, &mut found);
            if let Some(en_tete) = &self.en_tete {
                let records = self.comptes.enregistrements - self.debut_fichier;
                controles::fin_fichier(&fin, en_tete, records, self.lots_du_fichier, &mut found);
            }
        }
        self.en_tete = None;
        self.lot = None;
        self.etat = Etat::Dehors;
        // A 999 without 000 still ends something: what follows is after the end.
        self.comptes.fichiers = self.comptes.fichiers.max(1);
        self.sortie.push_back(Element::FinFichier(fin));
        self.signaler_tout(found);
    }

    fn verifier(&self, genre: Genre, record: &[u8; LONGUEUR], at: Position, place: Place, out: &mut Vec<Anomaly>) {
        let tables = self.tables();
        controles::zones(tables.layout(genre), genre.famille(tables.norme), record, at, &genre.nom(), place, out);
    }

    /// Hands out the invoice that is complete, drops the one that is not.
    fn rendre_ou_abandonner(&mut self) {
        if self.etat == Etat::Finie { self.rendre_facture() } else { self.abandonner_facture() }
    }

    /// Verifies and hands out the current invoice.
    fn rendre_facture(&mut self) {
        let Some(mut facture) = self.facture.take() else { return };
        controles::facture(&mut facture, self.en_tete.as_ref());
        if let Some(en_tete) = self.en_tete.as_ref().filter(|e| !e.initiale) {
            let at = facture.principale().position;
            let message = format!("Facture d'un fichier ({}) sans la mention FACTURE INITIALE", en_tete.identification());
            facture.anomalies.push(Anomaly::on_record(Code::NonInitiale, at, "2", message));
        }
        self.chercher_double(&mut facture);
        self.compte_lot.ajouter(&facture);
        if !facture.quarantined() {
            let totaux = facture.totaux();
            self.comptes.total += totaux.total;
            self.comptes.amo += totaux.amo;
            self.comptes.amc += totaux.amc;
        }
        self.sortie.push_back(Element::Facture(Box::new(facture)));
    }

    /// C14: one PS uses a number once in a lot.
    fn chercher_double(&mut self, facture: &mut Facture) {
        let main = facture.principale();
        let zone = facture.zone_numero(Genre::Facture);
        let mut key = [0; 18];
        key[..9].copy_from_slice(&main.record[1..10]);
        key[9..].copy_from_slice(zone.of(&main.record));
        if !self.numeros.insert(key) {
            let message = format!("Le numéro de facture {} est déjà utilisé dans le lot", facture.numero());
            let anomaly = Anomaly::on_zone(Code::FactureDouble, main.position, "2", zone, &main.record, message);
            facture.anomalies.push(anomaly);
        }
    }

    /// The file is already refused; what was read of the invoice is handed out as quarantined, so that its faults are told too.
    fn abandonner_facture(&mut self) {
        if let Some(mut facture) = self.facture.take() {
            controles::facture(&mut facture, self.en_tete.as_ref());
            let at = facture.principale().position;
            let message = "Facture incomplète : son type 5 manque";
            let cut = Anomaly::on_record(Code::Imbrication, at, "2", message).with_severity(Severity::Facture);
            facture.anomalies.push(cut);
            self.sortie.push_back(Element::Facture(Box::new(facture)));
        }
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

/// C5: sender, receiver, identification, date and message of a 000.
pub(super) fn cle_de_remise(record: &[u8; LONGUEUR]) -> [u8; 81] {
    let mut key = [b' '; 81];
    key[..16].copy_from_slice(&record[3..19]);
    key[16..32].copy_from_slice(&record[25..41]);
    key[32..44].copy_from_slice(&record[49..61]);
    key[44..].copy_from_slice(&record[91..128]);
    key
}
