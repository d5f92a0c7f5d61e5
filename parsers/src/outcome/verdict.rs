//! The outcome of a file.

use crate::coded::coded;

coded! {
    /// Outcome of a physical file, as reports, receipts and the database name it.
    Verdict {
        /// Every invoice is accepted; warnings are possible.
        Accepted = "accepted";
        /// Some invoices are quarantined or duplicates.
        Partial = "partial";
        /// The whole file is refused.
        Refused = "refused";
    }
}

impl Verdict {
    /// The French sentence that professionals and desks read.
    #[must_use]
    pub const fn libelle(self) -> &'static str {
        match self {
            Self::Accepted => "Fichier accepté",
            Self::Partial => "Fichier accepté en partie",
            Self::Refused => "Fichier refusé",
            Self::Unknown => "Verdict inconnu de cette version",
        }
    }
}
