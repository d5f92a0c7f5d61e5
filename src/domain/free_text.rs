//! Texts that people type, and what they may not hold (invariant 4).
//!
//! A [`FreeText`] masks a NIR or a bank account; a [`Reference`] or an [`IdempotencyKey`] that
//! holds one is refused, because two masked keys would be equal. [`super::masking`] says which
//! numbers count.

use super::masking::{holds_identity, is_line_end, is_unseen, masked};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Text that a person typed: a label, a comment, a motif, the name of an operator. Its constructor
/// masks NIR and bank accounts, drops control characters and cuts at [`FreeText::MAX_CHARS`], so
/// that no raw text reaches an event, a status, a file or a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FreeText(#[serde(deserialize_with = "read")] String);

impl FreeText {
    /// Longest text kept, in characters: the longest label of a reason that gRPC takes.
    pub const MAX_CHARS: usize = 256;

    /// Returns the text, masked and cut.
    #[must_use]
    pub fn new(text: &str) -> Self {
        // Masked before it is cut: half a NIR would no longer look like one.
        Self(masked(&printable(text)).chars().take(Self::MAX_CHARS).collect())
    }

    /// Returns the masked text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether no character is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns a text with a blank in place of line ends and tabulators, and without characters that
/// are not seen: they could part the digits of a number, or turn around what a terminal shows.
fn printable(text: &str) -> String {
    let blank = |c| if is_line_end(c) { ' ' } else { c };
    text.chars().filter(|c| !is_unseen(*c)).map(blank).collect()
}

fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|text| FreeText::new(&text).0)
}

impl From<&str> for FreeText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for FreeText {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<FreeText> for String {
    fn from(text: FreeText) -> Self {
        text.0
    }
}

impl fmt::Display for FreeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for FreeText {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for FreeText {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// Reason why a key or a reference is refused. The text itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedText {
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// The text has more characters than its type allows.
    #[error("longer than {0} characters")]
    TooLong(usize),
    /// The text holds control characters, or others that are not seen.
    #[error("control characters and characters that are not seen are not allowed")]
    Control,
    /// The text is no name of a sender.
    #[error("expected 1 to 64 letters, digits, '-', '_' or '.', not a '.' first")]
    Sender,
    /// The text holds digits that may be a NIR or a bank account.
    #[error("looks like a NIR or an IBAN; give {give}")]
    Identity {
        /// Text to give instead.
        give: &'static str,
    },
}

fn check(text: &str, max_chars: usize, give: &'static str) -> Result<String, RefusedText> {
    if text.is_empty() {
        return Err(RefusedText::Empty);
    }
    if text.chars().count() > max_chars {
        return Err(RefusedText::TooLong(max_chars));
    }
    if printable(text) != text {
        return Err(RefusedText::Control);
    }
    if holds_identity(text) { Err(RefusedText::Identity { give }) } else { Ok(text.to_owned()) }
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $max:literal, $give:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Longest text taken, in characters.
            pub const MAX_CHARS: usize = $max;

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = RefusedText;

            fn try_from(text: &str) -> Result<Self, RefusedText> {
                check(text, Self::MAX_CHARS, $give).map(Self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = RefusedText;

            fn from_str(text: &str) -> Result<Self, RefusedText> {
                Self::try_from(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text! {
    /// Reference that a person or a program typed, such as that of a transfer.
    Reference, 64, "another reference, for example VIR-2026-000042"
}
checked_text! {
    /// Key under which a request may be repeated.
    IdempotencyKey, 128, "another key, for example a UUID"
}
checked_text! {
    /// Name or code that an operator searches for. The journal of operations keeps what was
    /// searched for.
    FilterText, 255, "another text, such as the name of a queue"
}

impl From<&Reference> for FreeText {
    fn from(reference: &Reference) -> Self {
        Self(reference.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_is_masked_printable_and_short() {
        assert_eq!(FreeText::new("NIR\n1850760057018\u{7}"), "NIR *************");
        assert_eq!(FreeText::new("18507\u{200b}60057018"), "*************");
        let long = format!("{}1850760057018", "x".repeat(250));
        assert_eq!(FreeText::new(&long).as_str().chars().count(), FreeText::MAX_CHARS);
        assert!(!FreeText::new(&long).as_str().contains("185076"), "masked before it is cut");
        let read: FreeText = serde_json::from_str("\"1850760057018\"").expect("a text");
        assert_eq!(read, "*************");
        assert_eq!(serde_json::to_string(&read).expect("writes"), "\"*************\"");
    }

    #[test]
    fn characters_that_turn_the_text_around_are_dropped() {
        let text = "ab\u{202e}cd\u{2066}\u{61c}\u{180e}\u{fe0f}\u{34f}\u{e0020}e\u{2028}f";
        assert_eq!(FreeText::new(text), "abcde f");
        assert_eq!(Reference::try_from("VIR\u{202e}42"), Err(RefusedText::Control));
    }

    #[test]
    fn keys_with_an_identity_are_refused_and_not_repeated() {
        for (text, why) in [
            ("", "must not be empty"),
            (&"x".repeat(65), "longer than 64 characters"),
            ("a\nb", "control characters and characters that are not seen are not allowed"),
            (
                "VIR 1850760057018",
                "looks like a NIR or an IBAN; give another reference, for example VIR-2026-000042",
            ),
            (
                "FR7630006000011234567890189",
                "looks like a NIR or an IBAN; give another reference, for example VIR-2026-000042",
            ),
        ] {
            let refused = Reference::try_from(text).expect_err("refused").to_string();
            assert_eq!(refused, why, "{text}");
        }
        let error = IdempotencyKey::try_from("1850760057018").expect_err("a NIR").to_string();
        assert_eq!(error, "looks like a NIR or an IBAN; give another key, for example a UUID");
        for key in ["0199d0a8-1234-7123-8123-123456789012", "VIR-20261130-00042"] {
            assert!(IdempotencyKey::try_from(key).is_ok(), "{key}");
        }
    }
}
