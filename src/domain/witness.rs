//! Witness lines: how far the rows of a database reached at an instant, kept outside the database.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// A witness line. Its text is one JSON object without line ends, and holds no data of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WitnessLine {
    /// Instant of the line.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Identifier of the installation.
    pub installation: Uuid,
    /// Incarnation of the installation.
    pub incarnation: u64,
    /// Rank of the last receipt.
    pub receipts: u64,
    /// Link of the last receipt in the chain; empty before the first.
    pub receipt_link: String,
    /// Position of the last published event.
    pub position: i64,
    /// Number of the last row of each chain of a journal.
    pub journals: BTreeMap<String, i64>,
    /// Digest over the links of those rows.
    pub journals_digest: String,
    /// Keyed digest over the text before this field.
    pub check: String,
}

/// Beginning of the last field.
const CHECK: &str = ",\"check\":\"";

impl WitnessLine {
    /// Returns the part of a written line that the check value signs, fields of a later version
    /// included; `None` for a text without check value.
    #[must_use]
    pub fn signed_part(text: &str) -> Option<&str> {
        text.rsplit_once(CHECK).map(|(signed, _)| signed)
    }

    /// Returns the line as it is written, without a line end.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("numbers, texts and a year of four digits")
    }

    /// Returns whether both lines have the same receipts and journals in the same incarnation. The
    /// position is left out, because the event of a line moves it.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        (self.installation, self.incarnation) == (other.installation, other.incarnation)
            && (self.receipts, &self.receipt_link) == (other.receipts, &other.receipt_link)
            && self.journals_digest == other.journals_digest
    }

    /// Returns whether no receipt was given yet.
    #[must_use]
    pub fn is_of_no_receipt(&self) -> bool {
        self.receipts == 0
    }
}

/// Returns the digest over the links of the last rows of the journals, by the name of their chain.
#[must_use]
pub fn journals_digest<'a>(ends: impl Iterator<Item = (&'a str, i64, &'a str)>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (chain, number, link) in ends {
        hasher.update(format!("{chain} {number} {link}\n").as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
