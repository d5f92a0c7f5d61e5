//! What a record is: its type, whether it is a complement, and the table that describes it.
//!
//! Two prefixes decide everything (see [`crate::layout::Famille`]): in family 36 the complement
//! letter is at column 36, in family 39 (CP and ES records 2 2S 3 3S 3E 4 5) at column 39.

use super::{
    Record, t000, t1, t2, t2b, t2c, t2m, t2p, t2s, t2x, t3, t3e, t3f, t3h, t3s, t4, t4b, t4c, t4d,
    t4e, t4f, t4h, t4m, t4p, t4s, t4t, t4u, t5, t6, t999,
};
use crate::layout::{Famille, Layout};

/// Which tables a lot uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormeLot {
    /// Practitioners, pharmacies, transport, laboratories, suppliers: every norm code but CP and
    /// ES.
    Ps,
    /// Establishments: norm codes CP and ES (type 1, columns 79-80).
    Cp,
}

impl NormeLot {
    /// The norm of a type 1 record.
    #[must_use]
    pub fn of_lot(record: &[u8]) -> Self {
        match t1::layout::CODE_NORME.of(record) {
            b"CP" | b"ES" => Self::Cp,
            _ => Self::Ps,
        }
    }
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Genre {
    /// 000.
    EnTete,
    /// 1, first of a lot.
    Lot,
    /// 1 with a letter at 39, second of a lot (1V, 1W: layout unknown).
    ComplementLot(u8),
    /// 2, main record.
    Facture,
    /// 2 with a letter.
    ComplementFacture(u8),
    /// 3, main record.
    Ligne3,
    /// 3 with a letter.
    Complement3(u8),
    /// 4, main record.
    Ligne4,
    /// 4 with a letter.
    Complement4(u8),
    /// 5, main record.
    FinFacture,
    /// 5 with a letter (5T, 5U: layout unknown).
    ComplementFin(u8),
    /// 6.
    FinLot,
    /// 999.
    FinFichier,
    /// Anything else.
    Inconnu(u8),
}

impl Genre {
    /// The name of the record: `4`, `2S`, `999`.
    #[must_use]
    pub fn nom(self) -> String {
        let with = |digit: char, letter: u8| format!("{digit}{}", printable(letter));
        match self {
            Self::EnTete => "000".into(),
            Self::Lot => "1".into(),
            Self::ComplementLot(l) => with('1', l),
            Self::Facture => "2".into(),
            Self::ComplementFacture(l) => with('2', l),
            Self::Ligne3 => "3".into(),
            Self::Complement3(l) => with('3', l),
            Self::Ligne4 => "4".into(),
            Self::Complement4(l) => with('4', l),
            Self::FinFacture => "5".into(),
            Self::ComplementFin(l) => with('5', l),
            Self::FinLot => "6".into(),
            Self::FinFichier => "999".into(),
            Self::Inconnu(b) => printable(b).to_string(),
        }
    }

    /// Whether it is a main line (types 3 and 4 without letter).
    #[must_use]
    pub const fn is_ligne(self) -> bool {
        matches!(self, Self::Ligne3 | Self::Ligne4)
    }

    /// Whether it counts in the type 5 counter (every 3 and 4, complements included).
    #[must_use]
    pub const fn is_detail(self) -> bool {
        matches!(self, Self::Ligne3 | Self::Ligne4 | Self::Complement3(_) | Self::Complement4(_))
    }

