//! The mark of a file: real, test or demonstration.
//!
//! The mark stands in type 2 of norm PS (column 37), in type 6 (column 55) and in the 000 of NOEMIE
//! (column 71). Few sources describe it: a blank, and any other character, says nothing.

/// Mark of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marquage {
    /// `R`: real.
    Reel,
    /// `T`: test.
    Test,
    /// `D`: demonstration.
    Demonstration,
}

impl Marquage {
    /// Returns the mark that a byte means; `None` for a blank and for any other character.
    #[must_use]
    pub const fn lire(byte: u8) -> Option<Self> {
        match byte {
            b'R' => Some(Self::Reel),
            b'T' => Some(Self::Test),
            b'D' => Some(Self::Demonstration),
            _ => None,
        }
    }

    /// Returns the byte of the mark.
    #[must_use]
    pub const fn octet(self) -> u8 {
        match self {
            Self::Reel => b'R',
            Self::Test => b'T',
            Self::Demonstration => b'D',
        }
    }

    /// Returns the French word of the mark.
    #[must_use]
    pub const fn libelle(self) -> &'static str {
        match self {
            Self::Reel => "réel",
            Self::Test => "test",
            Self::Demonstration => "démonstration",
        }
    }

    /// Returns whether the mark says that nothing is to be paid: test or demonstration.
    #[must_use]
    pub const fn is_test(self) -> bool {
        matches!(self, Self::Test | Self::Demonstration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_letters_are_marks_and_nothing_else_is() {
        let read = |byte| Marquage::lire(byte).map(|mark| (mark.octet(), mark.is_test()));
        assert_eq!(read(b'R'), Some((b'R', false)));
        assert_eq!(read(b'T'), Some((b'T', true)));
        assert_eq!(read(b'D'), Some((b'D', true)));
        for byte in (0..=255).filter(|byte| !b"RTD".contains(byte)) {
            assert_eq!(read(byte), None, "{byte}");
        }
    }
}
