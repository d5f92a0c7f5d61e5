//! What a file is, from its first bytes: norm, packaging, and the reason of the decision.

mod contenu;

pub use contenu::Contenu;

use crate::hypothese::Hypothese;
use crate::physical::enregistrements::{Forme, LONGUEUR};

/// How many bytes [`detecter`] wants; fewer are enough for a shorter file.
pub const APERCU: usize = 1_024;

/// The family of formats of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norme {
    /// Norm B2 / DRE.
    B2(Forme),
    /// NOEMIE, packaging A: length-prefixed lines.
    NoemieLignes,
    /// NOEMIE, packaging B: blocks of 128 bytes.
    NoemieBlocs,
    /// Notices of a concentrator (128-character lines of type 2, not NOEMIE).
    Concentrateur(Forme),
}

impl Norme {
    /// The word used in reports: `b2`, `noemie` or `concentrator`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::B2(_) => "b2",
            Self::NoemieLignes | Self::NoemieBlocs => "noemie",
            Self::Concentrateur(_) => "concentrator",
        }
    }

    /// The packaging used in reports.
    #[must_use]
    pub const fn packaging(self) -> &'static str {
        match self {
            Self::B2(f) | Self::Concentrateur(f) => f.as_str(),
            Self::NoemieLignes => "lines",
            Self::NoemieBlocs => "blocks",
        }
    }
}

/// A decision and its reason, in English (it goes to logs and reports).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detection {
    /// What the file is; `None` when nothing was recognised (policy P1).
    pub norme: Option<Norme>,
    /// Why.
    pub raison: &'static str,
    /// What was assumed, where the bytes leave a choice.
    pub hypothese: Option<Hypothese>,
    /// Content of a file that was not recognised, where its first bytes name it.
    pub contenu: Option<Contenu>,
}

impl Detection {
    const fn sans_doute(norme: Norme, raison: &'static str) -> Self {
        Self { norme: Some(norme), raison, hypothese: None, contenu: None }
    }

    const fn en_supposant(norme: Norme, raison: &'static str, hypothese: Hypothese) -> Self {
        Self { norme: Some(norme), raison, hypothese: Some(hypothese), contenu: None }
    }
}

/// Recognises a file by its first [`APERCU`] bytes.
///
/// Order matters: a concentrator's line `2999 000…` also looks like a NOEMIE length prefix followed
/// by `000`, so it is tested first.
#[must_use]
pub fn detecter(head: &[u8]) -> Detection {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let forme = forme(text);
    if head.is_empty() {
        return Detection { norme: None, raison: "empty file", hypothese: None, contenu: None };
    }
    if is_concentrator(text, forme) {
        return Detection::sans_doute(
            Norme::Concentrateur(forme),
            "128-character lines that all begin with type 2",
        );
    }
    if has_length_prefix(text) {
        return Detection::sans_doute(Norme::NoemieLignes, "length prefix followed by 000");
    }
    if text.starts_with(b"000") {
        return en_tete(text, forme);
    }
    if text.first().is_some_and(|b| (b'1'..=b'6').contains(b))
        && text.get(1..10).is_some_and(|ps| ps.iter().all(u8::is_ascii_digit))
    {
        let raison = "first record is a B2 type without 000 before it";
        return Detection::en_supposant(Norme::B2(forme), raison, Hypothese::SansEnTete);
    }
    if second_record(text, forme)
        .is_some_and(|r| r[0] == b'1' && r[1..10].iter().all(u8::is_ascii_digit))
    {
        return Detection::en_supposant(
            Norme::B2(forme),
            "second record is a B2 type 1",
            Hypothese::SansEnTete,
        );
    }
    Detection {
        norme: None,
        raison: "neither a B2 type, nor NOEMIE, nor a concentrator's line",
        hypothese: None,
        contenu: Contenu::nommer(head),
    }
}

/// A NOEMIE 000 in blocks has a three-digit reference at 62-64 where B2 has its norm; without it,
/// the flag and the entity code after the block decide.
fn en_tete(head: &[u8], forme: Forme) -> Detection {
    if head.get(65..67) == Some(b"B2") {
        return Detection::sans_doute(Norme::B2(forme), "000 of norm B2");
    }
    let reference = head.get(61..64).is_some_and(|r| r.iter().all(u8::is_ascii_digit));
    if forme == Forme::Blocs && reference {
        return Detection::sans_doute(
            Norme::NoemieBlocs,
            "000 whose reference of exchange (62-65) is a number, in blocks",
        );
    }
    if forme == Forme::Blocs && head.get(129..132) == Some(b"020") {
        return Detection::en_supposant(
            Norme::NoemieBlocs,
            "000 in blocks followed by an entity 020",
            Hypothese::NoemieParEntite,
        );
    }
    Detection::en_supposant(Norme::B2(forme), "000 of no NOEMIE reference", Hypothese::B2ParDefaut)
}

