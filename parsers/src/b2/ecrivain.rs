//! Writing a physical file: headers, lots and invoices in, one file out, with its counters, totals,
//! keys and sequences computed here.
//!
//! ```text
//! en_tete(000) lot(1) facture(2 .. lines) facture(..) lot(1) .. terminer()  >  000 1 2..5 2..5 6 1 .. 6 999
//! ```
//!
//! Strict where the reader is tolerant: every record passes the reader's own controls before it is
//! written, so that what is written is read back without one anomaly, warnings included. Nothing is
//! kept but the invoice numbers of the current lot and the keys of the files written.

use super::assemblage::{Prefixe, fin_facture, sequence};
use super::controles::{self, CompteLot};
use super::element::{Comptes, Element, EnTete, Lot};
use super::erreur::ErreurEcriture;
use super::facture::{Facture, Piece, Totaux};
use super::fiche::{Fiche, bornes};
use super::genre::{Genre, Tables};
use super::lecteur::{Lecteur, cle_de_remise};
use super::{Record, t000, t1, t6, t999};
use crate::anomaly::{Anomaly, Place, Position};
use crate::layout::{Famille, Zone};
use crate::physical::enregistrements::{Forme, LONGUEUR};
use crate::remplir;
use std::collections::HashSet;
use std::io::{self, Read, Write};

/// Most lots in a logical file: the 999 counts them on three digits.
pub const LOTS_MAX: u64 = 999;

/// Writes a physical file of norm B2.
#[derive(Debug)]
pub struct Ecrivain<W> {
    sortie: W,
    forme: Forme,
    marquage: u8,
    en_tete: Option<EnTete>,
    lot: Option<Lot>,
    compte_lot: CompteLot,
    numeros: HashSet<[u8; 9]>,
    remises: HashSet<[u8; 81]>,
    debut_fichier: u64,
    lots_du_fichier: u64,
    comptes: Comptes,
    offset: u64,
}

impl<W: Write> Ecrivain<W> {
    /// Writes to `sortie`, records separated as `forme` says.
    pub fn new(sortie: W, forme: Forme) -> Self {
        Self {
            sortie,
            forme,
            marquage: b' ',
            en_tete: None,
            lot: None,
            compte_lot: CompteLot::default(),
            numeros: HashSet::new(),
            remises: HashSet::new(),
            debut_fichier: 0,
            lots_du_fichier: 0,
            comptes: Comptes::default(),
            offset: 0,
        }
    }

    /// Marks every lot (type 6, column 55): `R` real, `T` test, `D` demo.
    #[must_use]
    pub const fn avec_marquage(mut self, marquage: u8) -> Self {
        self.marquage = marquage;
        self
    }

    /// Counts and totals of what was written.
    #[must_use]
    pub const fn comptes(&self) -> &Comptes {
        &self.comptes
    }

    /// Begins a logical file; ends the one before.
    ///
    /// # Errors
    /// When `fiche` is not a 000 that the reader accepts, or has the identification of another file
    /// of this output (control C5).
    pub fn en_tete(&mut self, fiche: &Fiche) -> Result<(), ErreurEcriture> {
        self.fermer_fichier()?;
        if fiche.genre() != Genre::EnTete {
            return Err(ErreurEcriture::Place { table: fiche.table().tag });
        }
        let mut record = fiche.finir()?;
        record[bornes(&t000::layout::LONGUEUR_ENREGISTREMENT)].copy_from_slice(b"128");
        let en_tete = EnTete::new(self.position(), self.comptes.fichiers + 1, record);
        let mut found = Vec::new();
        controles::zones(
            Some(fiche.table()),
            Famille::Aucun,
            &record,
            self.position(),
            Genre::EnTete,
            Place::Enveloppe,
            &mut found,
        );
        controles::en_tete(&en_tete, &mut found);
        accepter(found)?;
        if !self.remises.insert(cle_de_remise(&record)) {
            return Err(ErreurEcriture::Zone {
                table: "000",
                zone: t000::layout::IDENTIFICATION_FICHIER.no,
            });
        }
        self.debut_fichier = self.comptes.enregistrements;
        self.lots_du_fichier = 0;
        self.comptes.fichiers += 1;
        self.en_tete = Some(en_tete);
        self.ecrire(&record)
    }

    /// Begins a lot; ends the one before.
    ///
    /// # Errors
    /// When `fiche` is not a type 1 that the reader accepts, no logical file is open, or it has no
    /// room for another lot.
    pub fn lot(&mut self, fiche: &Fiche) -> Result<(), ErreurEcriture> {
        self.fermer_lot()?;
        if fiche.genre() != Genre::Lot || self.en_tete.is_none() {
            return Err(ErreurEcriture::Place { table: fiche.table().tag });
        }
        if self.lots_du_fichier >= LOTS_MAX {
            return Err(ErreurEcriture::FichierPlein);
        }
        let record = fiche.finir()?;
        let mut found = Vec::new();
        controles::zones(
            Some(fiche.table()),
            Famille::Aucun,
            &record,
            self.position(),
            Genre::Lot,
            Place::Enveloppe,
            &mut found,
        );
        accepter(found)?;
        let rang = u32::try_from(self.comptes.lots + 1).unwrap_or(u32::MAX);
        self.lot = Some(Lot::new(self.position(), rang, record, self.en_tete.as_ref()));
        self.comptes.lots += 1;
        self.lots_du_fichier += 1;
        self.compte_lot = CompteLot::default();
        self.numeros.clear();
        self.ecrire(&record)
    }

