//! Types of an answer: a value for machines, a stable code, a French sentence that a desk can read
//! out, and warnings.

use crate::store::conventions::{ConventionRow, EstablishmentRow, Snapshot};
use time::{Date, OffsetDateTime};

/// Yes, no, or unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A convention is in force that day, or none is needed.
    Yes,
    /// The number is known and has no convention in force that day.
    No,
    /// The tables do not allow an answer.
    Unknown,
}

/// Kind of number under which the number asked was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// Billing number.
    BillingNumber,
    /// FINESS of an establishment.
    FinessEt,
    /// FINESS of a legal entity.
    FinessEj,
    /// RPPS.
    Rpps,
}

/// The register in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterState {
    /// Date of the extract.
    pub as_of: Date,
    /// Instant of the import.
    pub imported_at: OffsetDateTime,
    /// Days since the extract.
    pub age_days: i64,
    /// BLAKE3 of the file, hex.
    pub digest: String,
    /// Number of establishments.
    pub rows: i64,
}

impl RegisterState {
    /// Returns the state of an extract, with its age on `today`.
    pub(super) fn of(snapshot: Snapshot, today: Date) -> Self {
        let Snapshot { digest, as_of, imported_at, row_count, .. } = snapshot;
        Self {
            as_of,
            imported_at,
            age_days: (today - as_of).whole_days().max(0),
            digest,
            rows: row_count,
        }
    }
}

/// Answer for a number, an AMC, a domain and a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupAnswer {
    /// Yes, no, unknown.
    pub answer: Answer,
    /// Stable code of the reason.
    pub reason_code: &'static str,
    /// Reason, in French.
    pub reason: String,
    /// Whether claims can be sent to this AMC: a convention in force names a concentrator.
    pub teletransmission_active: bool,
    /// Concentrator of the convention.
    pub concentrator: Option<String>,
    /// Kind of number under which the number asked was found.
    pub matched_by: Option<MatchedBy>,
    /// Convention that answers.
    pub convention: Option<ConventionRow>,
    /// Establishment, as in the register of that day.
    pub establishment: Option<EstablishmentRow>,
    /// Register in force, `None` before the first import.
    pub register: Option<RegisterState>,
    /// Warnings: code and French sentence.
    pub warnings: Vec<(&'static str, String)>,
}
