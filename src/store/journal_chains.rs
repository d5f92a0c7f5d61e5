//! Chains of journals: each row of a journal has a keyed digest over the row before it, so that a
//! row that is altered or removed shows.

use super::error::StoreError;
use async_trait::async_trait;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Makes the keyed digest (hex) of the fields of a link.
pub type Sealer = Arc<dyn Fn(&[&str]) -> String + Send + Sync>;

/// A journal whose rows are chained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainedJournal {
    /// Decisions of workers.
    Decisions,
    /// Readings of persons.
    Accesses,
    /// Matches of answers with claims by persons.
    Matches,
    /// Operations by hand.
    Operations,
    /// Imports of conventions.
    Conventions,
    /// Extracts of the register of establishments.
    Register,
}

impl ChainedJournal {
    /// Every journal.
    pub const ALL: [Self; 6] = [
        Self::Decisions,
        Self::Accesses,
        Self::Matches,
        Self::Operations,
        Self::Conventions,
        Self::Register,
    ];

    /// Name, with which the chains of the journal begin.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Accesses => "accesses",
            Self::Matches => "matches",
            Self::Operations => "operations",
            Self::Conventions => "conventions",
            Self::Register => "register",
        }
    }
}

/// Place of a row in its chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalLink {
    /// Chain. A journal of claims has sixteen, by the claim, so that its writers seldom wait for
    /// one another.
    pub chain: String,
    /// Number in the chain, 1-based, without holes.
    pub number: i64,
    /// Keyed digest (hex) over the link before and the row.
    pub link: String,
}

/// A row of a journal with its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedRow {
    /// Place.
    pub place: JournalLink,
    /// Every other column as text.
    pub fields: Vec<String>,
}

/// Form of the digests of tables, before the digest itself: columns and their order. A version that
/// adds a column takes another form.
pub(in crate::store) const CONTENT_FORM: &str = "1:";

/// Content of the tables that a journal of imports writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalContent {
    /// Journal.
    pub journal: ChainedJournal,
    /// Digest that the last import states; `None` before the first one.
    pub stated: Option<String>,
    /// Digest of the rows; `None` for empty tables.
    pub found: Option<String>,
}

impl JournalContent {
    /// Returns whether the rows are those that the last import left; `None` when a later version
    /// made the digest, in a form that this version does not know.
    #[must_use]
    pub fn agrees(&self) -> Option<bool> {
        let is_known = self.stated.as_ref().is_none_or(|stated| stated.starts_with(CONTENT_FORM));
        is_known.then_some(self.stated == self.found)
    }
}

/// Returns the fields that a link signs: chain, link before, number, and the row.
#[must_use]
pub fn signed<'a>(
    chain: &'a str,
    before: &'a str,
    number: &'a str,
    row: &'a [String],
) -> Vec<&'a str> {
    [chain, before, number].into_iter().chain(row.iter().map(String::as_str)).collect()
}

/// Reads the chains of journals, and takes the sealer that extends them.
#[async_trait]
pub trait JournalChains: Send + Sync {
    /// Sets the sealer with which this store signs new rows; the first call counts. The vault that
    /// has the key opens after the store.
    fn seal_with(&self, sealer: Sealer);

    /// Returns rows of a journal after a place, by chain and number.
    async fn journal_rows(
        &self,
        journal: ChainedJournal,
        after: &JournalLink,
        limit: usize,
    ) -> Result<Vec<ChainedRow>, StoreError>;

    /// Returns the end of every chain.
    async fn journal_ends(&self) -> Result<Vec<JournalLink>, StoreError>;

    /// Returns the content of the tables of conventions and of the register, beside what the last
    /// import states of each. Reads each table once, row by row, in one snapshot.
    async fn journal_contents(&self) -> Result<Vec<JournalContent>, StoreError>;
}

/// The sealer of a store. Before it is set, links are empty, which no key makes.
#[derive(Clone, Default)]
pub(in crate::store) struct Seal(Arc<OnceLock<Sealer>>);

impl Seal {
    pub(in crate::store) fn set(&self, sealer: Sealer) {
        self.0.get_or_init(|| sealer);
    }

    pub(in crate::store) fn link(&self, fields: &[&str]) -> String {
        self.0.get().map(|sealer| sealer(fields)).unwrap_or_default()
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(***)")
    }
}

/// Returns an optional column as a field: an absent value differs from an empty text.
pub(in crate::store) fn optional(value: Option<&str>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("+{value}"))
}
