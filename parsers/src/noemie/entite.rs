//! An entity as found in a file: its code, its level, its bytes and the place of each of them.
//!
//! Never prints its bytes: they may name a person.

use crate::anomaly::{Anomaly, Code, Position};
use crate::layout::{Layout, Zone};
use crate::physical::noemie_blocs::UTILE;
use std::fmt;

use super::{
    e000, e010, e020, e025, e040, e045, e070, e071, e080, e081, e100, e102, e103, e110, e120, e127,
    e140, e150, e155, e160, e198, e199, e210, e250, e255, e261, e262, e290, e294, e295, e990, e999,
    retour_concentrateur,
};

/// Level of a leaf.
pub const FEUILLE: u8 = 99;

/// The tables of the entities whose length is known; 000 and 999 are records, not entities.
pub static ENTITES: &[&Layout] = &[
    &e010::layout::LAYOUT,
    &e020::layout::LAYOUT,
    &e040::layout::LAYOUT,
    &e070::layout::LAYOUT,
    &e071::layout::LAYOUT,
    &e080::layout::LAYOUT,
    &e081::layout::LAYOUT,
    &e100::layout::LAYOUT,
    &e102::layout::LAYOUT,
    &e103::layout::LAYOUT,
    &e110::layout::LAYOUT,
    &e120::layout::LAYOUT,
    &e140::layout::LAYOUT,
    &e150::layout::LAYOUT,
    &e160::layout::LAYOUT,
    &e198::layout::LAYOUT,
    &e199::layout::LAYOUT,
    &e210::layout::LAYOUT,
    &e250::layout::LAYOUT,
    &e261::layout::LAYOUT,
    &e262::layout::LAYOUT,
    &e290::layout::LAYOUT,
    &e294::layout::LAYOUT,
    &e295::layout::LAYOUT,
    &e990::layout::LAYOUT,
];

/// The entities of reference 687 that are known in part. Their length is not: they are cut at their
/// `@` and kept raw, and these tables name what can be read in them. Provisional, one source.
pub static PARTIELLES: &[&Layout] = &[
    &e025::partiel::LAYOUT,
    &e045::partiel::LAYOUT,
    &e127::partiel::LAYOUT,
    &e155::partiel::LAYOUT,
    &e255::partiel::LAYOUT,
];

/// The registry: the records 000 and 999, every entity, those known in part, the second readings of
/// entities that sources disagree on, and the notices of a concentrator.
pub fn tables() -> impl Iterator<Item = &'static Layout> {
    let lectures = [&e110::lecture_s1::LAYOUT, &e294::lecture_s1::LAYOUT];
    let bornes = [&e000::layout::LAYOUT, &e999::layout::LAYOUT];
    bornes
        .into_iter()
        .chain(ENTITES.iter().copied())
        .chain(PARTIELLES.iter().copied())
        .chain(lectures)
        .chain([&retour_concentrateur::layout::LAYOUT])
}

/// The table of an entity by its three digits.
#[must_use]
pub fn table(code: &[u8]) -> Option<&'static Layout> {
    let rang = RANGS.get(numero(code)?)?;
    ENTITES.get(usize::from(*rang)).copied()
}

/// Rank in [`ENTITES`] of each code 000 to 999; a rank past its end where there is no table. Every
/// entity of a file is looked up here.
static RANGS: [u8; 1_000] = {
    let mut rangs = [u8::MAX; 1_000];
    let mut rang = 0u8;
    while (rang as usize) < ENTITES.len() {
        if let Some(n) = numero(ENTITES[rang as usize].tag.as_bytes()) {
            rangs[n] = rang;
        }
        rang += 1;
    }
    rangs
};

/// Three digits as a number.
const fn numero(code: &[u8]) -> Option<usize> {
    match code {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some((*a - b'0') as usize * 100 + (*b - b'0') as usize * 10 + (*c - b'0') as usize)
        }
        _ => None,
    }
}

/// Where the first byte of an entity stands, and how to find the others: in blocks an entity may
/// span several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lieu {
    /// Physical record, and offset of its body (of the block, flag included, in blocks).
    pub position: Position,
    /// Column in that record, 1-based.
    pub colonne: u32,
    /// Whether the file is in 128-byte blocks.
    pub blocs: bool,
}

