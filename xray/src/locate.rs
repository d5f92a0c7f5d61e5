//! Finds the chosen records in a file: offset, type, table and invoice of each, then its bytes.
//!
//! The file is read a second time, by the same readers as in `validate`. Records that no reader
//! returns (at an impossible position, or after the end) are found by their framing.

pub(crate) mod noemie;

use crate::Report;
use crate::choice::Wanted;
use noemie_parsers::anomaly::Position;
use noemie_parsers::b2::genre::{self, Tables};
use noemie_parsers::b2::{self, Genre, Lecteur, NormeLot};
use noemie_parsers::detect::Norme;
use noemie_parsers::layout::{Famille, Layout};
use noemie_parsers::noemie::Packaging;
use noemie_parsers::noemie::retour_concentrateur::{self, LecteurAvis, Notice};
use noemie_parsers::physical::enregistrements::{Enregistrements, Forme, LONGUEUR};
use noemie_parsers::physical::noemie_lignes::CORPS_MAX;
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Longest part of a B2 record that is shown, bytes: four records, so that a record without line
/// end shows what it runs into.
const MAX_SHOWN_BYTES: usize = 4 * LONGUEUR;

/// A part of a NOEMIE entity in a physical record.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Three digits.
    pub(crate) code: String,
    pub(crate) table: Option<&'static Layout>,
    /// The whole entity.
    pub(crate) bytes: Vec<u8>,
    /// First byte of the entity in this record, 0-based.
    pub(crate) from: usize,
    /// Column of that byte in the record, 1-based.
    pub(crate) column: usize,
    /// Number of bytes of the entity in this record.
    pub(crate) len: usize,
    /// Whether the entity ends with its delimiter `@`.
    pub(crate) closed: bool,
}

impl Part {
    /// Returns the columns of the part in its record, 0-based.
    pub(crate) const fn columns(&self) -> Range<usize> {
        self.column - 1..self.column - 1 + self.len
    }
}

/// Content of a record.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A record with its table, and its shared columns when the table is unknown.
    Record(Option<&'static Layout>, Famille),
    /// Entities.
    Entities(Vec<Part>),
}

/// A chosen record.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) record: u64,
    /// Offset of its first column.
    pub(crate) offset: u64,
    /// Offset of the next record, where it is known.
    pub(crate) end: Option<u64>,
    pub(crate) kind: String,
    pub(crate) invoice: Option<String>,
    pub(crate) content: Content,
}

/// The chosen records found so far.
#[derive(Debug, Default)]
pub(crate) struct Located {
    entries: BTreeMap<u64, Entry>,
    previous: u64,
}

impl Located {
    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.entries.into_values().collect()
    }

    /// Takes a record that a reader returned; keeps it when it is chosen.
    fn see(&mut self, wanted: &Wanted, at: Position, entry: impl FnOnce() -> Entry) {
        if at.record == self.previous + 1
            && let Some(before) = self.entries.get_mut(&self.previous)
        {
            before.end = Some(at.offset);
        }
        self.previous = at.record;
        if wanted.wants(at.record) {
            self.entries.entry(at.record).or_insert_with(entry);
        }
    }
}

/// Finds the chosen records.
pub(crate) fn find(
    source: &mut (impl Read + Seek),
    norme: Norme,
    report: &Report,
    wanted: &mut Wanted,
    located: &mut Located,
) -> io::Result<()> {
    source.seek(SeekFrom::Start(0))?;
    match norme {
        Norme::B2(forme) => find_b2(&mut *source, forme, wanted, located)?,
        Norme::Concentrateur(_) => find_notices(&mut *source, wanted, located)?,
        Norme::NoemieLignes => noemie::find(&mut *source, Packaging::Lignes, wanted, located)?,
        Norme::NoemieBlocs => noemie::find(&mut *source, Packaging::Blocs, wanted, located)?,
    }
    fill(source, norme, report, wanted, located)
}

fn find_b2(
    source: impl Read,
    forme: Forme,
    wanted: &mut Wanted,
    located: &mut Located,
) -> io::Result<()> {
    let mut reader = Lecteur::new(source, forme);
    let last = wanted.last();
    while located.previous <= last
        && let Some(element) = reader.suivant()?
    {
        let (at, genre) = match &element {
            b2::Element::EnTete(e) => (e.position, Genre::EnTete),
            b2::Element::Lot(l) => (l.position, Genre::Lot),
            b2::Element::ComplementLot(c) => (c.position, c.genre),
            b2::Element::FinLot(f) => (f.position, Genre::FinLot),
            b2::Element::FinFichier(f) => (f.position, Genre::FinFichier),
            b2::Element::Facture(facture) => {
                invoice(facture, wanted, located);
                continue;
            }
            b2::Element::Anomalies(_) => continue,
        };
        let table = Tables { norme: NormeLot::Ps, v022003: false, dre: true }.layout(genre);
        located.see(wanted, at, || {
            entry(at, genre.nom(), None, Content::Record(table, Famille::Aucun))
        });
    }
    Ok(())
}

fn invoice(facture: &b2::Facture, wanted: &mut Wanted, located: &mut Located) {
    let number = facture.numero();
    if wanted.is_invoice(&number) {
        facture.pieces.iter().for_each(|p| wanted.add(p.position.record));
    }
    for piece in &facture.pieces {
        located.see(wanted, piece.position, || {
            // The reader takes the first 2 of an invoice for its main record: after a damage
            // it may be a complement, whose NIR is in another column.
            let by_its_letter = genre::complement(
                genre::principal(&piece.record),
                &piece.record,
                facture.tables.norme,
            );
            let table = facture.tables.layout(piece.genre).filter(|_| by_its_letter == piece.genre);
            let content = Content::Record(table, piece.genre.famille(facture.tables.norme));
            entry(piece.position, piece.genre.nom(), Some(number.clone()), content)
        });
    }
}

