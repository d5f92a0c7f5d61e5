//! A bounded window on a source of bytes: what the framings look through.
//!
//! It promises at least as many bytes as asked, unless the source has ended, and never holds more
//! than one window. It knows nothing of records.

use super::enregistrements::MARQUE_OCTETS;
use std::io::{self, Read};

/// Bytes asked from the source at once: larger than the longest record of either framing (10 005
/// bytes), small enough to keep by the hundred.
const FENETRE: usize = 64 * 1024;

/// A window on a source, and how far it has moved.
#[derive(Debug)]
pub(crate) struct Tampon<R> {
    source: R,
    octets: Vec<u8>,
    debut: usize,
    offset: u64,
    epuise: bool,
    /// Whether the source begins with a byte order mark, which was passed.
    marque: bool,
}

impl<R: Read> Tampon<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, octets: Vec::new(), debut: 0, offset: 0, epuise: false, marque: false }
    }

    /// At least `au_moins` bytes from here (at most [`FENETRE`]), fewer only at the end of the
    /// source.
    pub(crate) fn fenetre(&mut self, au_moins: usize) -> io::Result<&[u8]> {
        if self.octets.len() - self.debut < au_moins && !self.epuise {
            self.octets.drain(..self.debut);
            self.debut = 0;
            let manque = FENETRE - self.octets.len();
            // `read_to_end` goes on through short reads and interruptions, so that the cut of the
            // source never shows.
            let lus = self.source.by_ref().take(manque as u64).read_to_end(&mut self.octets)?;
            self.epuise = lus < manque;
            if self.offset == 0 && self.octets.starts_with(MARQUE_OCTETS) {
                self.marque = true;
                self.avancer(MARQUE_OCTETS.len());
            }
        }
        Ok(&self.octets[self.debut..])
    }

    /// Moves past `n` bytes of the window.
    pub(crate) fn avancer(&mut self, n: usize) {
        let n = n.min(self.octets.len() - self.debut);
        self.debut += n;
        self.offset += n as u64;
    }

    /// Returns whether the source begins with a byte order mark, once its first window was seen.
    pub(crate) fn marque(&self) -> bool {
        self.marque
    }

    /// Offset in the file of the first byte of the window, 0-based.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }
}