impl Lieu {
    /// The place `n` bytes further.
    #[must_use]
    pub fn plus_loin(self, n: usize) -> Self {
        let n = n as u64;
        if !self.blocs {
            return Self {
                colonne: self.colonne.saturating_add(u32::try_from(n).unwrap_or(u32::MAX)),
                ..self
            };
        }
        // Column 1 of a block is its flag: the stream starts at column 2.
        let utile = UTILE as u64;
        let rang = u64::from(self.colonne.saturating_sub(2)) + n;
        let sauts = rang / utile;
        Self {
            position: Position {
                record: self.position.record + sauts,
                offset: self.position.offset + sauts * (utile + 1),
            },
            colonne: u32::try_from(rang % utile).expect("below 127") + 2,
            blocs: true,
        }
    }

    /// Offset in the file, 0-based.
    #[must_use]
    pub fn offset(self) -> u64 {
        self.position.offset + u64::from(self.colonne) - 1
    }

    /// An anomaly that starts here.
    #[must_use]
    pub fn anomalie(self, code: Code, entite: &str, message: impl Into<String>) -> Anomaly {
        let offset = self.offset();
        Anomaly {
            column: self.colonne,
            offset,
            ..Anomaly::on_record(code, self.position, entite, message)
        }
    }
}

/// One entity, kept as found.
#[derive(Clone)]
pub struct Entite {
    /// Its three digits.
    pub code: [u8; 3],
    /// Level read in the file: 99 = leaf.
    pub niveau: u8,
    /// Where it starts.
    pub lieu: Lieu,
    /// All its bytes, delimiter included.
    pub octets: Vec<u8>,
    /// Whether `@` ends it.
    pub fermee: bool,
    /// Its table, when its length is known.
    pub table: Option<&'static Layout>,
}

impl PartialEq for Entite {
    /// The same bytes at the same place; everything else is read from them.
    fn eq(&self, autre: &Self) -> bool {
        self.lieu == autre.lieu && self.octets == autre.octets
    }
}

impl Eq for Entite {}

impl Entite {
    /// Its three digits as text.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("three ASCII digits, checked when it was cut")
    }

    /// The table of what is known of it, when its length is not ([`PARTIELLES`]); a zone past its
    /// end is empty.
    #[must_use]
    pub fn partielle(&self) -> Option<&'static Layout> {
        PARTIELLES.iter().copied().find(|t| t.tag.as_bytes() == self.code)
    }

    /// An anomaly on one of its zones, at the physical place of that zone.
    #[must_use]
    pub fn sur_zone(&self, code: Code, zone: &'static Zone, message: impl Into<String>) -> Anomaly {
        let lieu = self.lieu.plus_loin(usize::from(zone.start) - 1);
        let zonee = Anomaly::on_zone(code, lieu.position, self.code(), zone, &self.octets, message);
        Anomaly { column: lieu.colonne, offset: lieu.offset(), ..zonee }
    }

    /// An anomaly on the whole entity.
    #[must_use]
    pub fn anomalie(&self, code: Code, message: impl Into<String>) -> Anomaly {
        self.lieu.anomalie(code, self.code(), message)
    }

    /// Whether it holds a zone that names or numbers a person.
    #[must_use]
    pub fn porte_une_personne(&self) -> bool {
        self.table.is_none_or(|t| t.all_zones().any(|z| z.picture.is_person()))
    }
}

impl fmt::Debug for Entite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entite")
            .field("code", &self.code())
            .field("niveau", &self.niveau)
            .field("lieu", &self.lieu)
            .field("longueur", &self.octets.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_the_blocks() {
        let lieu =
            Lieu { position: Position { record: 2, offset: 128 }, colonne: 100, blocs: true };
        let dernier = lieu.plus_loin(28);
        assert_eq!((dernier.position.record, dernier.colonne, dernier.offset()), (2, 128, 255));
        let suivant = lieu.plus_loin(29);
        assert_eq!((suivant.position.record, suivant.colonne, suivant.offset()), (3, 2, 257));
    }

    #[test]
    fn every_table_ends_with_its_delimiter() {
        for table in ENTITES {
            let dernier = table.zones.last().expect("tables have zones");
            assert_eq!((dernier.name, dernier.end()), ("délimiteur", table.len), "{}", table.tag);
        }
    }
}