fn find_notices(source: impl Read, wanted: &mut Wanted, located: &mut Located) -> io::Result<()> {
    let last = wanted.last();
    for notice in LecteurAvis::new(source) {
        let Notice::Avis(avis) = notice? else { continue };
        if wanted.is_invoice(&avis.numero) {
            wanted.add(avis.position.record);
        }
        let content =
            || Content::Record(Some(&retour_concentrateur::layout::LAYOUT), Famille::Aucun);
        located.see(wanted, avis.position, || {
            entry(avis.position, "2".to_owned(), Some(avis.numero.clone()), content())
        });
        if located.previous > last {
            break;
        }
    }
    Ok(())
}

fn entry(at: Position, kind: String, invoice: Option<String>, content: Content) -> Entry {
    Entry { record: at.record, offset: at.offset, end: None, kind, invoice, content }
}

/// Finds the chosen records that no reader returned: by their finding, or by their framing.
fn fill(
    source: &mut (impl Read + Seek),
    norme: Norme,
    report: &Report,
    wanted: &Wanted,
    located: &mut Located,
) -> io::Result<()> {
    let mut missing: Vec<u64> = wanted
        .records()
        .filter(|r| *r <= report.records && !located.entries.contains_key(r))
        .collect();
    missing.extend(
        wanted.records().filter(|r| *r > report.records && !wanted.findings(*r).is_empty()),
    );
    if missing.is_empty() {
        return Ok(());
    }
    let mut offsets: BTreeMap<u64, u64> = BTreeMap::new();
    for record in &missing {
        if let Some(found) = wanted.findings(*record).iter().find(|f| f.column == Some(1)) {
            offsets.insert(*record, found.offset);
        }
    }
    match norme {
        Norme::B2(Forme::Blocs) | Norme::Concentrateur(Forme::Blocs) | Norme::NoemieBlocs => {
            missing.iter().for_each(|r| _ = offsets.entry(*r).or_insert((r - 1) * LONGUEUR as u64));
        }
        Norme::B2(forme) | Norme::Concentrateur(forme) => {
            source.seek(SeekFrom::Start(0))?;
            let mut records = Enregistrements::new(&mut *source, forme);
            let last = missing.last().copied().unwrap_or_default();
            while let Some(r) = records.suivant(LONGUEUR)?.filter(|r| r.position.record <= last) {
                if missing.binary_search(&r.position.record).is_ok() {
                    offsets.entry(r.position.record).or_insert(r.position.offset);
                }
            }
        }
        // The reader returned every line that is not empty: what is left has a finding.
        Norme::NoemieLignes => {}
    }
    for (record, offset) in offsets {
        let mut found = entry(
            Position { record, offset },
            String::new(),
            None,
            Content::Record(None, Famille::Aucun),
        );
        let bytes = raw(source, Some(norme), &found)?.bytes;
        if let Norme::B2(_) = norme {
            (found.kind, found.content) = by_its_type(&bytes);
        }
        located.entries.insert(record, found);
    }
    Ok(())
}

/// Type of a record outside any lot, and its table when the type has one only.
fn by_its_type(bytes: &[u8]) -> (String, Content) {
    let genre = genre::principal(bytes);
    let tables = Tables { norme: NormeLot::Ps, v022003: false, dre: true };
    match genre {
        Genre::EnTete | Genre::Lot | Genre::FinLot | Genre::FinFichier => {
            (genre.nom(), Content::Record(tables.layout(genre), Famille::Aucun))
        }
        Genre::Inconnu(_) => (genre.nom(), Content::Record(None, Famille::Aucun)),
        _ => (genre.nom(), Content::Record(None, Famille::Famille36)),
    }
}

/// Bytes of a record.
#[derive(Debug)]
pub(crate) struct Raw {
    /// Length announced before the record (NOEMIE in lines).
    pub(crate) prefix: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// Reads the bytes of a record, line end excluded.
pub(crate) fn raw(
    source: &mut (impl Read + Seek),
    norme: Option<Norme>,
    entry: &Entry,
) -> io::Result<Raw> {
    let lines = matches!(norme, Some(Norme::NoemieLignes));
    let start = if lines { entry.offset.saturating_sub(4) } else { entry.offset };
    source.seek(SeekFrom::Start(start))?;
    let blocks = matches!(norme, Some(Norme::B2(Forme::Blocs) | Norme::NoemieBlocs));
    let most = match (blocks, entry.end) {
        (true, Some(end)) => {
            usize::try_from(end - entry.offset).unwrap_or(MAX_SHOWN_BYTES).min(MAX_SHOWN_BYTES)
        }
        (true, None) => LONGUEUR,
        (false, _) if lines => 4 + CORPS_MAX + 2,
        (false, _) => MAX_SHOWN_BYTES + 2,
    };
    let mut bytes = Vec::with_capacity(most);
    source.by_ref().take(most as u64).read_to_end(&mut bytes)?;
    if !blocks && let Some(end) = bytes.iter().position(|b| *b == b'\n') {
        bytes.truncate(end);
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    let before = usize::try_from(entry.offset - start).unwrap_or(0).min(bytes.len());
    let prefix: Vec<u8> = bytes.drain(..before).collect();
    // Other bytes than digits are not shown: they may be of a person.
    let readable = prefix.len() == 4 && prefix.iter().all(u8::is_ascii_digit);
    let prefix = (lines && !bytes.is_empty()).then(|| {
        if readable {
            prefix.iter().copied().map(char::from).collect()
        } else {
            "illisible".to_owned()
        }
    });
    Ok(Raw { prefix, bytes })
}
