//! Finds the records that hold a faulty one: the 000, the lot and the invoice, or the groups of a
//! return.
//!
//! The file is read up to its last fault. A group stays open from its first record to the next
//! group of its level; when it closes, it is kept if it has a fault. A record that no reader
//! returns has its context too.

use crate::choice::{Choice, Place, Wanted};
use crate::locate::noemie::parts;
use noemie_parsers::anomaly::Position;
use noemie_parsers::b2::{Element, Lecteur};
use noemie_parsers::detect::Norme;
use noemie_parsers::noemie::{Entite, FEUILLE, Flux, Morceau, Packaging};
use noemie_parsers::physical::enregistrements::{Forme, LONGUEUR};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Level of a logical file, in both norms: groups of NOEMIE begin at 1.
const FILE: u8 = 0;
/// Level of a lot of norm B2.
const LOT: u8 = 1;
/// Level of an invoice of norm B2.
const INVOICE: u8 = 2;

/// Adds the context of the chosen records to those that are wanted.
pub(crate) fn find(
    source: &mut (impl Read + Seek),
    norme: Norme,
    wanted: &mut Wanted,
) -> io::Result<()> {
    let Some(last) = wanted.last_fault().filter(|_| wanted.choice == Choice::Overview) else {
        return Ok(());
    };
    source.seek(SeekFrom::Start(0))?;
    let mut groups = Groups { open: Vec::new(), wanted };
    match norme {
        Norme::B2(forme) => b2(source, forme, last, &mut groups)?,
        Norme::NoemieLignes => noemie(source, Packaging::Lignes, last, &mut groups)?,
        Norme::NoemieBlocs => noemie(source, Packaging::Blocs, last, &mut groups)?,
        // A notice has no group.
        Norme::Concentrateur(_) => {}
    }
    groups.close(FILE, (last.0.saturating_add(1), 1));
    Ok(())
}

/// A group of records that is open.
struct Group {
    level: u8,
    from: Place,
    /// Records that open the group, with the columns, 0-based, of what opens it.
    shown: Vec<(u64, Range<usize>)>,
    /// Whether the sound records of the group are of interest too.
    is_invoice: bool,
}

/// The groups open at a place of the file, outermost first.
struct Groups<'w> {
    open: Vec<Group>,
    wanted: &'w mut Wanted,
}

impl Groups<'_> {
    /// Opens a group that begins with a whole record.
    fn record(&mut self, level: u8, first: Position, shown: Position) {
        self.open(Group {
            level,
            from: (first.record, 1),
            shown: vec![(shown.record, 0..LONGUEUR)],
            is_invoice: level == INVOICE,
        });
    }

    fn open(&mut self, group: Group) {
        self.close(group.level, group.from);
        self.open.push(group);
    }

    /// Closes the groups of a level and those inside them, which end before a place.
    fn close(&mut self, level: u8, end: Place) {
        while let Some(group) = self.open.pop_if(|group| group.level >= level) {
            if !self.wanted.has_fault(group.from..end) {
                continue;
            }
            for (record, columns) in group.shown {
                self.wanted.hold(record, columns);
            }
            if group.is_invoice {
                let last = end.0.saturating_sub(u64::from(end.1 == 1));
                self.wanted.fold(group.from.0..=last);
            }
        }
    }
}

fn b2(source: impl Read, forme: Forme, last: Place, groups: &mut Groups<'_>) -> io::Result<()> {
    let mut reader = Lecteur::new(source, forme);
    let mut reached = 0;
    while reached <= last.0
        && let Some(element) = reader.suivant()?
    {
        reached = match &element {
            Element::EnTete(e) => {
                groups.record(FILE, e.position, e.position);
                e.position.record
            }
            Element::Lot(lot) => {
                groups.record(LOT, lot.position, lot.position);
                lot.position.record
            }
            Element::Facture(facture) => {
                let main = facture.principale().position;
                let first = facture.pieces.first().map_or(main, |piece| piece.position);
                groups.record(INVOICE, first, main);
                first.record
            }
            Element::FinLot(fin) => {
                groups.close(INVOICE, (fin.position.record, 1));
                groups.close(LOT, (fin.position.record + 1, 1));
                fin.position.record
            }
            Element::FinFichier(fin) => {
                groups.close(LOT, (fin.position.record, 1));
                groups.close(FILE, (fin.position.record + 1, 1));
                fin.position.record
            }
            Element::ComplementLot(_) | Element::Anomalies(_) => reached,
        };
    }
    Ok(())
}

fn noemie(
    source: impl Read,
    packaging: Packaging,
    last: Place,
    groups: &mut Groups<'_>,
) -> io::Result<()> {
    let mut flux = Flux::new(source, packaging);
    while let Some(piece) = flux.prochain()? {
        match piece {
            Morceau::EnTete(borne) => groups.record(FILE, borne.position, borne.position),
            Morceau::Fin(borne) => groups.close(FILE, (borne.position.record + 1, 1)),
            Morceau::Entite(entity) if place(&entity, 0) > last => break,
            Morceau::Entite(entity) => groups_of(&entity, groups),
            Morceau::Faute(_) => {}
        }
    }
    Ok(())
}

/// Opens or closes a group: 990 closes that of its level, a leaf opens none.
fn groups_of(entity: &Entite, groups: &mut Groups<'_>) {
    if entity.niveau == FEUILLE {
        return;
    }
    if entity.code == *b"990" {
        groups.close(entity.niveau, place(entity, entity.octets.len()));
        return;
    }
    groups.open(Group {
        level: entity.niveau.max(1),
        from: place(entity, 0),
        shown: parts(entity).map(|p| (p.at.record, p.column - 1..p.column - 1 + p.len)).collect(),
        is_invoice: entity.code == *b"102",
    });
}

fn place(entity: &Entite, byte: usize) -> Place {
    let lieu = entity.lieu.plus_loin(byte);
    (lieu.position.record, lieu.colonne)
}
