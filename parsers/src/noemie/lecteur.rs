//! The reader: pieces of a file in, invoices out, each closed by its 990.
//!
//! ```text
//! 000   020 01 > 040 02 > 071 03 > 081 04 > 102 05 > 103 198 199 294 ...  990 05 ...  990 01   999
//! EnTete                                    `------------ Retour ------------'            FinFichier
//! ```
//!
//! It holds one invoice at a time. Levels come from the file, never from a constant. Every fault of
//! a file is told, and none stops the reading; faults that cost an invoice are in the invoice,
//! faults that cost the file are in [`Element::Anomalies`], each fault once. It never says a number
//! or a name of a person.

use super::arbre::{Contenu, Groupe};
use super::comptes::Comptes;
use super::contexte::{Contexte, FinVirement};
use super::entete::{BORNE, EnTete, FinFichier};
use super::flux::{Borne, Flux, Morceau, Packaging};
use super::mouvement::Mouvement;
use super::retour::Retour;
use super::{e000, e999};
use crate::anomaly::{Anomaly, Code, Position, Severity};
use crate::layout::Zone;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

mod niveaux;

/// Findings given one by one for a file; the next ones are only counted, but for the first that
/// makes a verdict worse. Enough for a person to see what happened, small enough for memory.
pub const ANOMALIES_MAX: u64 = 10_000;

/// Entities kept for one invoice or movement. The norm numbers lines on two digits; a hundred times
/// that is no invoice.
pub const ENTITES_MAX: usize = 10_000;

/// One thing of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// A header.
    EnTete(EnTete),
    /// An invoice, closed.
    Retour(Box<Retour>),
    /// Money outside invoices.
    Mouvement(Mouvement),
    /// The end of a group of one payee and one transfer (the innermost of 040, 070 and 071), after
    /// its invoices and movements.
    FinVirement(FinVirement),
    /// A trailer.
    FinFichier(FinFichier),
    /// Findings that do not belong to one invoice.
    Anomalies(Vec<Anomaly>),
}

/// The logical file being read.
#[derive(Debug)]
struct Logique {
    /// Absent when the file has no header.
    entete: Option<EnTete>,
    premier: u64,
    lots: u64,
    contenu: Contenu,
}

impl Logique {
    fn reference(&self) -> &str {
        self.entete.as_ref().map_or("", |e| e.reference.as_str())
    }
}

/// Reads the returns of a file.
#[derive(Debug)]
pub struct Reader<R> {
    flux: Flux<R>,
    sortie: VecDeque<Element>,
    comptes: Comptes,
    fichier: Option<Logique>,
    contexte: Arc<Contexte>,
    /// Open groups, levels strictly increasing: at most 98.
    pile: Vec<Groupe>,
    facture: Option<Box<Retour>>,
    /// A 261 that waits for its 262.
    forfait: Option<Mouvement>,
    /// Worst finding already given in the open invoice.
    pire_facture: Option<Severity>,
    /// Worst finding already given outside invoices.
    pire_fichier: Option<Severity>,
    fini: bool,
}

impl<R: Read> Reader<R> {
    /// Reads a file from its start.
    pub fn new(source: R, packaging: Packaging) -> Self {
        Self {
            flux: Flux::new(source, packaging),
            sortie: VecDeque::new(),
            comptes: Comptes::default(),
            fichier: None,
            contexte: Arc::default(),
            pile: Vec::new(),
            facture: None,
            forfait: None,
            pire_facture: None,
            pire_fichier: None,
            fini: false,
        }
    }

    /// The next element; `None` at the end.
    ///
    /// # Errors
    /// When the source fails. What is wrong in the file is never an error.
    pub fn next_element(&mut self) -> io::Result<Option<Element>> {
        loop {
            if let Some(element) = self.sortie.pop_front() {
                return Ok(Some(element));
            }
            if self.fini {
                return Ok(None);
            }
            match self.flux.prochain()? {
                Some(Morceau::EnTete(borne)) => self.entete(&borne),
                Some(Morceau::Entite(entite)) => self.entite(entite),
                Some(Morceau::Fin(borne)) => self.fin(&borne),
                Some(Morceau::Faute(faute)) => self.signaler(faute),
                None => self.fin_de_source(),
            }
            self.comptes.enregistrements = self.flux.enregistrements();
        }
    }

    /// What was counted so far; final once [`Reader::next_element`] has given `None`.
    pub fn comptes(&self) -> &Comptes {
        &self.comptes
    }

    /// Gives a finding to the open invoice when it costs an invoice at most, to the file otherwise.
    fn signaler(&mut self, anomalie: Anomaly) {
        self.comptes.anomalies += 1;
        self.comptes.verdict = self.comptes.verdict.max(Some(anomalie.severity));
        let severite = Some(anomalie.severity);
        let sous_la_limite = self.comptes.anomalies <= ANOMALIES_MAX;
        if let Some(facture) = self.facture.as_mut().filter(|_| anomalie.severity < Severity::File)
        {
            if sous_la_limite || severite > self.pire_facture {
                facture.anomalies.push(anomalie);
            }
            self.pire_facture = self.pire_facture.max(severite);
            return;
        }
        if sous_la_limite || severite > self.pire_fichier {
            match self.sortie.back_mut() {
                Some(Element::Anomalies(liste)) => liste.push(anomalie),
                _ => self.sortie.push_back(Element::Anomalies(vec![anomalie])),
            }
        }
        self.pire_fichier = self.pire_fichier.max(severite);
    }

