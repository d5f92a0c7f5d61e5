//! Types of the conventions.

use super::StoreError;
use crate::domain::{FileName, FreeText};
use time::{Date, OffsetDateTime};

crate::domain::codes::open_coded! {
    /// State of a convention, as the client's table gives it.
    ConventionState {
        /// In force between its dates.
        Active = "active", "active";
        /// Suspended between its dates.
        Suspendue = "suspendue", "suspendue";
        /// Terminated: in force until its end date; without end date, never in force.
        Resiliee = "resiliee", "résiliée";
        /// Requested, not granted yet.
        EnAttente = "en_attente", "en attente";
    }
}

impl From<String> for ConventionState {
    fn from(code: String) -> Self {
        Self::read_code(&code)
    }
}

/// A convention. Absent texts are empty.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ConventionRow {
    /// Billing number or FINESS, 9 characters.
    pub identifier: String,
    /// AMC, 10 digits.
    pub amc: String,
    /// Type de convention, empty or 2 characters.
    pub convention_type: String,
    /// Domain, `*` for all.
    pub domain: String,
    /// First day.
    pub starts_on: Date,
    /// Last day, included.
    pub ends_on: Option<Date>,
    /// State between these days.
    #[sqlx(try_from = "String")]
    pub state: ConventionState,
    /// Reason of the state, in the client's words.
    #[sqlx(try_from = "String")]
    pub motive: FreeText,
    /// Concentrator through which this professional sends.
    #[sqlx(try_from = "String")]
    pub concentrator: FreeText,
    /// RPPS of the professional.
    pub rpps: String,
    /// Establishment of a billing number.
    pub finess_et: String,
}

/// A convention with its line in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedConvention {
    /// Line in the file, 1-based.
    pub line: i64,
    /// The convention.
    pub row: ConventionRow,
}

/// One recorded version of a convention.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ConventionVersion {
    /// The convention.
    #[sqlx(flatten)]
    pub row: ConventionRow,
    /// Instant at which this version was recorded.
    pub recorded_from: OffsetDateTime,
    /// Instant at which a later file replaced this version.
    pub recorded_to: Option<OffsetDateTime>,
    /// BLAKE3 of the file with this version, hex.
    pub source_digest: String,
}

/// Link between the number asked and the number under which a convention is recorded, closest
/// first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// The convention is recorded under the number asked.
    Own,
    /// The convention is recorded under a billing number linked with the establishment asked.
    Linked,
    /// The convention carries the RPPS asked.
    Rpps,
    /// The convention is recorded under the legal entity of the establishment asked.
    LegalEntity,
    /// The convention is recorded under an establishment of the legal entity asked, or under a
    /// billing number linked with such an establishment.
    Establishment,
}

impl Path {
    /// Every path, closest first.
    pub const ALL: [Self; 5] =
        [Self::Own, Self::Linked, Self::Rpps, Self::LegalEntity, Self::Establishment];
}

impl TryFrom<i64> for Path {
    type Error = StoreError;

    fn try_from(code: i64) -> Result<Self, StoreError> {
        Self::ALL
            .get(usize::try_from(code).unwrap_or(usize::MAX))
            .copied()
            .ok_or_else(|| StoreError::Corrupt(format!("path {code}")))
    }
}

/// A convention that a lookup found.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FoundConvention {
    /// Link between the number asked and the convention.
    #[sqlx(try_from = "i64")]
    pub path: Path,
    /// The convention.
    #[sqlx(flatten)]
    pub row: ConventionRow,
}

/// Counts of changes that a convention file makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct ConventionDiff {
    /// Conventions not known before.
    pub added: i64,
    /// Conventions whose content changed; the earlier version stays in the history.
    pub changed: i64,
    /// Conventions without change.
    pub unchanged: i64,
}

/// A convention file to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConventionImport {
    /// BLAKE3 of the file, hex.
    pub digest: String,
    /// File name or other source.
    pub source_name: FileName,
    /// Encoding found.
    pub encoding: String,
    /// Instant of the import.
    pub imported_at: OffsetDateTime,
}