    /// Writes an invoice: its type 2 (with its NIR and number), its complements and its lines. The
    /// prefix of every record, the sequences and the type 5 are added here.
    ///
    /// # Errors
    /// When a record cannot stand there, the reader would object, or the lot has no room left;
    /// nothing of the invoice is then written.
    pub fn facture(&mut self, fiches: &[Fiche]) -> Result<Totaux, ErreurEcriture> {
        let Some(tables) = self.lot.as_ref().map(|l| l.tables) else {
            return Err(ErreurEcriture::Place { table: "2" });
        };
        let mut facture = self.assembler(fiches, tables)?;
        controles::facture(&mut facture, self.en_tete.as_ref());
        accepter(std::mem::take(&mut facture.anomalies))?;
        let mut compte = self.compte_lot;
        compte.ajouter(&facture);
        if compte
            .valeurs()
            .iter()
            .any(|(zone, n)| !remplir::nombre(&mut [0; 9][..usize::from(zone.len)], *n))
        {
            return Err(ErreurEcriture::LotPlein);
        }
        let numero = facture.zone_numero(Genre::Facture);
        let cle = numero.of(&facture.principale().record).try_into().unwrap_or_default();
        if !self.numeros.insert(cle) {
            return Err(ErreurEcriture::Zone { table: "2", zone: numero.no });
        }
        self.compte_lot = compte;
        let totaux = facture.totaux();
        self.comptes.factures += 1;
        self.comptes.lignes += facture.lignes().count() as u64;
        self.comptes.dans_factures += facture.pieces.len() as u64;
        self.comptes.total += totaux.total;
        self.comptes.amo += totaux.amo;
        self.comptes.amc += totaux.amc;
        for piece in &facture.pieces {
            self.ecrire(&piece.record)?;
        }
        Ok(totaux)
    }

    /// Ends the current lot by its type 6, if one is open.
    ///
    /// # Errors
    /// When the output fails.
    pub fn fermer_lot(&mut self) -> Result<(), ErreurEcriture> {
        use t6::layout as t;
        let Some(lot) = self.lot.take() else { return Ok(()) };
        let mut fiche = Fiche::nouvelle(&t::LAYOUT)
            .octets(
                &t::NO_PARTENAIRE_SANTE_CLE,
                t1::layout::NO_PARTENAIRE_SANTE_CLE.of(&lot.record),
            )
            .chiffres(&t::NO_LOT, &lot.numero())
            .octets(&t::INDICATEUR_MARQUAGE, &[self.marquage]);
        for (zone, valeur) in self.compte_lot.valeurs() {
            fiche = fiche.nombre(zone, valeur);
        }
        self.ecrire(&fiche.finir()?)
    }

    /// Ends the current lot and the current logical file by its 999, if one is open.
    ///
    /// # Errors
    /// When the output fails.
    pub fn fermer_fichier(&mut self) -> Result<(), ErreurEcriture> {
        use t999::layout as t;
        self.fermer_lot()?;
        let Some(en_tete) = self.en_tete.take() else { return Ok(()) };
        let repetees: [&'static Zone; 6] = [
            &t::TYPE_EMETTEUR,
            &t::NO_EMETTEUR,
            &t::TYPE_DESTINATAIRE,
            &t::NO_DESTINATAIRE,
            &t::APPLICATION,
            &t::IDENTIFICATION_FICHIER,
        ];
        let mut fiche = Fiche::nouvelle(&t::LAYOUT)
            .nombre(
                &t::NOMBRE_ENREGISTREMENTS,
                self.comptes.enregistrements - self.debut_fichier + 1,
            )
            .nombre(&t::NOMBRE_LOTS, self.lots_du_fichier);
        for zone in repetees {
            // Same columns in the 000.
            fiche = fiche.octets(zone, zone.of(&en_tete.record));
        }
        self.ecrire(&fiche.finir()?)
    }

    /// Ends everything that is open, and gives the output back.
    ///
    /// # Errors
    /// When the output fails.
    pub fn terminer(mut self) -> Result<(W, Comptes), ErreurEcriture> {
        self.fermer_fichier()?;
        self.sortie.flush()?;
        Ok((self.sortie, self.comptes))
    }

