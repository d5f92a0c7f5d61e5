//! Resume tokens of streams: a position, the installation and incarnation that it belongs to, and
//! the filter of the stream.

use super::FilterDigest;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Most digits of a position: a longer number may be a person's, and positions are logged.
const MAX_POSITION_DIGITS: usize = 12;

/// Installation and incarnation of the data of a stream. A restore begins another incarnation, in
/// which positions stand for other events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamOrigin {
    /// Last four bytes of the identifier of the installation.
    tag: u32,
    /// Incarnation of the installation.
    incarnation: u64,
}

impl StreamOrigin {
    /// Returns the origin of an installation in an incarnation.
    #[must_use]
    pub fn new(installation: Uuid, incarnation: u64) -> Self {
        // The first bytes of an identifier of version 7 are a time, the last ones are random.
        let [.., a, b, c, d] = *installation.as_bytes();
        Self { tag: u32::from_be_bytes([a, b, c, d]), incarnation }
    }

    /// Returns the token of a position in the stream with this filter.
    #[must_use]
    pub const fn token(self, filter: FilterDigest, position: i64) -> ResumeToken {
        ResumeToken { origin: self, filter, position }
    }

    /// Returns whether this is a later incarnation of the installation of another origin.
    #[must_use]
    pub const fn is_after(self, other: Self) -> bool {
        self.tag == other.tag && self.incarnation > other.incarnation
    }
}

/// The position after which a stream continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResumeToken {
    /// Data of the stream.
    pub origin: StreamOrigin,
    /// Filter of the stream: the events that it did not show stay unseen.
    pub filter: FilterDigest,
    /// Position of the last event read, from 0.
    pub position: i64,
}

impl ResumeToken {
    /// Returns the token of another position in the same stream.
    #[must_use]
    pub const fn at(self, position: i64) -> Self {
        Self { position, ..self }
    }
}

impl fmt::Display for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StreamOrigin { tag, incarnation } = self.origin;
        write!(f, "{tag:08x}-{incarnation}-{}-{}", self.filter, self.position)
    }
}

/// Error: the resume token was not made by this service.
#[derive(Debug, thiserror::Error)]
#[error("resume token not made by this service")]
pub struct InvalidResumeToken;

impl FromStr for ResumeToken {
    type Err = InvalidResumeToken;

    fn from_str(text: &str) -> Result<Self, InvalidResumeToken> {
        let read = || {
            let mut parts = text.split('-');
            let (tag, incarnation) = (parts.next()?, parts.next()?);
            let (filter, position) = (parts.next()?, parts.next()?);
            let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            if parts.next().is_some()
                || tag.len() != 8
                || !is_digits(incarnation)
                || !is_digits(position)
                || position.len() > MAX_POSITION_DIGITS
            {
                return None;
            }
            let tag = u32::from_str_radix(tag, 16).ok()?;
            let origin = StreamOrigin { tag, incarnation: incarnation.parse().ok()? };
            Some(origin.token(filter.parse().ok()?, position.parse().ok()?))
        };
        read().ok_or(InvalidResumeToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_as_it_was_written_and_a_plain_number_is_none() {
        let filter = "0123456789abcdef".parse().expect("a digest");
        let token = StreamOrigin::new(Uuid::from_u128(0x00c0_ffee), 2).token(filter, 1041);
        assert_eq!(token.to_string(), "00c0ffee-2-0123456789abcdef-1041");
        assert_eq!(token.to_string().parse::<ResumeToken>().expect("reads"), token);
        for wrong in [
            "",
            "1041",
            "2-1041",
            "00c0ffee-2",
            "00c0ffee-2-1041",
            "00c0ffee-2-0123456789abcdef--1",
            "00c0ffee--1-0123456789abcdef-1",
            "c0ffee-2-0123456789abcdef-1041",
            "00c0ffee-2-0123456789abcdef-1041-1",
            "00c0ffee-2-0123456789abcdef-1234567890123",
            "00c0ffee-2-0123456789abcde-1041",
            "00c0ffee-x-0123456789abcdef-1",
            "00c0ffég-1-0123456789abcdef-1",
        ] {
            assert!(wrong.parse::<ResumeToken>().is_err(), "{wrong}");
        }
    }
}
