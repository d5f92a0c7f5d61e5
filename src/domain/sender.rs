//! Names of depositors.

use super::RefusedText;
use super::masking::holds_identity;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// Hint of the refusal of a name that looks like a NIR.
const GIVE: &str = "another name, for example oct-1 or a SIRET";

/// Name of a depositor (concentrator, caisse): 1 to 64 letters, digits, `-`, `_` or `.`.
///
/// Senders name directories, files and rows, so that a name has no separator, does not begin with
/// a dot, and holds no NIR or bank account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Sender(String);

impl Sender {
    /// Longest name, in characters.
    pub const MAX_CHARS: usize = 64;

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Sender {
    type Error = RefusedText;

    fn try_from(name: &str) -> Result<Self, RefusedText> {
        let is_plain = (1..=Self::MAX_CHARS).contains(&name.len())
            && !name.starts_with('.')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        match is_plain {
            true if holds_identity(name) => Err(RefusedText::Identity { give: GIVE }),
            true => Ok(Self(name.to_owned())),
            false => Err(RefusedText::Sender),
        }
    }
}

impl FromStr for Sender {
    type Err = RefusedText;

    fn from_str(name: &str) -> Result<Self, RefusedText> {
        Self::try_from(name)
    }
}

impl From<Sender> for String {
    fn from(sender: Sender) -> Self {
        sender.0
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_plain_names() {
        assert_eq!(Sender::try_from("oct-1.test_A").expect("a name").as_str(), "oct-1.test_A");
        for number in ["99900000000012", "35600000049837"] {
            assert!(Sender::try_from(number).is_ok(), "{number}");
        }
        for wrong in ["", ".", "..", "a/b", "a b", "é", &"x".repeat(65)] {
            assert_eq!(Sender::try_from(wrong), Err(RefusedText::Sender), "{wrong}");
        }
        for person in
            ["1850760057018", "1.85.07.60.057.018", "oct-185076005701842", "18507600570182"]
        {
            let refused = Sender::try_from(person);
            assert_eq!(refused, Err(RefusedText::Identity { give: GIVE }), "{person}");
        }
    }
}
