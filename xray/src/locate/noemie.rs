//! Finds the chosen physical records of a NOEMIE file, with the entities in each. In blocks, an
//! entity may cross records.

use super::{Content, Entry, Located, Part, entry};
use crate::choice::{Choice, Wanted};
use noemie_parsers::anomaly::Position;
use noemie_parsers::layout::{Famille, Layout};
use noemie_parsers::noemie::{self, Borne, Entite, Flux, Morceau, Packaging, Reader, e000, e999};
use noemie_parsers::physical::noemie_blocs::BLOC;
use std::io::{self, Read, Seek, SeekFrom};

pub(crate) fn find(
    mut source: impl Read + Seek,
    packaging: Packaging,
    wanted: &mut Wanted,
    located: &mut Located,
) -> io::Result<()> {
    if matches!(wanted.choice, Choice::Invoice(_)) {
        invoices(&mut source, packaging, wanted)?;
        source.seek(SeekFrom::Start(0))?;
    }
    let last = wanted.records().last().unwrap_or_default();
    let mut flux = Flux::new(source, packaging);
    while let Some(piece) = flux.prochain()? {
        match piece {
            Morceau::EnTete(borne) => envelope(&borne, &e000::layout::LAYOUT, wanted, located),
            Morceau::Fin(borne) => envelope(&borne, &e999::layout::LAYOUT, wanted, located),
            Morceau::Entite(entity) => {
                if entity.lieu.position.record > last {
                    break;
                }
                spread(&entity, wanted, located);
            }
            Morceau::Faute(_) => {}
        }
    }
    Ok(())
}

/// Adds the records of the chosen invoices to the choice.
fn invoices(source: impl Read, packaging: Packaging, wanted: &mut Wanted) -> io::Result<()> {
    let mut reader = Reader::new(source, packaging);
    while let Some(element) = reader.next_element()? {
        let noemie::Element::Retour(retour) = element else { continue };
        if wanted.is_invoice(&retour.numero) {
            for entity in &retour.entites {
                wanted.add(entity.lieu.position.record);
                wanted.add(
                    entity.lieu.plus_loin(entity.octets.len().saturating_sub(1)).position.record,
                );
            }
        }
    }
    Ok(())
}

fn envelope(borne: &Borne, table: &'static Layout, wanted: &Wanted, located: &mut Located) {
    located.see(wanted, borne.position, || {
        entry(
            borne.position,
            table.tag.to_owned(),
            None,
            Content::Record(Some(table), Famille::Aucun),
        )
    });
}

/// The bytes of an entity that stand in one record.
pub(crate) struct PartOfEntity {
    /// The record.
    pub(crate) at: Position,
    /// Column of the first of them, 1-based.
    pub(crate) column: usize,
    /// Rank of the first of them in the entity, 0-based.
    pub(crate) from: usize,
    /// Number of them.
    pub(crate) len: usize,
}

/// Returns the parts of an entity, one for each record that holds bytes of it.
pub(crate) fn parts(entity: &Entite) -> impl Iterator<Item = PartOfEntity> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = entity.octets.len().checked_sub(from).filter(|rest| *rest > 0)?;
        let here = entity.lieu.plus_loin(from);
        let column = usize::try_from(here.colonne).unwrap_or(usize::MAX);
        let room = if here.blocs { (BLOC + 1).saturating_sub(column).max(1) } else { usize::MAX };
        let part = PartOfEntity { at: here.position, column, from, len: room.min(rest) };
        from += part.len;
        Some(part)
    })
}

/// Adds an entity to each of the records that hold a part of it.
fn spread(entity: &Entite, wanted: &Wanted, located: &mut Located) {
    for PartOfEntity { at, column, from, len } in parts(entity) {
        let part = Part {
            code: entity.code().to_owned(),
            table: entity.table,
            bytes: entity.octets.clone(),
            from,
            column,
            len,
            closed: entity.fermee,
        };
        add(part, at, wanted, located);
    }
}

fn add(part: Part, at: Position, wanted: &Wanted, located: &mut Located) {
    if let Some(Entry { content: Content::Entities(parts), .. }) =
        located.entries.get_mut(&at.record)
    {
        parts.push(part);
        return;
    }
    located.see(wanted, at, || entry(at, String::new(), None, Content::Entities(vec![part])));
}
