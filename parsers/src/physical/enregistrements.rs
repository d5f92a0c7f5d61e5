//! Records of 128 bytes, in blocks without separator or one a line, cut from any [`Read`] in
//! bounded memory.
//!
//! A record that does not have its length is handed out all the same, with the length found: the
//! caller decides what it costs.

use crate::anomaly::Position;
use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till};
use nom::sequence::terminated;
use nom::{IResult, Parser};
use std::io::{self, Read};

/// Length of a record of norm B2 (000, columns 83-85 repeats it).
pub const LONGUEUR: usize = 128;

/// How the records of a file are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forme {
    /// Blocks of 128 bytes, nothing between them.
    Blocs,
    /// Lines ended by CR LF.
    Crlf,
    /// Lines ended by LF.
    Lf,
}

impl Forme {
    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocs => "blocks",
            Self::Crlf => "crlf",
            Self::Lf => "lf",
        }
    }
}

/// One physical record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enregistrement<'a> {
    /// Where it stands.
    pub position: Position,
    /// Its bytes, line end excluded; at most [`LIGNE_MAX`].
    pub octets: &'a [u8],
    /// Its true length, when the line is longer than [`LIGNE_MAX`].
    pub longueur: u64,
    /// Whether the file ends with it without a line end or a full block.
    pub dernier_sans_fin: bool,
}

/// Longest part of a line that is kept: a file without line ends must not fill the memory.
pub const LIGNE_MAX: usize = 4_096;

/// Read size: large enough that system calls do not count, small enough to stay in cache.
const TAMPON: usize = 64 * 1024;

/// Bytes that may follow the last 999 without meaning anything (policy P7).
const BOURRAGE: &[u8] = b"\r\n \0\x1a";

/// Byte order mark of UTF-8, which editors and spreadsheets put before a text.
pub const MARQUE_OCTETS: &[u8] = b"\xef\xbb\xbf";

/// Returns whether bytes are padding only.
#[must_use]
pub fn est_bourrage(octets: &[u8]) -> bool {
    octets.iter().all(|b| BOURRAGE.contains(b))
}

/// One block: the 128 bytes of a record.
fn bloc(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take(LONGUEUR).parse(input)
}

/// One line with its end.
fn ligne(input: &[u8]) -> IResult<&[u8], &[u8]> {
    terminated(take_till(|b| b == b'\r' || b == b'\n'), alt((tag(&b"\r\n"[..]), tag(&b"\n"[..]))))
        .parse(input)
}

/// The length with its end of a line that has its 128 bytes, as nearly all have: no search, one
/// look at what should be no line end.
fn ligne_de_longueur(input: &[u8]) -> Option<usize> {
    let (corps, suite) = input.split_first_chunk::<LONGUEUR>()?;
    let fin = match suite {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => return None,
    };
    // Bytes, not booleans: the compiler then looks at many of them at once.
    let fins = corps.iter().fold(0, |fins, b| fins | u8::from(*b == b'\r') | u8::from(*b == b'\n'));
    (fins == 0).then_some(LONGUEUR + fin)
}

/// Cuts the records of a source.
#[derive(Debug)]
pub struct Enregistrements<R> {
    source: R,
    forme: Forme,
    /// Bytes read stand in `debut..fin`; the rest is room to read into.
    tampon: Vec<u8>,
    debut: usize,
    fin: usize,
    epuise: bool,
    offset: u64,
    rang: u64,
    /// Scratch for a line longer than the buffer.
    longue: Vec<u8>,
    fin_par_cr: bool,
    /// Whether the source begins with a byte order mark, once its first bytes were read.
    marque: Option<bool>,
}

impl<R: Read> Enregistrements<R> {
    /// Cuts `source` as `forme` says.
    pub fn new(source: R, forme: Forme) -> Self {
        Self {
            source,
            forme,
            tampon: vec![0; TAMPON],
            debut: 0,
            fin: 0,
            epuise: false,
            offset: 0,
            rang: 0,
            longue: Vec::new(),
            fin_par_cr: false,
            marque: None,
        }
    }

    /// Returns whether the source begins with a byte order mark, which is no part of the first
    /// record.
    #[must_use]
    pub fn marque(&self) -> bool {
        self.marque == Some(true)
    }

    /// Number of records handed out.
    #[must_use]
    pub const fn rang(&self) -> u64 {
        self.rang
    }

