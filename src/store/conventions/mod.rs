//! The register of establishments (FINESS) and the conventions: what is kept, and the trait that
//! both databases fulfil.
//!
//! An import is staged in batches and applied in one transaction, so that a file that fails
//! half-way leaves what was there untouched and no lock is held while a file is read. The store
//! decides nothing about a care date: it answers with versions, `conventionnement` chooses.

use super::StoreError;
use async_trait::async_trait;
use time::{Date, OffsetDateTime};

mod implementation;
mod open;
mod postgres;
mod sql;
mod sqlite;

pub(in crate::store) use postgres::PostgresConventions;
pub(in crate::store) use sqlite::SqliteConventions;

crate::domain::claim::coded! {
    /// State of a convention, as the client's table gives it.
    ConventionState {
        /// In force between its dates.
        Active = "active", "active";
        /// Suspended between its dates.
        Suspendue = "suspendue", "suspendue";
        /// Ended: in force until its end date when it has one, else never.
        Resiliee = "resiliee", "résiliée";
        /// Asked for, not granted yet.
        EnAttente = "en_attente", "en attente";
    }
}

impl TryFrom<String> for ConventionState {
    type Error = StoreError;

    fn try_from(code: String) -> Result<Self, StoreError> {
        Self::from_code(&code)
            .ok_or_else(|| StoreError::Corrupt(format!("convention state {code}")))
    }
}

/// An establishment as one extract of the register shows it. Absent texts are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinessRow {
    /// Line in the file, 1-based.
    pub line: i64,
    /// `false` when the number was seen on a faulty row: its earlier version is neither closed nor
    /// changed.
    pub readable: bool,
    /// FINESS of the establishment.
    pub finess_et: String,
    /// FINESS of its legal entity.
    pub finess_ej: String,
    /// Short name.
    pub name: String,
    /// Long name.
    pub long_name: String,
    /// Category, 3 digits.
    pub category_code: String,
    /// Label of the category.
    pub category_label: String,
    /// Department where it stands.
    pub department: String,
    /// Post code and town.
    pub post_line: String,
    /// SIRET.
    pub siret: String,
    /// Tariff mode.
    pub codemft: String,
    /// Opening date.
    pub opened_on: Option<Date>,
    /// Last update in the register.
    pub updated_on: Option<Date>,
}

/// One dated version of an establishment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EstablishmentRow {
    /// FINESS of the establishment.
    pub finess_et: String,
    /// FINESS of its legal entity.
    pub finess_ej: String,
    /// Short name.
    pub name: String,
    /// Long name, may be empty.
    pub long_name: String,
    /// Category, 3 digits.
    pub category_code: String,
    /// Label of the category.
    pub category_label: String,
    /// Department where it stands.
    pub department: String,
    /// Post code and town.
    pub post_line: String,
    /// SIRET, may be empty.
    pub siret: String,
    /// Tariff mode, may be empty.
    pub codemft: String,
    /// Opening date.
    pub opened_on: Option<Date>,
    /// Last update in the register.
    pub updated_on: Option<Date>,
    /// First extract that showed this version.
    pub valid_from: Date,
    /// First extract that no longer showed it.
    pub valid_to: Option<Date>,
    /// Last extract that showed it, for a version that ended.
    pub last_seen: Option<Date>,
}

/// An extract to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSnapshot {
    /// BLAKE3 of the file, hex.
    pub digest: String,
    /// File name or other source.
    pub source_name: String,
    /// Encoding found.
    pub encoding: String,
    /// Date of the extract.
    pub as_of: Date,
    /// When it is applied.
    pub imported_at: OffsetDateTime,
    /// Problems reported on its rows.
    pub problem_count: i64,
}

/// The extract in force.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Snapshot {
    /// BLAKE3 of the file, hex.
    pub digest: String,
    /// File name or other source.
    pub source_name: String,
    /// Date of the extract.
    pub as_of: Date,
    /// When it was applied.
    pub imported_at: OffsetDateTime,
    /// Rows kept.
    pub row_count: i64,
}

/// What an extract changes in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct RegisterDiff {
    /// Establishments that appear.
    pub opened: i64,
    /// Establishments that are no longer in the extract.
    pub closed: i64,
    /// Establishments whose short or long name changed.
    pub renamed: i64,
    /// Establishments whose legal entity changed.
    pub ej_changed: i64,
    /// Changed neither in name nor in legal entity, but in category, town, SIRET or tariff mode.
    pub otherwise_changed: i64,
    /// Unchanged (the update date does not count).
    pub unchanged: i64,
    /// Seen on a faulty row: kept as they were.
    pub held: i64,
}

/// What became of an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// Applied.
    Applied {
        /// Rows now in force.
        rows: i64,
        /// What it changed.
        diff: RegisterDiff,
    },
    /// This very file was already applied; nothing changed.
    AlreadyImported(Snapshot),
    /// The register in force is more recent; nothing changed.
    OlderThan(Snapshot),
    /// It loses too many establishments; nothing changed.
    TooManyLost {
        /// Establishments in force.
        before: i64,
        /// How many of them it no longer shows.
        lost: i64,
    },
    /// It has no readable row; nothing changed.
    Empty,
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
    /// Why, in the client's words.
    pub motive: String,
    /// Concentrator through which this professional sends.
    pub concentrator: String,
    /// RPPS of the professional.
    pub rpps: String,
    /// Establishment of a billing number.
    pub finess_et: String,
}

