//! A NOEMIE file as a sequence of headers, entities and trailers, whatever its packaging.
//!
//! The frame is checked here (controls Q2 and Q16, and the loss of step of Q5); levels, sums and
//! invoices are not known.

use super::decoupe::{Coupe, Decoupe};
use super::entite::{Entite, Lieu};
use crate::anomaly::{Anomaly, Code, Position};
use crate::physical::noemie_blocs::{BLOC, Blocs};
use crate::physical::noemie_lignes::{Brut, Cadrage, Lignes};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::mem;

/// How the records of a file are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Packaging {
    /// 4-digit length, body, CR LF.
    Lignes,
    /// 128-byte blocks: a flag and 127 bytes of entities.
    Blocs,
}

/// A 000 or 999 record as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Borne {
    /// Where it stands.
    pub position: Position,
    /// Its bytes: 128, unless the file is damaged.
    pub octets: Vec<u8>,
}

/// One thing of a file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Morceau {
    /// A record 000.
    EnTete(Borne),
    /// An entity.
    Entite(Entite),
    /// A record 999.
    Fin(Borne),
    /// A fault of the frame.
    Faute(Anomaly),
}

#[derive(Debug)]
enum Source<R> {
    Lignes(Lignes<R>),
    Blocs(Blocs<R>),
}

/// The pieces of a file.
#[derive(Debug)]
pub struct Flux<R> {
    source: Source<R>,
    /// Body of the last physical record; its room serves the next one.
    corps: Vec<u8>,
    decoupe: Decoupe,
    /// Physical records read so far.
    enregistrements: u64,
    /// Between a 000 and its 999.
    ouvert: bool,
    /// A 000 or 999 read while entities still wait in `decoupe`.
    suspendu: Option<Morceau>,
    fautes: VecDeque<Anomaly>,
    /// Place and flag of the last data block.
    drapeau: Option<(Position, u8)>,
}

fn message_de_cadrage(cadrage: Cadrage) -> String {
    match cadrage {
        Cadrage::PrefixeIllisible => {
            "la longueur en tête d'enregistrement n'est pas faite de 4 chiffres".to_owned()
        }
        Cadrage::LongueurDifferente { annoncee, trouvee } if trouvee < annoncee => format!(
            "l'enregistrement annonce {annoncee} caractères et en a {trouvee} : des blancs de fin \
             ont pu être retirés en route"
        ),
        Cadrage::LongueurDifferente { annoncee, trouvee } => {
            format!("l'enregistrement annonce {annoncee} caractères et en a {trouvee}")
        }
        Cadrage::LigneTropLongue => {
            "l'enregistrement n'a pas de fin de ligne dans les 9999 caractères permis".to_owned()
        }
        Cadrage::BlocCourt(n) => format!("le dernier bloc a {n} caractères au lieu de 128"),
    }
}

impl<R: Read> Flux<R> {
    /// Reads a file from its start.
    pub fn new(source: R, packaging: Packaging) -> Self {
        let source = match packaging {
            Packaging::Lignes => Source::Lignes(Lignes::new(source)),
            Packaging::Blocs => Source::Blocs(Blocs::new(source)),
        };
        Self {
            source,
            corps: Vec::new(),
            decoupe: Decoupe::new(),
            enregistrements: 0,
            ouvert: false,
            suspendu: None,
            fautes: VecDeque::new(),
            drapeau: None,
        }
    }

    /// Physical records read so far.
    pub fn enregistrements(&self) -> u64 {
        self.enregistrements
    }

    /// The place right after what was read: where something missing can be noticed.
    pub fn position_suivante(&self) -> Position {
        let offset = match &self.source {
            Source::Lignes(l) => l.offset(),
            Source::Blocs(b) => b.offset(),
        };
        Position { record: self.enregistrements + 1, offset }
    }

