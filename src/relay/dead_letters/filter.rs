//! Filter of dead letters: a letter has to meet every condition given.

use super::DeadLetter;
use crate::domain::masking::holds_identity;
use crate::domain::{ClaimId, EventId, FilterText};
use std::fmt;
use std::str::FromStr;
use time::OffsetDateTime;

/// Conditions on dead letters; empty fields do not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Filter {
    /// Fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<FilterText>,
    /// Events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventId>,
    /// Claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimId>,
    /// Routing key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing_key: Option<KeyPattern>,
    /// Queue where the letter died.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<FilterText>,
    /// Reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<FilterText>,
    /// Died before this instant. A letter without a date does not match.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub died_before: Option<OffsetDateTime>,
    /// Died at this instant or later. A letter without a date does not match.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub died_from: Option<OffsetDateTime>,
}

impl Filter {
    /// Returns whether the filter has no condition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether a letter meets every condition.
    #[must_use]
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        self.group.as_ref().is_none_or(|group| letter.group == group.as_str())
            && (self.events.is_empty()
                || letter.event_id.is_some_and(|id| self.events.contains(&id)))
            && self.claim.is_none_or(|claim| letter.claim_id == Some(claim))
            && self.routing_key.as_ref().is_none_or(|pattern| pattern.matches(&letter.routing_key))
            && self.origin.as_ref().is_none_or(|origin| {
                letter.origin.as_ref().is_some_and(|of| of.is(origin.as_str()))
            })
            && self.reason.as_ref().is_none_or(|reason| letter.reason == reason.as_str())
            && self.died_before.is_none_or(|limit| letter.died_at.is_some_and(|at| at < limit))
            && self.died_from.is_none_or(|limit| letter.died_at.is_some_and(|at| at >= limit))
    }
}

/// A pattern of routing keys as the bindings of a topic exchange have it: `*` is one word, `#` any
/// number of words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct KeyPattern(String);

/// Error: the text is no pattern of routing keys.
#[derive(Debug, thiserror::Error)]
#[error(
    "a routing key is words of letters, digits and `_` between dots; `*` stands for one word, `#` \
     for any number of them"
)]
pub struct InvalidPattern;

impl FromStr for KeyPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let word = |word: &str| {
            matches!(word, "*" | "#")
                || (!word.is_empty()
                    && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        };
        if text.len() <= 255 && text.split('.').all(word) && !holds_identity(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPattern)
        }
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl KeyPattern {
    fn matches(&self, key: &str) -> bool {
        let (pattern, key): (Vec<&str>, Vec<&str>) =
            (self.0.split('.').collect(), key.split('.').collect());
        words_match(&pattern, &key)
    }
}

/// Returns whether a pattern matches a key, word by word. Keys have four words, so that trying each
/// length of `#` is cheap.
fn words_match(pattern: &[&str], key: &[&str]) -> bool {
    match (pattern.split_first(), key.split_first()) {
        (None, _) => key.is_empty(),
        (Some((&"#", rest)), _) => {
            (0..=key.len()).any(|skipped| words_match(rest, &key[skipped..]))
        }
        (Some((word, rest)), Some((first, others))) => {
            (*word == "*" || word == first) && words_match(rest, others)
        }
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_bindings_do() {
        let key = "claim.dre.received.0099900011";
        for (pattern, expect) in [
            ("claim.#", true),
            ("#", true),
            ("claim.dre.received.0099900011", true),
            ("claim.*.received.*", true),
            ("#.0099900011", true),
            ("claim.#.dre.#", true),
            ("claim.*", false),
            ("claim.dre.paid.*", false),
            ("claim.dre.received.0099900011.*", false),
        ] {
            assert_eq!(pattern.parse::<KeyPattern>().unwrap().matches(key), expect, "{pattern}");
        }
        for wrong in ["", "claim..x", "claim.d*", "a b", "claim.dre.paid.1850760057018"] {
            assert!(wrong.parse::<KeyPattern>().is_err(), "{wrong}");
        }
    }
}