    /// The records of an invoice with their prefix and sequence, and its type 5.
    fn assembler(&self, fiches: &[Fiche], tables: Tables) -> Result<Facture, ErreurEcriture> {
        let premiere = fiches
            .first()
            .filter(|f| f.genre() == Genre::Facture)
            .ok_or(ErreurEcriture::Place { table: "2" })?;
        let mut prefixe = Prefixe::de(premiere, tables)?;
        if let Some(lot) = &self.lot {
            prefixe.commun[..9]
                .copy_from_slice(t1::layout::NO_PARTENAIRE_SANTE_CLE.of(&lot.record));
        }
        let mut pieces: Vec<Piece> = Vec::with_capacity(fiches.len() + 1);
        for fiche in fiches {
            let genre = fiche.genre();
            let attendue = tables.layout(genre).is_some_and(|t| std::ptr::eq(t, fiche.table()));
            let en_trop = !pieces.is_empty() && genre == Genre::Facture
                || matches!(genre.famille(tables.norme), Famille::Aucun);
            if !attendue || en_trop || genre == Genre::FinFacture {
                return Err(ErreurEcriture::Place { table: fiche.table().tag });
            }
            let mut record = fiche.finir()?;
            prefixe.poser(&mut record, genre, tables.norme);
            sequence(&mut record, fiche, &pieces)?;
            pieces.push(self.piece(genre, record, pieces.len()));
        }
        let mut fin = fin_facture(&pieces, tables)?;
        prefixe.poser(&mut fin, Genre::FinFacture, tables.norme);
        pieces.push(self.piece(Genre::FinFacture, fin, pieces.len()));
        let lot = self.lot.as_ref().map_or(0, |l| l.rang);
        Ok(Facture {
            rang: self.comptes.factures + 1,
            fichier: self.comptes.fichiers,
            lot,
            tables,
            pieces,
            anomalies: Vec::new(),
        })
    }

    fn piece(&self, genre: Genre, record: Record, rang: usize) -> Piece {
        let Position { record: premier, offset } = self.position();
        let pas = (LONGUEUR + self.fin_de_ligne().len()) as u64;
        let position =
            Position { record: premier + rang as u64, offset: offset + pas * rang as u64 };
        Piece { genre, position, record, douteux: false }
    }

    /// Where the next record will stand.
    const fn position(&self) -> Position {
        Position { record: self.comptes.enregistrements + 1, offset: self.offset }
    }

    const fn fin_de_ligne(&self) -> &'static [u8] {
        fin_de_ligne(self.forme)
    }

    fn ecrire(&mut self, record: &Record) -> Result<(), ErreurEcriture> {
        self.sortie.write_all(record)?;
        let fin = self.fin_de_ligne();
        self.sortie.write_all(fin)?;
        self.comptes.enregistrements += 1;
        self.offset += (LONGUEUR + fin.len()) as u64;
        Ok(())
    }
}

/// What ends a record.
const fn fin_de_ligne(forme: Forme) -> &'static [u8] {
    match forme {
        Forme::Blocs => b"",
        Forme::Crlf => b"\r\n",
        Forme::Lf => b"\n",
    }
}

fn accepter(found: Vec<Anomaly>) -> Result<(), ErreurEcriture> {
    if found.is_empty() { Ok(()) } else { Err(ErreurEcriture::Refus(found)) }
}

/// Writes a file back as it is read: the same bytes for every file without anomaly, records of
/// unknown layout and mixed line ends included.
///
/// What is written of a file with anomalies is what its reader hands out: padding behind a 999 and
/// what stands at an impossible place are left out.
///
/// # Errors
/// When the source or the output fails.
pub fn recopier<R: Read, W: Write>(lecteur: &mut Lecteur<R>, mut sortie: W) -> io::Result<()> {
    let (mut fin, forme) = (None, lecteur.source().forme());
    while let Some(element) = lecteur.suivant()? {
        for (offset, record) in element.records() {
            sortie.write_all(entre(fin, offset, forme))?;
            sortie.write_all(record)?;
            fin = Some(offset + LONGUEUR as u64);
        }
    }
    sortie.write_all(if lecteur.source().fin_par_cr() {
        b"\r"
    } else {
        entre(fin, lecteur.source().offset(), forme)
    })?;
    sortie.flush()
}

/// The line end between the end of a record and what follows it: of its length in the source, of
/// the form of the file where padding hides it.
fn entre(fin: Option<u64>, suite: u64, forme: Forme) -> &'static [u8] {
    let longueur = fin.map_or(0, |fin| suite.saturating_sub(fin));
    match (longueur, forme) {
        (0, _) => b"",
        (1, Forme::Crlf | Forme::Lf) => b"\n",
        (2, Forme::Crlf | Forme::Lf) => b"\r\n",
        _ => fin_de_ligne(forme),
    }
}

impl Element {
    /// The records of the element as read, each with its offset.
    pub fn records(&self) -> impl Iterator<Item = (u64, &Record)> {
        let (seul, pieces): (Option<(u64, &Record)>, &[Piece]) = match self {
            Self::EnTete(e) => (Some((e.position.offset, &e.record)), &[]),
            Self::Lot(l) => (Some((l.position.offset, &l.record)), &[]),
            Self::ComplementLot(c) => (Some((c.position.offset, &c.record)), &[]),
            Self::Facture(f) => (None, &f.pieces),
            Self::FinLot(f) => (Some((f.position.offset, &f.record)), &[]),
            Self::FinFichier(f) => (Some((f.position.offset, &f.record)), &[]),
            Self::Anomalies(_) => (None, &[]),
        };
        seul.into_iter().chain(pieces.iter().map(|p| (p.position.offset, &p.record)))
    }
}