    fn entete(&mut self, borne: &Borne) {
        if self.fichier.is_some() {
            self.signaler(Anomaly::on_record(
                Code::RetourFin,
                borne.position,
                "000",
                "un nouvel en-tête arrive avant l'enregistrement 999",
            ));
            self.tout_fermer(borne.position, "000");
        }
        if borne.octets.len() != BORNE {
            self.signaler(Anomaly::on_record(
                Code::RetourVide,
                borne.position,
                "000",
                "l'enregistrement 000 n'a pas 128 caractères",
            ));
        }
        let entete = EnTete::lire(borne);
        self.ouvrir(borne.position, Some(entete.clone()));
        self.sortie.push_back(Element::EnTete(entete));
    }

    fn ouvrir(&mut self, position: Position, entete: Option<EnTete>) {
        self.comptes.fichiers += 1;
        self.contexte = Arc::default();
        self.fichier = Some(Logique {
            entete,
            premier: position.record,
            lots: 0,
            contenu: Contenu::default(),
        });
    }

    /// Entities or a trailer without header: told once, then read all the same so that the other
    /// faults are told too.
    fn exiger_un_entete(&mut self, position: Position) {
        if self.fichier.is_none() {
            self.signaler(Anomaly::on_record(
                Code::RetourVide,
                position,
                "000",
                "l'enregistrement 000 attendu ici est absent",
            ));
            self.ouvrir(position, None);
        }
    }

    fn fin(&mut self, borne: &Borne) {
        self.exiger_un_entete(borne.position);
        self.tout_fermer(borne.position, "999");
        let Some(fichier) = self.fichier.take() else { return };
        let fin = FinFichier {
            enregistrements_comptes: borne.position.record + 1 - fichier.premier,
            lots_comptes: fichier.lots,
            somme_calculee: fichier.contenu.somme,
            ..FinFichier::lire(borne)
        };
        self.comparer_a_l_entete(borne, &fichier, &fin);
        self.controler_les_totaux(&fichier, &fin);
        self.comptes.somme_999 += fin.somme.unwrap_or_default();
        self.sortie.push_back(Element::FinFichier(fin));
    }

    fn comparer_a_l_entete(&mut self, borne: &Borne, fichier: &Logique, fin: &FinFichier) {
        if borne.octets.len() != BORNE {
            self.signaler(Anomaly::on_record(
                Code::RetourFin,
                borne.position,
                "999",
                "l'enregistrement 999 n'a pas 128 caractères",
            ));
            return;
        }
        let premiere = usize::from(e999::layout::TYPE_EMETTEUR.start) - 1;
        let derniere = usize::from(e999::layout::IDENTIFICATION_FICHIER.end());
        let commun = premiere..derniere;
        let Some(entete) = &fichier.entete else { return };
        if let Some(ecart) = commun.clone().find(|i| entete.octets[*i] != fin.octets[*i]) {
            let colonne = u16::try_from(ecart + 1).expect("within 128");
            let zone =
                e999::layout::LAYOUT.zone_at(colonne).unwrap_or(&e999::layout::TYPE_EMETTEUR);
            self.signaler(sur_999(
                Code::RetourFin,
                zone,
                fin,
                format!("la zone diffère de l'en-tête (zone {} du 000)", zone_de_l_entete(zone)),
            ));
        }
    }

    fn controler_les_totaux(&mut self, fichier: &Logique, fin: &FinFichier) {
        use e999::layout as t;
        let comptes = fin.enregistrements_comptes;
        if fin.enregistrements != Some(comptes) {
            let message = format!(
                "le nombre d'enregistrements vaut {}, {comptes} lus",
                lu(fin.enregistrements)
            );
            self.signaler(sur_999(
                Code::RetourEnregistrements,
                &t::NOMBRE_ENREGISTREMENTS,
                fin,
                message,
            ));
        }
        if fin.lots != Some(fin.lots_comptes) {
            let message =
                format!("le nombre de lots vaut {}, {} lus", lu(fin.lots), fin.lots_comptes);
            self.signaler(sur_999(Code::RetourLots, &t::NOMBRE_LOTS, fin, message));
        }
        if fin.somme != Some(fin.somme_calculee)
            && !(fichier.contenu.somme_inconnue() && fin.somme.is_some())
        {
            let message =
                format!("le cumul vaut {} au lieu de {}", lu(fin.somme), fin.somme_calculee);
            self.signaler(sur_999(Code::RetourCumul, &t::CUMUL_MONTANTS, fin, message));
        }
    }

    fn fin_de_source(&mut self) {
        self.fini = true;
        let position = self.flux.position_suivante();
        if self.fichier.is_some() {
            // What is still open is the consequence of the missing end, not one more fault.
            self.signaler(Anomaly::on_record(
                Code::RetourFin,
                position,
                "999",
                "le fichier s'arrete sans enregistrement 999",
            ));
            self.vider_la_pile();
        } else if self.comptes.fichiers == 0 {
            let debut = Position { record: 0, offset: 0 };
            self.signaler(Anomaly::on_record(
                Code::RetourVide,
                debut,
                "000",
                "le fichier n'a aucun enregistrement 000",
            ));
        }
    }
}

fn sur_999(code: Code, zone: &'static Zone, fin: &FinFichier, message: String) -> Anomaly {
    Anomaly::on_zone(code, fin.position, "999", zone, &fin.octets, message)
}

/// The zone of the header with the same columns.
fn zone_de_l_entete(zone: &Zone) -> &'static str {
    e000::layout::LAYOUT.zone_at(zone.start).map_or("", |z| z.no)
}

fn lu<T: std::fmt::Display>(valeur: Option<T>) -> String {
    valeur.map_or_else(|| "(illisible)".to_owned(), |v| v.to_string())
}