    /// The prefix of the record in a norm.
    #[must_use]
    pub const fn famille(self, norme: NormeLot) -> Famille {
        match (self, norme) {
            (
                Self::EnTete
                | Self::Lot
                | Self::ComplementLot(_)
                | Self::FinLot
                | Self::FinFichier
                | Self::Inconnu(_),
                _,
            ) => Famille::Aucun,
            (
                Self::Facture
                | Self::Ligne3
                | Self::Ligne4
                | Self::FinFacture
                | Self::ComplementFin(_),
                NormeLot::Cp,
            ) => Famille::Famille39,
            (
                Self::ComplementFacture(b'S' | b'T') | Self::Complement3(b'S' | b'E'),
                NormeLot::Cp,
            ) => Famille::Famille39,
            _ => Famille::Famille36,
        }
    }
}

fn printable(b: u8) -> char {
    if b.is_ascii_graphic() { char::from(b) } else { '?' }
}

/// A letter that may be a complement letter.
const fn letter(b: u8) -> Option<u8> {
    if b.is_ascii_alphabetic() { Some(b) } else { None }
}

/// The type of a record by its first characters only; complements are recognised by [`complement`].
#[must_use]
pub fn principal(record: &[u8]) -> Genre {
    match record {
        [b'0', b'0', b'0', ..] => Genre::EnTete,
        [b'9', b'9', b'9', ..] => Genre::FinFichier,
        [b'1', ..] => Genre::Lot,
        [b'2', ..] => Genre::Facture,
        [b'3', ..] => Genre::Ligne3,
        [b'4', ..] => Genre::Ligne4,
        [b'5', ..] => Genre::FinFacture,
        [b'6', ..] => Genre::FinLot,
        [other, ..] => Genre::Inconnu(*other),
        [] => Genre::Inconnu(b' '),
    }
}

/// Refines a main type into a complement, for a record that is not the first of its group.
///
/// A main type 2 of norm CP may carry a letter at 39 (D C L R in DRE), so only S and T make a
/// complement there; the caller handles the first 2 of an invoice, which is main whatever it
/// carries.
#[must_use]
pub fn complement(genre: Genre, record: &[u8], norme: NormeLot) -> Genre {
    let at = |column: usize| record.get(column - 1).copied().unwrap_or(b' ');
    match genre {
        Genre::Facture => match (letter(at(36)), at(39), norme) {
            (Some(l), _, _) => Genre::ComplementFacture(l),
            (None, l @ (b'S' | b'T'), NormeLot::Cp) => Genre::ComplementFacture(l),
            _ => genre,
        },
        Genre::Ligne3 => match (letter(at(36)), letter(at(39))) {
            (Some(l), _) | (None, Some(l)) => Genre::Complement3(l),
            _ => genre,
        },
        Genre::Ligne4 => letter(at(36)).map_or(genre, Genre::Complement4),
        Genre::FinFacture => letter(at(39)).map_or(genre, Genre::ComplementFin),
        other => other,
    }
}

/// The tables of a lot: its norm, the version of the norm (type 1, 82-87), and whether the file is
/// a DRE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tables {
    /// Norm of the lot.
    pub norme: NormeLot,
    /// Version 022003, where 3F has two articles; any other value is read as 2005-E (the digits
    /// that stand for it were never seen).
    pub v022003: bool,
    /// DRE 2009 layout of 2P (FACTURE INITIALE), else the 2007 one: the sources disagree, the flow
    /// decides.
    pub dre: bool,
}

impl Tables {
    /// The table of a record, `None` when its layout is unknown (it is then kept raw).
    #[must_use]
    pub const fn layout(self, genre: Genre) -> Option<&'static Layout> {
        let cp = matches!(self.norme, NormeLot::Cp);
        Some(match genre {
            Genre::EnTete => &t000::layout::LAYOUT,
            Genre::Lot => &t1::layout::LAYOUT,
            Genre::Facture if cp => &t2::cp::LAYOUT,
            Genre::Facture => &t2::ps::LAYOUT,
            Genre::ComplementFacture(b'S') if cp => &t2s::cp::LAYOUT,
            Genre::ComplementFacture(b'S') => &t2s::ps::LAYOUT,
            Genre::ComplementFacture(b'M') => &t2m::v2007::LAYOUT,
            Genre::ComplementFacture(b'P') if self.dre => &t2p::dre2009::LAYOUT,
            Genre::ComplementFacture(b'P') => &t2p::v2007::LAYOUT,
            Genre::ComplementFacture(b'B') => &t2b::layout::LAYOUT,
            Genre::ComplementFacture(b'C') => &t2c::layout::LAYOUT,
            Genre::ComplementFacture(b'X') => &t2x::dre2009::LAYOUT,
            Genre::Ligne3 if cp => &t3::cp::LAYOUT,
            Genre::Complement3(b'S') if cp => &t3s::cp::LAYOUT,
            Genre::Complement3(b'E') if cp => &t3e::cp::LAYOUT,
            Genre::Complement3(b'F') if self.v022003 => &t3f::v022003::LAYOUT,
            Genre::Complement3(b'F') => &t3f::v2005e::LAYOUT,
            Genre::Complement3(b'H') => &t3h::v2005e::LAYOUT,
            Genre::Ligne4 if cp => &t4::cp::LAYOUT,
            Genre::Ligne4 => &t4::ps::LAYOUT,
            Genre::Complement4(letter) => return complement4(letter),
            Genre::FinFacture if cp => &t5::cp::LAYOUT,
            Genre::FinFacture => &t5::ps::LAYOUT,
            Genre::FinLot => &t6::layout::LAYOUT,
            Genre::FinFichier => &t999::layout::LAYOUT,
            _ => return None,
        })
    }

    /// Whether the letter is one the sources name, with or without a known layout (1V 1W 2T 4R 5T
    /// 5U are known by name only).
    #[must_use]
    pub const fn is_named(self, genre: Genre) -> bool {
        self.layout(genre).is_some()
            || matches!(
                genre,
                Genre::ComplementLot(b'V' | b'W')
                    | Genre::ComplementFacture(b'T')
                    | Genre::Complement4(b'R')
                    | Genre::ComplementFin(b'T' | b'U')
            )
    }
}

