//! NOEMIE packaging A: 4 digits (the length of what follows, itself not counted), the body, CR LF.
//!
//! ```text
//! 0128000SI99900011 ... CRLF
//! ^^^^ prefix    ^ body
//! ```
//!
//! Resynchronises on the end of line: a wrong prefix is told and the body that really stands there
//! is given. Lone LF is accepted, because files cross systems that rewrite ends of line; so is a
//! last line without any.

use super::enregistrements::est_bourrage;
use super::noemie_tampon::Tampon;
use nom::bytes::complete::{tag, take_till, take_while_m_n};
use nom::combinator::{all_consuming, opt};
use nom::multi::length_data;
use nom::sequence::terminated;
use nom::{IResult, Parser};
use std::io::{self, Read};

/// Longest body a prefix of 4 digits can announce.
pub const CORPS_MAX: usize = 9_999;
/// Length of the prefix.
const PREFIXE: usize = 4;
/// Longest line with its prefix and its CR LF.
const LIGNE_MAX: usize = PREFIXE + CORPS_MAX + 2;

/// What is wrong with the frame of a record (control Q2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadrage {
    /// The prefix is not 4 digits.
    PrefixeIllisible,
    /// The prefix is not the length of the body.
    LongueurDifferente {
        /// Length announced, in bytes.
        annoncee: usize,
        /// Length found, in bytes.
        trouvee: usize,
    },
    /// No end of line within the longest record possible; the rest of the line is skipped.
    LigneTropLongue,
    /// The last block has fewer than 128 bytes.
    BlocCourt(usize),
}

/// One record as cut by its frame, beside its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brut {
    /// Offset of the frame in the file, prefix included, 0-based.
    pub debut: u64,
    /// Offset of the body in the file, 0-based.
    pub offset: u64,
    /// What is wrong with the frame.
    pub cadrage: Option<Cadrage>,
    /// Whether it is made of padding only, prefix included: blanks, NUL and the like, which
    /// transports leave after the end.
    pub remplissage: bool,
}

/// The records of a file in packaging A.
#[derive(Debug)]
pub struct Lignes<R> {
    tampon: Tampon<R>,
}

/// A line without its end; CR is cut by the caller because LF alone is accepted.
fn ligne(input: &[u8]) -> IResult<&[u8], &[u8]> {
    terminated(take_till(|b| b == b'\n'), opt(tag("\n"))).parse(input)
}

fn prefixe(input: &[u8]) -> IResult<&[u8], usize> {
    take_while_m_n(PREFIXE, PREFIXE, |b: u8| b.is_ascii_digit())
        .map(|d: &[u8]| d.iter().fold(0, |n, b| n * 10 + usize::from(b - b'0')))
        .parse(input)
}

/// Prefix and body, when they agree.
fn enregistrement(ligne: &[u8]) -> IResult<&[u8], &[u8]> {
    all_consuming(length_data(prefixe)).parse(ligne)
}

/// The body of a line that has its length and its CR LF, as nearly all have: no search, one look at
/// what should be no line end.
fn ligne_juste(vue: &[u8]) -> Option<&[u8]> {
    let (_, (corps, _)) = (length_data(prefixe), tag("\r\n")).parse(vue).ok()?;
    // Bytes, not booleans: the compiler then looks at many of them at once.
    let fins = corps.iter().fold(0, |fins, b| fins | u8::from(*b == b'\n'));
    (fins == 0).then_some(corps)
}

/// The body of a line, and what is wrong with its prefix.
fn decadrer(ligne: &[u8]) -> (&[u8], Option<Cadrage>) {
    if let Ok((_, corps)) = enregistrement(ligne) {
        return (corps, None);
    }
    match prefixe(ligne) {
        Ok((corps, annoncee)) => {
            (corps, Some(Cadrage::LongueurDifferente { annoncee, trouvee: corps.len() }))
        }
        Err(_) => (ligne.get(PREFIXE..).unwrap_or_default(), Some(Cadrage::PrefixeIllisible)),
    }
}

/// The length announced by a 999 with padding right behind it: on the last line, which has no end,
/// the padding is the next record.
fn derniere_fin(corps: &[u8], cadrage: Option<Cadrage>) -> Option<usize> {
    let Some(Cadrage::LongueurDifferente { annoncee, .. }) = cadrage else { return None };
    let apres = corps.get(annoncee..)?;
    (corps.starts_with(b"999") && est_bourrage(apres)).then_some(annoncee)
}

impl<R: Read> Lignes<R> {
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