    /// The next piece; `None` at the end of the file.
    ///
    /// # Errors
    /// When the source fails.
    // An entity is large beside what is done with it: it is cut where its reader wants it.
    #[inline(always)]
    pub fn prochain(&mut self) -> io::Result<Option<Morceau>> {
        loop {
            if let Some(faute) = self.fautes.pop_front() {
                return Ok(Some(Morceau::Faute(faute)));
            }
            match self.decoupe.prochaine() {
                Some(Coupe::Entite(e)) => return Ok(Some(Morceau::Entite(e))),
                Some(Coupe::Decalage(lieu)) => return Ok(Some(Morceau::Faute(decalage(lieu)))),
                None => {}
            }
            if let Some(borne) = self.suspendu.take() {
                return Ok(Some(borne));
            }
            let brut = match &mut self.source {
                Source::Lignes(l) => l.prochain(&mut self.corps)?,
                Source::Blocs(b) => b.prochain(&mut self.corps)?,
            };
            match brut {
                Some(brut) => {
                    if self.enregistrements == 0 && self.marque() {
                        self.fautes.push_back(Anomaly::byte_order_mark());
                    }
                    self.accueillir(brut);
                }
                None if self.decoupe.vide() => return Ok(None),
                None => self.decoupe.completer(),
            }
        }
    }

    fn marque(&self) -> bool {
        match &self.source {
            Source::Lignes(l) => l.marque(),
            Source::Blocs(b) => b.marque(),
        }
    }

    fn blocs(&self) -> bool {
        matches!(self.source, Source::Blocs(_))
    }

    fn accueillir(&mut self, brut: Brut) {
        if !self.ouvert && self.enregistrements > 0 && brut.remplissage {
            let position = Position { record: self.enregistrements + 1, offset: brut.debut };
            self.fautes.push_back(Anomaly::on_record(
                Code::ApresFin,
                position,
                "",
                "blancs après le dernier enregistrement 999",
            ));
            return;
        }
        self.enregistrements += 1;
        let position = Position { record: self.enregistrements, offset: brut.offset };
        if let Some(cadrage) = brut.cadrage {
            let prefixe = Position { offset: brut.debut, ..position };
            self.fautes.push_back(Anomaly::on_record(
                Code::RetourCadrage,
                prefixe,
                "",
                message_de_cadrage(cadrage),
            ));
        }
        let corps = mem::take(&mut self.corps);
        if self.est_entete(&corps) {
            self.terminer_les_entites();
            self.ouvert = true;
            self.suspendu = Some(Morceau::EnTete(Borne { position, octets: corps }));
        } else if corps.starts_with(b"999") {
            self.terminer_les_entites();
            self.ouvert = false;
            self.suspendu = Some(Morceau::Fin(Borne { position, octets: corps }));
        } else {
            self.donnees(position, &corps);
            self.corps = corps;
        }
    }

    /// A record 000. In blocks, a flag `0` before a stream cut in zeros also gives `000`: inside a
    /// file, the sender's two letters and the fixed length at 83-85 tell the difference.
    fn est_entete(&self, corps: &[u8]) -> bool {
        let lettres = || corps.get(3..5).is_some_and(|z| z.iter().all(u8::is_ascii_uppercase));
        corps.starts_with(b"000")
            && (!self.blocs() || !self.ouvert || (lettres() && corps.get(82..85) == Some(b"128")))
    }

    fn donnees(&mut self, position: Position, corps: &[u8]) {
        if !self.blocs() {
            // No entity is cut between two records of packaging A.
            self.decoupe.ajouter(corps, Lieu { position, colonne: 1, blocs: false });
            self.decoupe.completer();
            return;
        }
        if let Some((avant, b'1')) = self.drapeau {
            self.faute_de_drapeau(avant, "un bloc qui n'est pas le dernier porte le drapeau 1");
        }
        let Some((drapeau, utile)) = corps.split_first() else { return };
        self.drapeau = Some((position, *drapeau));
        self.decoupe.ajouter(utile, Lieu { position, colonne: 2, blocs: true });
        if corps.len() < BLOC {
            self.decoupe.completer();
        }
    }

    fn terminer_les_entites(&mut self) {
        self.decoupe.completer();
        if let Some((position, drapeau)) = self.drapeau.take()
            && drapeau != b'1'
        {
            self.faute_de_drapeau(position, "le dernier bloc de donnees ne porte pas le drapeau 1");
        }
    }

    fn faute_de_drapeau(&mut self, position: Position, message: &str) {
        self.fautes.push_back(Anomaly {
            length: 1,
            ..Anomaly::on_record(Code::DrapeauBloc, position, "", message)
        });
    }
}

fn decalage(lieu: Lieu) -> Anomaly {
    lieu.anomalie(
        Code::EntiteDecalee,
        "",
        "aucune entité lisible à cette place : la lecture reprend à la prochaine entité connue",
    )
}
