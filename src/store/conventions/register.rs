//! Types of the register of establishments (FINESS).

use crate::domain::{FileName, FreeText};
use time::{Date, OffsetDateTime};

/// An establishment as one extract of the register shows it. Absent texts are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinessRow {
    /// Line in the file, 1-based.
    pub line: i64,
    /// `false` when the number was read on a faulty row: the version in force stays as it is.
    pub readable: bool,
    /// FINESS of the establishment.
    pub finess_et: String,
    /// FINESS of its legal entity.
    pub finess_ej: String,
    /// Short name.
    pub name: FreeText,
    /// Long name.
    pub long_name: FreeText,
    /// Category, 3 digits.
    pub category_code: String,
    /// Label of the category.
    pub category_label: FreeText,
    /// Department of the address.
    pub department: String,
    /// Post code and town.
    pub post_line: FreeText,
    /// SIRET.
    pub siret: String,
    /// Tariff mode.
    pub codemft: FreeText,
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
    /// Department of the address.
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
    /// Date of the first extract with this version.
    pub valid_from: Date,
    /// Date of the first extract without this version.
    pub valid_to: Option<Date>,
    /// Date of the last extract with this version, once the version has ended.
    pub last_seen: Option<Date>,
}

/// An extract to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSnapshot {
    /// BLAKE3 of the file, hex.
    pub digest: String,
    /// File name or other source.
    pub source_name: FileName,
    /// Encoding found.
    pub encoding: String,
    /// Date of the extract.
    pub as_of: Date,
    /// Instant of the import.
    pub imported_at: OffsetDateTime,
    /// Number of problems reported on its rows.
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
    /// Instant of the import.
    pub imported_at: OffsetDateTime,
    /// Number of rows kept.
    pub row_count: i64,
}

/// Counts of changes that an extract makes in the register.
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
    /// Establishments with the same names and legal entity, whose category, department, town,
    /// SIRET, tariff mode or opening date changed.
    pub otherwise_changed: i64,
    /// Establishments without change; the update date does not count.
    pub unchanged: i64,
    /// Establishments read on a faulty row, whose version in force stays.
    pub held: i64,
}

/// Outcome of applying an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// The extract is in force.
    Applied {
        /// Rows now in force.
        rows: i64,
        /// Changes against the extract before.
        diff: RegisterDiff,
    },
    /// The same bytes were applied before; the register is unchanged.
    AlreadyImported(Snapshot),
    /// The register in force is more recent and unchanged.
    OlderThan(Snapshot),
    /// The extract lacks too many establishments; the register is unchanged.
    TooManyLost {
        /// Establishments in force.
        before: i64,
        /// Establishments in force that the extract lacks.
        lost: i64,
    },
    /// The extract has no readable row; the register is unchanged.
    Empty,
}