const fn complement4(letter: u8) -> Option<&'static Layout> {
    Some(match letter {
        b'S' => &t4s::v2005e::LAYOUT,
        b'E' => &t4e::layout::LAYOUT,
        b'B' => &t4b::layout::LAYOUT,
        b'C' => &t4c::v2007::LAYOUT,
        b'D' => &t4d::v2007::LAYOUT,
        b'F' => &t4f::layout::LAYOUT,
        b'H' => &t4h::v2005e::LAYOUT,
        b'M' => &t4m::layout::LAYOUT,
        b'P' => &t4p::partiel::LAYOUT,
        b'T' => &t4t::layout::LAYOUT,
        b'U' => &t4u::layout::LAYOUT,
        _ => return None,
    })
}

/// The 128 bytes of a record that has not its length: cut, or filled with blanks, so that the
/// nesting can still be followed.
#[must_use]
#[inline]
pub fn ajuste(octets: &[u8]) -> Record {
    if let Ok(record) = octets.try_into() {
        return record;
    }
    let mut record = [b' '; 128];
    let n = octets.len().min(128);
    record[..n].copy_from_slice(&octets[..n]);
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, norme: NormeLot, expect: Genre) {
        let record = ajuste(text.as_bytes());
        assert_eq!(complement(principal(&record), &record, norme), expect);
    }

    #[test]
    fn letters_at_36_and_39() {
        check("4992000034 180029999918792000045678C01", NormeLot::Ps, Genre::Complement4(b'C'));
        check(
            "2990000010 255059999904205000260000123S01",
            NormeLot::Cp,
            Genre::ComplementFacture(b'S'),
        );
        check("2990006116 188019999900164000260696001D000", NormeLot::Cp, Genre::Facture);
        check("3990006116 183119999900379260696004F01", NormeLot::Cp, Genre::Complement3(b'F'));
        check("5992001362 292082A99900153000416001   006", NormeLot::Ps, Genre::FinFacture);
    }

    #[test]
    fn every_table_tiles_its_record() {
        for norme in [NormeLot::Ps, NormeLot::Cp] {
            for (v022003, dre) in [(true, true), (true, false), (false, true), (false, false)] {
                let tables = Tables { norme, v022003, dre };
                let letters = (b'A'..=b'Z').flat_map(|l| {
                    [Genre::ComplementFacture(l), Genre::Complement3(l), Genre::Complement4(l)]
                });
                let mains = [
                    Genre::EnTete,
                    Genre::Lot,
                    Genre::Facture,
                    Genre::Ligne3,
                    Genre::Ligne4,
                    Genre::FinFacture,
                    Genre::FinLot,
                    Genre::FinFichier,
                ];
                for layout in letters.chain(mains).filter_map(|g| tables.layout(g)) {
                    let mut next = 1;
                    for zone in layout.all_zones() {
                        assert_eq!(
                            zone.start, next,
                            "{} {} zone {}",
                            layout.tag, layout.variant, zone.no
                        );
                        next = zone.end() + 1;
                    }
                    assert_eq!(next, 129, "{} {}", layout.tag, layout.variant);
                }
            }
        }
    }

    #[test]
    fn the_prefix_of_a_table_is_the_prefix_of_its_genre() {
        for norme in [NormeLot::Ps, NormeLot::Cp] {
            let tables = Tables { norme, v022003: false, dre: true };
            for genre in (b'A'..=b'Z').flat_map(|l| {
                [Genre::ComplementFacture(l), Genre::Complement3(l), Genre::Complement4(l)]
            }) {
                if let Some(layout) = tables.layout(genre) {
                    assert_eq!(layout.famille, genre.famille(norme), "{genre:?}");
                }
            }
        }
    }
}
