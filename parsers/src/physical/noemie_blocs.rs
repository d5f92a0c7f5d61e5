//! NOEMIE packaging B: blocks of 128 bytes without separator; 000 and 999 one block each, the
//! others a flag and 127 bytes of entities.
//!
//! ```text
//! 000...   1 block        f + 127 bytes of stream   f + 127 ...   999...
//! ```

use super::enregistrements::est_bourrage;
use super::noemie_lignes::{Brut, Cadrage};
use super::noemie_tampon::Tampon;
use nom::bytes::complete::take;
use nom::{IResult, Parser};
use std::io::{self, Read};

/// Length of a block.
pub const BLOC: usize = 128;
/// Bytes of the entity stream in a data block.
pub const UTILE: usize = BLOC - 1;

/// The blocks of a file in packaging B.
#[derive(Debug)]
pub struct Blocs<R> {
    tampon: Tampon<R>,
}

fn bloc(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take(BLOC).parse(input)
}

impl<R: Read> Blocs<R> {
    /// Reads from the start of a file.
    pub fn new(source: R) -> Self {
        Self { tampon: Tampon::new(source) }
    }

    /// Returns whether the file begins with a byte order mark, once a record was read.
    pub fn marque(&self) -> bool {
        self.tampon.marque()
    }

    /// Offset of the next byte to read, 0-based.
    pub fn offset(&self) -> u64 {
        self.tampon.offset()
    }

    /// The next block, the last one told when it is short, put in the place of what `corps` held;
    /// `None` at the end.
    ///
    /// # Errors
    /// When the source fails.
    pub fn prochain(&mut self, corps: &mut Vec<u8>) -> io::Result<Option<Brut>> {
        corps.clear();
        self.tampon.fenetre(BLOC)?;
        let debut = self.tampon.offset();
        let fenetre = self.tampon.fenetre(BLOC)?;
        let (trouve, cadrage) = match bloc(fenetre) {
            Ok((_, entier)) => (entier, None),
            Err(_) if fenetre.is_empty() => return Ok(None),
            Err(_) => (fenetre, Some(Cadrage::BlocCourt(fenetre.len()))),
        };
        corps.extend_from_slice(trouve);
        self.tampon.avancer(corps.len());
        Ok(Some(Brut { debut, offset: debut, cadrage, remplissage: est_bourrage(corps) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_a_short_one() {
        let octets = vec![b'7'; 300];
        let mut blocs = Blocs::new(octets.as_slice());
        let (mut vu, mut corps) = (Vec::new(), Vec::new());
        while let Some(b) = blocs.prochain(&mut corps).expect("memory never fails") {
            vu.push((b.offset, corps.len(), b.cadrage));
        }
        assert_eq!(vu, [(0, 128, None), (128, 128, None), (256, 44, Some(Cadrage::BlocCourt(44)))]);
    }
}
