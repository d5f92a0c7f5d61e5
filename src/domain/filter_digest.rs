//! Digest of the filter of a listing or stream. A token carries it, so that a token used with
//! another filter is an error and not a wrong answer.

use std::fmt;
use std::str::FromStr;

/// Digits of the text of a digest.
const DIGITS: usize = 16;

/// First eight bytes of BLAKE3 over the name of a listing or stream and the fields of its filter.
///
/// A field that does not filter leaves the digest as it is, so that a new field of a later version
/// changes no token that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterDigest(u64);

impl FilterDigest {
    /// Returns the digest of a listing or stream without filter.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(0).hashed(name, "")
    }

    /// Returns the digest with one more field; `None` does not filter.
    #[must_use]
    pub fn with(self, field: &str, value: Option<&str>) -> Self {
        value.map_or(self, |value| self.hashed(field, value))
    }

    fn hashed(self, field: &str, value: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.to_be_bytes());
        hasher.update(&(field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
        hasher.update(value.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = *hasher.finalize().as_bytes();
        Self(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

impl fmt::Display for FilterDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Error: the text is no digest of a filter.
#[derive(Debug, thiserror::Error)]
#[error("not a digest of a filter")]
pub struct InvalidFilterDigest;

impl FromStr for FilterDigest {
    type Err = InvalidFilterDigest;

    fn from_str(text: &str) -> Result<Self, InvalidFilterDigest> {
        if text.len() != DIGITS || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(InvalidFilterDigest);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| InvalidFilterDigest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_the_name_and_on_each_field() {
        let filter = FilterDigest::new("claims").with("ps", Some("1")).with("lot", Some("2"));
        let same = FilterDigest::new("claims").with("ps", Some("1")).with("amc", None);
        assert_eq!(filter, same.with("lot", Some("2")));
        assert_eq!(filter.to_string().parse::<FilterDigest>().expect("reads"), filter);
        let others = [
            FilterDigest::new("claims").with("lot", Some("2")),
            FilterDigest::new("returns").with("ps", Some("1")).with("lot", Some("2")),
            FilterDigest::new("claims").with("ps", Some("12")).with("lot", Some("")),
            FilterDigest::new("claims").with("ps", Some("")).with("lot", Some("12")),
        ];
        assert!(others.into_iter().all(|other| other != filter));
        for wrong in ["", "0", "+123456789abcdef", "0123456789abcdefg", "é123456789abcde"] {
            assert!(wrong.parse::<FilterDigest>().is_err(), "{wrong}");
        }
    }
}
