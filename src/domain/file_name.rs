//! Names of files, as senders and operators give them (invariant 4).

use super::masking::{is_line_end, is_unseen, masked};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// Longest run of digits that a file name keeps.
const MAX_DIGITS: usize = 8;

/// Name of a file: the last part of its path, at most [`FileName::MAX_CHARS`] characters.
///
/// The constructor masks NIR, bank accounts and the end of every long run of digits, and drops
/// control and invisible characters: senders name files after persons, and a name leaves in
/// answers, listings, journals and logs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileName(#[serde(deserialize_with = "read")] String);

/// Returns whether a character could change the lines or the order of what a terminal shows.
fn is_dropped(c: char) -> bool {
    is_line_end(c) || is_unseen(c)
}

impl FileName {
    /// Longest name kept, in characters.
    pub const MAX_CHARS: usize = 120;
    /// Longest part of another file's name, in bytes: a file system takes 255 bytes for the whole,
    /// and a partial file adds an identifier.
    pub const MAX_PART: usize = 120;

    /// Returns the last part of a path, masked and cut.
    #[must_use]
    pub fn new(path: &str) -> Self {
        let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let mut name = String::new();
        let mut digits = 0;
        for c in masked(last).chars().filter(|c| !is_dropped(*c)).take(Self::MAX_CHARS) {
            digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
            name.push(if digits > MAX_DIGITS { '*' } else { c });
        }
        Self(name)
    }

    /// Returns the masked name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name as a part of another file's name: at most [`FileName::MAX_PART`] letters,
    /// digits, `.` and `-` of ASCII, and `_` for every other character, a masked digit included.
    #[must_use]
    pub fn as_part(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        self.0.chars().take(Self::MAX_PART).map(|c| if plain(c) { c } else { '_' }).collect()
    }
}

fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|name| FileName::new(&name).0)
}

impl From<&str> for FileName {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<String> for FileName {
    fn from(path: String) -> Self {
        Self::new(&path)
    }
}

impl From<&Path> for FileName {
    fn from(path: &Path) -> Self {
        Self::new(&path.file_name().unwrap_or_default().to_string_lossy())
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<&str> for FileName {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nir_in_a_file_name_is_masked() {
        for (path, name) in [
            ("/tmp/dre_1850760057018.b2", "dre_*************.b2"),
            ("185072A00401823.b2", "***************.b2"),
            ("1 85 07 60 057 018 42.b2", "* ** ** ** *** *** **.b2"),
            ("facture_1234567890.b2", "facture_12345678**.b2"),
            ("lot\u{202e}2b.\u{2066}b2", "lot2b.b2"),
            ("SP_FP_20260202.b2", "SP_FP_20260202.b2"),
        ] {
            assert_eq!(FileName::new(path), name);
            assert_eq!(FileName::new(name), name, "a masked name stays as it is");
        }
        assert_eq!(FileName::from(Path::new("a\\1850760057018/b.b2")), "b.b2");
    }

    #[test]
    fn a_part_of_another_name_is_plain_and_short() {
        for (name, part) in [
            ("SP-FP_20260202.b2", "SP-FP_20260202.b2"),
            ("dre_1850760057018.b2", "dre______________.b2"),
            ("Été $(x)\u{1b}[31m*?.b2", "_t____x__31m__.b2"),
            ("", ""),
        ] {
            assert_eq!(FileName::new(name).as_part(), part, "{name}");
        }
        let long = FileName::new(&"é".repeat(500)).as_part();
        assert_eq!(long, "_".repeat(FileName::MAX_PART));
    }
}