    /// The next record, faulty frame included, its body put in the place of what `corps` held;
    /// `None` at the end.
    ///
    /// # Errors
    /// When the source fails.
    pub fn prochain(&mut self, corps: &mut Vec<u8>) -> io::Result<Option<Brut>> {
        corps.clear();
        self.tampon.fenetre(LIGNE_MAX)?;
        let debut = self.tampon.offset();
        let fenetre = self.tampon.fenetre(LIGNE_MAX)?;
        if fenetre.is_empty() {
            return Ok(None);
        }
        let vue = &fenetre[..fenetre.len().min(LIGNE_MAX)];
        if let Some(juste) = ligne_juste(vue) {
            corps.extend_from_slice(juste);
            self.tampon.avancer(PREFIXE + corps.len() + 2);
            return Ok(Some(Brut {
                debut,
                offset: debut + PREFIXE as u64,
                cadrage: None,
                remplissage: false,
            }));
        }
        // NUL and 0x1A begin no length: transports leave them between two files.
        let entre = vue.iter().take_while(|b| matches!(b, 0 | 0x1a)).count();
        if entre > 0 && entre < vue.len() && vue[entre].is_ascii_digit() {
            corps.extend_from_slice(&vue[..entre]);
            self.tampon.avancer(entre);
            return Ok(Some(Brut { debut, offset: debut, cadrage: None, remplissage: true }));
        }
        let (reste, ligne) = ligne(vue).expect("a line is any bytes");
        let mut lus = vue.len() - reste.len();
        let terminee = lus > ligne.len();
        let trop_longue = !terminee && fenetre.len() >= LIGNE_MAX;
        let sans_cr = ligne.strip_suffix(b"\r").unwrap_or(ligne);
        let (mut trouve, mut cadrage) = decadrer(sans_cr);
        if let Some(annoncee) = derniere_fin(trouve, cadrage).filter(|_| !terminee && !trop_longue)
        {
            (trouve, cadrage, lus) = (&trouve[..annoncee], None, PREFIXE + annoncee);
        }
        let cadrage = if trop_longue { Some(Cadrage::LigneTropLongue) } else { cadrage };
        let offset = debut + PREFIXE.min(sans_cr.len()) as u64;
        let remplissage = est_bourrage(ligne);
        corps.extend_from_slice(&trouve[..trouve.len().min(CORPS_MAX)]);
        let mut brut = Brut { debut, offset, cadrage, remplissage };
        self.tampon.avancer(lus);
        if trop_longue {
            brut.remplissage &= self.sauter_la_ligne()?;
        }
        Ok(Some(brut))
    }

    /// Skips to the next line, window by window; says whether it was padding only.
    fn sauter_la_ligne(&mut self) -> io::Result<bool> {
        let mut remplissage = true;
        loop {
            let fenetre = self.tampon.fenetre(LIGNE_MAX)?;
            if fenetre.is_empty() {
                return Ok(remplissage);
            }
            let fin = fenetre.iter().position(|b| *b == b'\n');
            let n = fin.map_or(fenetre.len(), |i| i + 1);
            remplissage &= est_bourrage(&fenetre[..n]);
            self.tampon.avancer(n);
            if fin.is_some() {
                return Ok(remplissage);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tous(octets: &[u8]) -> Vec<(Brut, Vec<u8>)> {
        let mut lignes = Lignes::new(octets);
        let mut corps = b"what was there before".to_vec();
        std::iter::from_fn(|| {
            Some((lignes.prochain(&mut corps).expect("memory never fails")?, corps.clone()))
        })
        .collect()
    }

    #[track_caller]
    fn check(octets: &[u8], attendu: &[(u64, &[u8], Option<Cadrage>)]) {
        let trouve = tous(octets);
        let vu: Vec<_> =
            trouve.iter().map(|(b, corps)| (b.offset, corps.as_slice(), b.cadrage)).collect();
        assert_eq!(vu, attendu);
    }

    #[test]
    fn both_ends_of_line_and_none_at_the_end() {
        check(
            b"0003ABC\r\n0002DE\n0001F",
            &[(4, b"ABC", None), (13, b"DE", None), (20, b"F", None)],
        );
    }

    #[test]
    fn a_wrong_prefix_does_not_hide_the_next_record() {
        let faute = Some(Cadrage::LongueurDifferente { annoncee: 4, trouvee: 3 });
        check(b"0004ABC\r\n0002DE\r\n", &[(4, b"ABC", faute), (13, b"DE", None)]);
        check(
            b"0A03ABC\n0001D\n",
            &[(4, b"ABC", Some(Cadrage::PrefixeIllisible)), (12, b"D", None)],
        );
        check(b"00", &[(2, b"", Some(Cadrage::PrefixeIllisible))]);
    }

    #[test]
    fn an_endless_line_is_skipped() {
        let mut octets = vec![b'1'; 200_000];
        octets.extend_from_slice(b"\n0001X\n");
        let trouve = tous(&octets);
        assert_eq!(trouve.len(), 2);
        assert_eq!(trouve[0].0.cadrage, Some(Cadrage::LigneTropLongue));
        assert_eq!((trouve[1].0.offset, trouve[1].1.as_slice()), (200_005, &b"X"[..]));
    }
}