/// A convention with the line it was read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedConvention {
    /// Line in the file, 1-based.
    pub line: i64,
    /// The convention.
    pub row: ConventionRow,
}

/// What was known of a convention, and when.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ConventionVersion {
    /// The convention.
    #[sqlx(flatten)]
    pub row: ConventionRow,
    /// When this version was recorded.
    pub recorded_from: OffsetDateTime,
    /// When a later file replaced it.
    pub recorded_to: Option<OffsetDateTime>,
    /// BLAKE3 of the file that brought it, hex.
    pub source_digest: String,
}

/// By which way a convention was found, closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// Recorded under the very number asked.
    Own,
    /// Recorded under a billing number linked with the establishment asked.
    Linked,
    /// Recorded with the RPPS asked.
    Rpps,
    /// Recorded under the legal entity of the establishment asked.
    LegalEntity,
    /// Recorded under an establishment of the legal entity asked, or linked with one.
    Establishment,
}

impl TryFrom<i64> for Path {
    type Error = StoreError;

    fn try_from(code: i64) -> Result<Self, StoreError> {
        [Self::Own, Self::Linked, Self::Rpps, Self::LegalEntity, Self::Establishment]
            .get(usize::try_from(code).unwrap_or(usize::MAX))
            .copied()
            .ok_or_else(|| StoreError::Corrupt(format!("path {code}")))
    }
}

/// A convention found, and how.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FoundConvention {
    /// How.
    #[sqlx(try_from = "i64")]
    pub path: Path,
    /// The convention.
    #[sqlx(flatten)]
    pub row: ConventionRow,
}

/// What a convention file changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct ConventionDiff {
    /// Conventions not known before.
    pub added: i64,
    /// Conventions whose content changed; the earlier version stays in the history.
    pub changed: i64,
    /// Conventions as they were.
    pub unchanged: i64,
}

/// A convention file to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConventionImport {
    /// BLAKE3 of the file, hex.
    pub digest: String,
    /// File name or other source.
    pub source_name: String,
    /// Encoding found.
    pub encoding: String,
    /// When it is applied.
    pub imported_at: OffsetDateTime,
}

/// Register and conventions.
#[async_trait]
pub trait ConventionStore: Send + Sync {
    /// The extract in force.
    async fn register(&self) -> Result<Option<Snapshot>, StoreError>;
    /// Versions of an establishment, oldest first.
    async fn establishment_versions(
        &self,
        finess_et: &str,
    ) -> Result<Vec<EstablishmentRow>, StoreError>;
    /// Latest known establishment of a legal entity, to name it.
    async fn any_establishment_of(
        &self,
        finess_ej: &str,
    ) -> Result<Option<EstablishmentRow>, StoreError>;
    /// Conventions in the table today for a number and an AMC, by every way that leads there.
    /// `legal_entity` is that of the number, when it is an establishment; `on` decides which
    /// establishments a legal entity has.
    async fn find_conventions(
        &self,
        number: &str,
        amc: &str,
        legal_entity: Option<&str>,
        on: Date,
    ) -> Result<Vec<FoundConvention>, StoreError>;
    /// Whether any convention names this number, with any AMC.
    async fn convention_holder_known(&self, number: &str) -> Result<bool, StoreError>;
    /// Whether any convention of this AMC is in the table.
    async fn amc_known(&self, amc: &str) -> Result<bool, StoreError>;
    /// Every version ever recorded for a number and an AMC, by start date then by record date.
    async fn convention_history(
        &self,
        identifier: &str,
        amc: &str,
    ) -> Result<Vec<ConventionVersion>, StoreError>;

    /// Puts rows of an import aside, in one transaction. Answers the lines kept: a number seen
    /// earlier in the same import is left out.
    async fn stage_finess(
        &self,
        import_id: &str,
        at: OffsetDateTime,
        rows: &[FinessRow],
    ) -> Result<Vec<i64>, StoreError>;
    /// Applies the rows staged as the register in force, in one transaction. `max_loss_percent`:
    /// refuse to lose more than this share.
    async fn apply_finess(
        &self,
        import_id: &str,
        snapshot: &NewSnapshot,
        max_loss_percent: Option<u8>,
    ) -> Result<RegisterOutcome, StoreError>;
    /// Puts rows of an import aside, in one transaction. Answers the lines kept: a key seen earlier
    /// in the same import is left out.
    async fn stage_conventions(
        &self,
        import_id: &str,
        at: OffsetDateTime,
        rows: &[StagedConvention],
    ) -> Result<Vec<i64>, StoreError>;
    /// Applies the conventions staged, in one transaction.
    async fn apply_conventions(
        &self,
        import_id: &str,
        import: &NewConventionImport,
    ) -> Result<ConventionDiff, StoreError>;
    /// Forgets the staged rows of an import, and of imports older than `before`, which died.
    async fn discard_staged(
        &self,
        import_id: &str,
        before: OffsetDateTime,
    ) -> Result<(), StoreError>;
}