    /// Offset of the next byte.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the source ended by a CR without its LF, which was taken for a line end.
    #[must_use]
    pub const fn fin_par_cr(&self) -> bool {
        self.fin_par_cr
    }

    /// How the records are separated.
    #[must_use]
    pub const fn forme(&self) -> Forme {
        self.forme
    }

    /// At least `n` bytes ahead without taking them; fewer at the end of the source.
    pub fn regarder(&mut self, n: usize) -> io::Result<&[u8]> {
        while (self.fin - self.debut < n || self.marque.is_none()) && !self.epuise {
            self.remplir()?;
        }
        Ok(&self.tampon[self.debut..self.fin])
    }

    /// Skips the padding that may follow a 999, and says how many bytes it was.
    pub fn sauter_bourrage(&mut self) -> io::Result<u64> {
        let mut total = 0;
        loop {
            let ahead = self.regarder(1)?;
            let n = ahead.iter().take_while(|b| BOURRAGE.contains(b)).count();
            let more = n > 0 && n == ahead.len();
            self.avancer(n);
            total += n as u64;
            if !more {
                return Ok(total);
            }
        }
    }

    /// The next record, or `None` at the end of the source.
    ///
    /// `taille` is the length of the next block: [`LONGUEUR`], unless the caller saw that the block
    /// is damaged. Lines ignore it.
    pub fn suivant(&mut self, taille: usize) -> io::Result<Option<Enregistrement<'_>>> {
        match self.forme {
            Forme::Blocs => self.bloc_suivant(taille),
            Forme::Crlf | Forme::Lf => self.ligne_suivante(),
        }
    }

    fn bloc_suivant(&mut self, taille: usize) -> io::Result<Option<Enregistrement<'_>>> {
        let ahead = self.regarder(taille)?;
        if ahead.is_empty() {
            return Ok(None);
        }
        let len = if taille == LONGUEUR {
            bloc(ahead).map_or(ahead.len(), |(_, b)| b.len())
        } else {
            taille.min(ahead.len())
        };
        let short = len < taille;
        let (position, start) = (self.position(), self.debut);
        self.avancer(len);
        Ok(Some(Enregistrement {
            position,
            octets: &self.tampon[start..start + len],
            longueur: len as u64,
            dernier_sans_fin: short,
        }))
    }

    fn ligne_suivante(&mut self) -> io::Result<Option<Enregistrement<'_>>> {
        if self.regarder(LIGNE_MAX)?.is_empty() {
            return Ok(None);
        }
        let (position, start) = (self.position(), self.debut);
        let ahead = &self.tampon[start..self.fin];
        if let Some(taken) = ligne_de_longueur(ahead) {
            self.avancer(taken);
            let octets = &self.tampon[start..start + LONGUEUR];
            return Ok(Some(Enregistrement {
                position,
                octets,
                longueur: LONGUEUR as u64,
                dernier_sans_fin: false,
            }));
        }
        if let Ok((rest, line)) = ligne(ahead) {
            let (len, taken) = (line.len(), ahead.len() - rest.len());
            if len <= LIGNE_MAX {
                self.avancer(taken);
                return Ok(Some(Enregistrement {
                    position,
                    octets: &self.tampon[start..start + len],
                    longueur: len as u64,
                    dernier_sans_fin: false,
                }));
            }
        }
        self.ligne_irreguliere(position)
    }

    /// A line with a lone CR inside, longer than the buffer, or without end: read byte by byte up
    /// to the LF, keeping its beginning.
    fn ligne_irreguliere(&mut self, position: Position) -> io::Result<Option<Enregistrement<'_>>> {
        self.longue.clear();
        let mut longueur = 0u64;
        let mut fin = false;
        while !fin {
            let ahead = self.regarder(1)?;
            if ahead.is_empty() {
                break;
            }
            let n = ahead.iter().position(|b| *b == b'\n').map_or(ahead.len(), |i| i + 1);
            fin = ahead[n - 1] == b'\n';
            let body = if fin { n - 1 } else { n };
            let keep = body.min(LIGNE_MAX.saturating_sub(self.longue.len()));
            let start = self.debut;
            self.longue.extend_from_slice(&self.tampon[start..start + keep]);
            longueur += body as u64;
            self.avancer(n);
        }
        if self.longue.last() == Some(&b'\r') && longueur == self.longue.len() as u64 {
            self.longue.pop();
            longueur -= 1;
            self.fin_par_cr = !fin;
        }
        Ok(Some(Enregistrement {
            position,
            octets: &self.longue,
            longueur,
            dernier_sans_fin: !fin,
        }))
    }

    fn position(&mut self) -> Position {
        self.rang += 1;
        Position { record: self.rang, offset: self.offset }
    }

    const fn avancer(&mut self, n: usize) {
        self.debut += n;
        self.offset += n as u64;
    }

    fn remplir(&mut self) -> io::Result<()> {
        self.tampon.copy_within(self.debut..self.fin, 0);
        self.fin -= self.debut;
        self.debut = 0;
        let read = loop {
            match self.source.read(&mut self.tampon[self.fin..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.fin += read;
        self.epuise = read == 0;
        if self.marque.is_none() && (self.fin >= MARQUE_OCTETS.len() || self.epuise) {
            let marque = self.tampon[..self.fin].starts_with(MARQUE_OCTETS);
            self.marque = Some(marque);
            self.avancer(if marque { MARQUE_OCTETS.len() } else { 0 });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that gives one byte at a time.
    struct Goutte<'a>(&'a [u8]);

    impl Read for Goutte<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(1).min(buf.len());
            buf[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn cut(bytes: &[u8], forme: Forme) -> Vec<(u64, u64, u64, bool)> {
        let mut records = Enregistrements::new(Goutte(bytes), forme);
        let mut out = Vec::new();
        while let Some(r) = records.suivant(LONGUEUR).expect("memory does not fail") {
            out.push((r.position.record, r.position.offset, r.longueur, r.dernier_sans_fin));
        }
        out
    }

    #[test]
    fn blocks_and_their_remainder() {
        assert_eq!(
            cut(&[b'x'; 300], Forme::Blocs),
            [(1, 0, 128, false), (2, 128, 128, false), (3, 256, 44, true)]
        );
    }

    #[test]
    fn lines_with_both_ends_and_without() {
        assert_eq!(
            cut(b"ab\r\nc\n\nde", Forme::Crlf),
            [(1, 0, 2, false), (2, 4, 1, false), (3, 6, 0, false), (4, 7, 2, true)]
        );
    }

    #[test]
    fn a_lone_cr_does_not_end_a_line() {
        assert_eq!(cut(b"a\rb\r\nc\r\n", Forme::Crlf), [(1, 0, 3, false), (2, 5, 1, false)]);
    }

    #[test]
    fn an_endless_line_is_measured_and_not_kept() {
        let mut bytes = vec![b'z'; 200_000];
        bytes.extend_from_slice(b"\r\nab\r\n");
        let mut records = Enregistrements::new(&bytes[..], Forme::Crlf);
        let long = records.suivant(LONGUEUR).expect("memory does not fail").expect("a line");
        assert_eq!((long.octets.len(), long.longueur), (LIGNE_MAX, 200_001));
        assert_eq!(
            records.suivant(LONGUEUR).expect("memory does not fail").expect("a line").octets,
            b"ab"
        );
    }

    #[test]
    fn a_byte_order_mark_is_passed_and_offsets_stay_those_of_the_file() {
        assert_eq!(cut(b"\xef\xbb\xbfab\nc", Forme::Lf), [(1, 3, 2, false), (2, 6, 1, true)]);
        let marque = |bytes| {
            let mut records = Enregistrements::new(Goutte(bytes), Forme::Lf);
            let first = records.suivant(LONGUEUR).expect("memory does not fail");
            let first = first.map(|r| r.octets.to_vec());
            (first, records.marque())
        };
        assert_eq!(marque(b"\xef\xbb\xbf"), (None, true));
        assert_eq!(marque(b"\xef\xbb"), (Some(b"\xef\xbb".to_vec()), false));
        assert_eq!(marque(b"a\xef\xbb\xbf\n"), (Some(b"a\xef\xbb\xbf".to_vec()), false));
    }

    #[test]
    fn padding_is_skipped_and_counted() {
        let mut records = Enregistrements::new(&b"\r\n \0\x1a000"[..], Forme::Blocs);
        assert_eq!(records.sauter_bourrage().expect("memory does not fail"), 5);
        assert_eq!(records.regarder(3).expect("memory does not fail"), b"000");
    }
}
