//! Which columns of a record deserve a look: one pass over its bytes instead of a walk over its
//! zones.
//!
//! ```text
//! table    | type 9 | PS 9(9)   | X | NIR X(13)     | ... | date | montant 9(7) |
//! record   | 4      | 992001362 |   | 292082A999001 | ... | 2602 |    1250      |
//! looked at                                                ^^^^   ^^^
//! ```
//!
//! A column passes unseen when it holds a digit, or a capital or a blank where the picture is text.
//! Everything else is looked at by the exact rule of its zone: blanks in a number may be right, a
//! date of six digits may be wrong. A mask never judges.

use super::{Layout, Picture, Zone};

/// Columns whose text a mask covers: a record of norm B2. Entities of NOEMIE may be longer; only
/// their digits are looked for.
const COLONNES: usize = 128;

/// Words of eight columns of the longest table, with room: the entity 294 has 153 columns.
const MOTS: usize = 32;

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
    /// Columns looked at whatever they hold, one bit each: the first of every date.
    toujours: u128,
    /// High bit of each byte that should be a digit, eight columns a word, the first column lowest.
    chiffres: [u64; MOTS],
}

impl Masque {
    /// The mask of a table: its shared columns, then its own.
    pub(crate) const fn de(prefixe: &[Zone], propres: &[Zone]) -> Self {
        let mut masque = Self {
            texte: [0; COLONNES],
            libre: [1; COLONNES],
            zone: [0; COLONNES],
            toujours: 0,
            chiffres: [0; MOTS],
        };
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
        let date = matches!(
            zone.picture,
            Picture::Aammjj | Picture::Jjmmaa | Picture::Aaaammjj | Picture::Aammjjhh
        );
        assert!(!nombre || zone.len <= CHIFFRES_SURS, "a number that no integer holds is text");
        let mut i = zone.start as usize - 1;
        while nombre && i < zone.end() as usize {
            self.chiffres[i / 8] |= 0x80 << (8 * (i % 8));
            i += 1;
        }
        i = zone.start as usize - 1;
        if date && i < COLONNES {
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
        for (((suspect, octet), texte), libre) in
            suspects.iter_mut().zip(record).zip(&self.texte).zip(&self.libre)
        {
            let chiffre = u8::from(octet.wrapping_sub(b'0') < 10);
            let lettre = u8::from(octet.wrapping_sub(b'A') < 26) | u8::from(*octet == b' ');
            *suspect = (chiffre | (lettre & texte) | libre) ^ 1;
        }
        let (huits, _) = suspects.as_chunks::<8>();
        huits.iter().rev().fold(0, |bits, huit| bits << 8 | u128::from(rassembler(*huit)))
            | self.toujours
    }
}

impl Masque {
    /// Whether every column that should hold a digit does. Columns past the end are not missed.
    #[inline]
    fn que_des_chiffres(&self, octets: &[u8]) -> bool {
        let (huits, reste) = octets.as_chunks::<8>();
        // Every word joined to the next, without a way out between them: the compiler then looks at
        // several at once.
        let suspects = huits
            .iter()
            .zip(&self.chiffres)
            .fold(0, |vus, (huit, chiffres)| vus | pas_des_chiffres(*huit) & chiffres);
        suspects | pas_des_chiffres(completer(reste)) & self.chiffres.get(huits.len()).unwrap_or(&0)
            == 0
    }

    /// The first column from `depuis` on (both 0-based) that should hold a digit and does not.
    fn sans_chiffre(&self, octets: &[u8], depuis: usize) -> Option<usize> {
        let (huits, reste) = octets.as_chunks::<8>();
        let mut vus = !0 << (8 * (depuis % 8));
        for (rang, chiffres) in
            self.chiffres.iter().enumerate().take(huits.len() + 1).skip(depuis / 8)
        {
            let huit = huits.get(rang).copied().unwrap_or_else(|| completer(reste));
            let suspects = pas_des_chiffres(huit) & chiffres & vus;
            if suspects != 0 {
                return Some(8 * rang + suspects.trailing_zeros() as usize / 8);
            }
            vus = !0;
        }
        None
    }
}

/// The last bytes of an entity, fewer than eight, and zeros after them.
#[inline]
fn completer(reste: &[u8]) -> [u8; 8] {
    let mut huit = [b'0'; 8];
    for (place, octet) in huit.iter_mut().zip(reste) {
        *place = *octet;
    }
    huit
}

/// The high bit of each of eight bytes that is no digit, the first byte lowest; the other bits say
/// nothing.
#[inline]
const fn pas_des_chiffres(huit: [u8; 8]) -> u64 {
    let v = u64::from_le_bytes(huit) ^ 0x3030_3030_3030_3030;
    // 0x76 takes seven bits from ten on to the high bit, and carries nothing to the next byte.
    v | (v & 0x7f7f_7f7f_7f7f_7f7f).wrapping_add(0x7676_7676_7676_7676)
}

/// Eight bytes 0 or 1 as the eight bits of one, the first byte lowest.
fn rassembler(huit: [u8; 8]) -> u64 {
    u64::from_le_bytes(huit).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

impl Layout {
    /// The zones of a record that deserve a look, in column order.
    pub fn zones_a_regarder(
        &'static self,
        record: &[u8; COLONNES],
    ) -> impl Iterator<Item = &'static Zone> {
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

    /// The zones of digits that hold anything else, blanks for instance, in column order. Zones
    /// past the end of `octets` are not given.
    #[inline]
    pub fn zones_sans_chiffres<'a>(
        &'static self,
        octets: &'a [u8],
    ) -> impl Iterator<Item = &'static Zone> + 'a {
        let mut depuis = if self.masque.que_des_chiffres(octets) { octets.len() } else { 0 };
        std::iter::from_fn(move || {
            if depuis >= octets.len() {
                return None;
            }
            let colonne = u16::try_from(self.masque.sans_chiffre(octets, depuis)?).ok()?;
            let zone = self.zone_at(colonne + 1)?;
            depuis = usize::from(zone.end());
            Some(zone)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::b2::t4;
    use crate::noemie::{ENTITES, e294};

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

    #[test]
    fn numbers_that_are_not_digits_through_the_last_word() {
        let vues = |octets: &[u8]| {
            e294::layout::LAYOUT.zones_sans_chiffres(octets).map(|z| z.no).collect::<Vec<_>>()
        };
        assert!(vues(&[b'0'; 153]).is_empty());
        let nombres: Vec<_> =
            e294::layout::LAYOUT.zones.iter().filter(|z| z.picture.is_numeric()).collect();
        assert_eq!(vues(&[b' '; 153]), nombres.iter().map(|z| z.no).collect::<Vec<_>>());
        for table in ENTITES {
            for zone in table.zones {
                for colonne in zone.start..=zone.end() {
                    for octet in [b'/', b':', b' ', 0, 0x7f, 0x80, 0xba, 0xff] {
                        let mut octets = vec![b'9'; usize::from(table.len)];
                        octets[usize::from(colonne) - 1] = octet;
                        let vus: Vec<_> =
                            table.zones_sans_chiffres(&octets).map(|z| z.start).collect();
                        assert_eq!(
                            vus,
                            if zone.picture.is_numeric() { vec![zone.start] } else { vec![] },
                            "{} {colonne} {octet}",
                            table.tag
                        );
                    }
                }
            }
        }
    }
}
