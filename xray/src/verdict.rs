//! The outcome of a file.

use serde::{Deserialize, Serialize};

/// Outcome of a physical file, as reports, receipts and the database name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every invoice is accepted; warnings are possible.
    Accepted,
    /// Some invoices are quarantined or duplicates.
    Partial,
    /// The whole file is refused.
    Refused,
}

impl Verdict {
    /// Every value.
    pub const ALL: &'static [Self] = &[Self::Accepted, Self::Partial, Self::Refused];

    /// The stable code, as stored and exchanged.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Partial => "partial",
            Self::Refused => "refused",
        }
    }

    /// The French sentence that professionals and desks read.
    #[must_use]
    pub const fn libelle(self) -> &'static str {
        match self {
            Self::Accepted => "Fichier accepté",
            Self::Partial => "Fichier accepté en partie",
            Self::Refused => "Fichier refusé",
        }
    }

    /// Reads a stable code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verdict| verdict.as_str() == code)
    }
}