/// Lines when a line end stands where the first records have only text; B2 records hold none before
/// types 5 and 6.
fn forme(head: &[u8]) -> Forme {
    let looked_at = &head[..head.len().min(4 * LONGUEUR)];
    match looked_at.iter().position(|b| *b == b'\n') {
        Some(0) => Forme::Lf,
        Some(i) if head[i - 1] == b'\r' => Forme::Crlf,
        Some(_) => Forme::Lf,
        None => Forme::Blocs,
    }
}

fn is_concentrator(head: &[u8], forme: Forme) -> bool {
    forme != Forme::Blocs && {
        let mut lines = head.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
        lines.next().is_some_and(|first| {
            first.len() == LONGUEUR
                && first[0] == b'2'
                && first[1..13].iter().all(u8::is_ascii_digit)
        }) && lines.next().is_none_or(|second| second.first().is_none_or(|b| *b == b'2'))
    }
}

fn has_length_prefix(head: &[u8]) -> bool {
    head.len() >= 7
        && head[..4].iter().all(u8::is_ascii_digit)
        && &head[4..7] == b"000"
        && head.get(7..9).is_none_or(|t| t.iter().all(u8::is_ascii_uppercase))
}

fn second_record(head: &[u8], forme: Forme) -> Option<&[u8]> {
    let start = match forme {
        Forme::Blocs => LONGUEUR,
        Forme::Crlf | Forme::Lf => head.iter().position(|b| *b == b'\n')? + 1,
    };
    head.get(start..start + 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn b2_header() -> Vec<u8> {
        let mut r = b"000OT99900000000011      OC00000099900011      RTD21313260202PS  B2".to_vec();
        r.resize(LONGUEUR, b' ');
        r
    }

    #[track_caller]
    fn check(head: &[u8], expect: Option<Norme>) {
        assert_eq!(detecter(head).norme, expect, "{}", detecter(head).raison);
    }

    #[test]
    fn the_forms_of_b2() {
        let header = b2_header();
        check(&[header.clone(), header.clone()].concat(), Some(Norme::B2(Forme::Blocs)));
        check(&[&header[..], b"\r\n1"].concat(), Some(Norme::B2(Forme::Crlf)));
        check(&[&header[..], b"\n1"].concat(), Some(Norme::B2(Forme::Lf)));
        check(&[b"\xef\xbb\xbf", &header[..], b"\r\n1"].concat(), Some(Norme::B2(Forme::Crlf)));
    }

    #[test]
    fn a_concentrator_line_is_not_a_length_prefix() {
        let mut line = b"2999000000000130004160022601282861299999002930003638".to_vec();
        line.resize(LONGUEUR, b' ');
        line.extend_from_slice(b"\r\n");
        check(&line, Some(Norme::Concentrateur(Forme::Crlf)));
    }

    #[test]
    fn both_packagings_of_noemie() {
        check(b"0128000CP00000001999000", Some(Norme::NoemieLignes));
        let mut block =
            b"000CP00000001999000      TP00000992003251        RSP003260206576     UT".to_vec();
        block.resize(LONGUEUR, b' ');
        check(&block, Some(Norme::NoemieBlocs));
    }

    #[test]
    fn what_is_assumed_is_said() {
        let assumed = |head: &[u8]| detecter(head).hypothese;
        let header = b2_header();
        assert_eq!(assumed(&header), None);
        assert_eq!(assumed(b"0128000CP00000001999000"), None);
        let mut bare = header.clone();
        bare[65..67].fill(b' ');
        assert_eq!(assumed(&bare), Some(Hypothese::B2ParDefaut));
        let followed = [&bare[..], b"0020"].concat();
        assert_eq!(
            (detecter(&followed).norme, assumed(&followed)),
            (Some(Norme::NoemieBlocs), Some(Hypothese::NoemieParEntite))
        );
        assert_eq!(assumed(b"1992000034      999002       PHARMACIE"), Some(Hypothese::SansEnTete));
    }

    #[test]
    fn words_of_the_reports() {
        let words = |norme: Norme| (norme.as_str(), norme.packaging());
        assert_eq!(words(Norme::B2(Forme::Blocs)), ("b2", "blocks"));
        assert_eq!(words(Norme::Concentrateur(Forme::Lf)), ("concentrator", "lf"));
        assert_eq!(words(Norme::NoemieLignes), ("noemie", "lines"));
        assert_eq!(words(Norme::NoemieBlocs), ("noemie", "blocks"));
    }

    #[test]
    fn noise_and_nothing() {
        check(b"", None);
        check(b"\x00\x01\x02", None);
        check(b"<html>", None);
    }
}
