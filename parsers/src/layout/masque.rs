//! Which columns of a record deserve a look: one pass over its bytes instead of a walk over its zones.
//!
//! ```text
//! table    | type 9 | PS 9(9)   | X | NIR X(13)     | ... | date | montant 9(7) |
//! record   | 4      | 992001362 |   | 292082A999001 | ... | 2602 |    1250      |
//! looked at                                                ^^^^   ^^^
//! ```
//!
//! A column passes unseen when it holds a digit, or a capital or a blank where the picture is text. Everything else is looked at by
//! the exact rule of its zone: blanks in a number may be right, a date of six digits may be wrong. A mask never judges.

use super::{Layout, Picture, Zone};

/// Columns that a mask covers: a record of norm B2. Longer tables are NOEMIE's, whose controls walk their zones.
const COLONNES: usize = 128;

/// Digits that any number of [`crate::picture::nombre`] may have.
const CHIFFRES_SURS: u16 = 19;

/// What may stand in each column of a table without a closer look.
#[derive(Debug)]
pub struct Masque {
    /// 1 where a capital or a blank passes.
    texte: [u8; COLONNES],
    /// 1 where anything passes.
    libre: [u8; COLONNES],
    /// Rank of the zone of each column, shared columns first.
    zone: [u8; COLONNES],
    /// Columns looked at whatever they hold, one bit each: the first of every date and of every number that might be too large.
    toujours: u128,
}

impl Masque {
    /// The mask of a table: its shared columns, then its own.
    pub(crate) const fn de(prefixe: &[Zone], propres: &[Zone]) -> Self {
        let mut masque = Self { texte: [0; COLONNES], libre: [1; COLONNES], zone: [0; COLONNES], toujours: 0 };
        let mut rang = 0u8;
        while (rang as usize) < prefixe.len() + propres.len() {
            let i = rang as usize;
            let zone = if i < prefixe.len() { &prefixe[i] } else { &propres[i - prefixe.len()] };
            masque.poser(zone, rang);
            rang += 1;
        }
        masque
    }

    const fn poser(&mut self, zone: &Zone, rang: u8) {
        let nombre = zone.picture.is_numeric();
        let date = matches!(zone.picture, Picture::Aammjj | Picture::Jjmmaa | Picture::Aaaammjj | Picture::Aammjjhh);
        let mut i = zone.start as usize - 1;
        if i < COLONNES && (date || (nombre && zone.len > CHIFFRES_SURS)) {
            self.toujours |= 1 << i;
        }
        while i < COLONNES && i < zone.end() as usize {
            self.zone[i] = rang;
            self.texte[i] = !nombre as u8;
            self.libre[i] = matches!(zone.picture, Picture::Libre) as u8;
            i += 1;
        }
    }

    /// The columns to look at, one bit each, the first column lowest.
    #[must_use]
    pub fn a_regarder(&self, record: &[u8; COLONNES]) -> u128 {
        let mut suspects = [0u8; COLONNES];
        for (((suspect, octet), texte), libre) in suspects.iter_mut().zip(record).zip(&self.texte).zip(&self.libre) {
            let chiffre = u8::from(octet.wrapping_sub(b'0') < 10);
            let lettre = u8::from(octet.wrapping_sub(b'A') < 26) | u8::from(*octet == b' ');
            *suspect = (chiffre | (lettre & texte) | libre) ^ 1;
        }
        let (huits, _) = suspects.as_chunks::<8>();
        huits.iter().rev().fold(0, |bits, huit| bits << 8 | u128::from(rassembler(*huit))) | self.toujours
    }
}

/// Eight bytes 0 or 1 as the eight bits of one, the first byte lowest.
fn rassembler(huit: [u8; 8]) -> u64 {
    u64::from_le_bytes(huit).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

impl Layout {
    /// The zones of a record that deserve a look, in column order.
    pub fn zones_a_regarder(&'static self, record: &[u8; COLONNES]) -> impl Iterator<Item = &'static Zone> {
        let mut reste = self.masque.a_regarder(record);
        std::iter::from_fn(move || {
            let rang = usize::from(*self.masque.zone.get(reste.trailing_zeros() as usize)?);
            let prefixe = self.famille.zones();
            let zone = prefixe.get(rang).or_else(|| self.zones.get(rang - prefixe.len()))?;
            let apres = usize::from(zone.end());
            reste = if apres < COLONNES { reste >> apres << apres } else { 0 };
            Some(zone)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::b2::t4;

    #[track_caller]
    fn check(change: impl Fn(&mut [u8; 128]), expect: &[&str]) {
        let mut record = [b'0'; 128];
        change(&mut record);
        let vus: Vec<_> = t4::ps::LAYOUT.zones_a_regarder(&record).map(|z| z.no).collect();
        assert_eq!(vus, expect);
    }

    #[test]
    fn dates_always_and_others_when_they_surprise() {
        check(|_| {}, &["11", "19"]);
        check(|r| r[88..95].copy_from_slice(b"   1250"), &["11", "19", "24"]);
        check(|r| r[11] = b'z', &["4", "11", "19"]);
        check(|r| r[73..78].copy_from_slice(b"KE  A"), &["11", "19"]);
        check(|r| r[127] = b' ', &["11", "19", "31"]);
        check(|r| (r[0], r[127]) = (0xff, 0xff), &["1", "11", "19", "31"]);
    }
}
