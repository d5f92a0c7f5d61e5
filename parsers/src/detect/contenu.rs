//! Names the content of a file that is neither B2 nor NOEMIE, from its first bytes, so that its
//! sender knows what to send instead.

/// Bytes looked at for a text in EBCDIC: one record.
const EBCDIC_VU: usize = 128;

/// Content that is not read, and what to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contenu {
    /// Compressed by gzip.
    Gzip,
    /// An archive of ZIP, an office document included.
    Zip,
    /// Compressed by bzip2, xz or 7z.
    AutreCompression,
    /// Text in EBCDIC, the code of mainframes.
    Ebcdic,
    /// Text in UTF-16.
    Utf16,
    /// A mail with its headers.
    Courriel,
    /// Encrypted or signed by OpenPGP, or a PEM.
    Chiffre,
    /// A PDF.
    Pdf,
    /// XML or HTML.
    Xml,
}

impl Contenu {
    /// Every content, in the order of declaration.
    pub const ALL: &'static [Self] = &[
        Self::Gzip,
        Self::Zip,
        Self::AutreCompression,
        Self::Ebcdic,
        Self::Utf16,
        Self::Courriel,
        Self::Chiffre,
        Self::Pdf,
        Self::Xml,
    ];

    /// Returns the content and what to do, in French.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Gzip => "fichier compressé par gzip : envoyer le fichier décompressé",
            Self::Zip => "archive ZIP : envoyer le fichier qu'elle contient",
            Self::AutreCompression => {
                "fichier compressé (bzip2, xz ou 7z) : envoyer le fichier décompressé"
            }
            Self::Ebcdic => "texte en EBCDIC : le transférer avec conversion en ASCII (mode texte)",
            Self::Utf16 => "texte en UTF-16 : l'enregistrer en ASCII, sans accents",
            Self::Courriel => "courrier électronique entier : envoyer la pièce jointe seule",
            Self::Chiffre => "fichier chiffré ou signé (PGP ou PEM) : envoyer le fichier en clair",
            Self::Pdf => "document PDF : envoyer le fichier de télétransmission",
            Self::Xml => "document XML ou HTML : envoyer le fichier B2 ou NOEMIE",
        }
    }

    /// Names the content of a file by its first bytes; `None` when nothing is recognised.
    #[must_use]
    pub fn nommer(head: &[u8]) -> Option<Self> {
        let mails: [&[u8]; 4] = [b"Received: ", b"MIME-Version: ", b"Return-Path: ", b"From "];
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Some(Self::Zip),
            [b'B', b'Z', b'h', ..]
            | [0xfd, b'7', b'z', b'X', b'Z', ..]
            | [b'7', b'z', 0xbc, 0xaf, ..] => Some(Self::AutreCompression),
            [0xff, 0xfe, ..]
            | [0xfe, 0xff, ..]
            | [b'0', 0, b'0', 0, ..]
            | [0, b'0', 0, b'0', ..] => Some(Self::Utf16),
            _ if head.starts_with(b"-----BEGIN ") => Some(Self::Chiffre),
            _ if head.starts_with(b"%PDF-") => Some(Self::Pdf),
            _ if mails.iter().any(|debut| head.starts_with(debut)) => Some(Self::Courriel),
            _ if head.trim_ascii_start().starts_with(b"<") => Some(Self::Xml),
            _ => est_ebcdic(head).then_some(Self::Ebcdic),
        }
    }
}

/// Returns whether a text begins with a digit of EBCDIC and has only digits, capitals, blanks and
/// line ends of EBCDIC.
fn est_ebcdic(head: &[u8]) -> bool {
    let texte = |b: &u8| {
        matches!(b, 0xf0..=0xf9 | 0xc1..=0xc9 | 0xd1..=0xd9 | 0xe2..=0xe9)
            || matches!(b, 0x40 | 0x0d | 0x15 | 0x25)
    };
    let vu = &head[..head.len().min(EBCDIC_VU)];
    vu.len() >= 4 && vu[..3].iter().all(|b| (0xf0..=0xf9).contains(b)) && vu.iter().all(texte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_named() {
        let ebcdic = [&[0xf0, 0xf0, 0xf0, 0xd6, 0xe3, 0x40][..], &[0xf9; 140]].concat();
        for (head, expected) in [
            (&b"\x1f\x8b\x08\0"[..], Some(Contenu::Gzip)),
            (b"PK\x03\x04\x14", Some(Contenu::Zip)),
            (b"BZh9", Some(Contenu::AutreCompression)),
            (b"\xfd7zXZ\0", Some(Contenu::AutreCompression)),
            (b"\xff\xfe0\0", Some(Contenu::Utf16)),
            (b"0\x000\x000\0", Some(Contenu::Utf16)),
            (b"Received: from x", Some(Contenu::Courriel)),
            (b"-----BEGIN PGP MESSAGE-----", Some(Contenu::Chiffre)),
            (b"%PDF-1.7", Some(Contenu::Pdf)),
            (b"\n<?xml version", Some(Contenu::Xml)),
            (&ebcdic, Some(Contenu::Ebcdic)),
            (b"\xf0\xf0\xf0A", None),
            (b"\xff\x00\x01", None),
            (b"numero;montant", None),
            (b"", None),
        ] {
            assert_eq!(Contenu::nommer(head), expected, "{head:?}");
        }
        assert!(Contenu::ALL.iter().all(|contenu| contenu.message().contains(" : ")));
    }
}
