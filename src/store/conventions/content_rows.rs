//! Rows of conventions and establishments for the digest of their tables.

use crate::store::codec::Instant;
use crate::store::journal_chains::CONTENT_FORM;
use sqlx::FromRow;
use time::{Date, OffsetDateTime};

/// Every version of every convention, in order.
pub(super) const CONVENTIONS: &str = "SELECT id, identifier, amc, convention_type, domain, \
    starts_on, ends_on, state, motive, concentrator, rpps, finess_et, recorded_from, recorded_to, \
    source_digest FROM conventions ORDER BY id";

/// Every AMC number with a convention, in order.
pub(super) const AMCS: &str = "SELECT amc FROM convention_amcs ORDER BY amc";

/// Every version of every establishment, in order.
pub(super) const ESTABLISHMENTS: &str = "SELECT id, finess_et, finess_ej, name, long_name, \
    category_code, category_label, department, post_line, siret, codemft, opened_on, updated_on, \
    valid_from, valid_to, CAST(CAST(first_version AS INTEGER) AS BIGINT) AS first_version, \
    last_seen, close_reason FROM finess_establishments ORDER BY id";

/// Digest over rows, each field with its length, so that no two lists of rows give the same bytes.
#[derive(Default)]
pub(super) struct ContentDigest {
    hasher: blake3::Hasher,
    rows: u64,
}

impl ContentDigest {
    /// Counts a row, whose fields follow.
    fn row(&mut self) -> &mut Self {
        self.rows += 1;
        self
    }

    fn number(&mut self, number: i64) -> &mut Self {
        self.hasher.update(&number.to_be_bytes());
        self
    }

    fn texts<const N: usize>(&mut self, texts: [&str; N]) -> &mut Self {
        for text in texts {
            self.hasher.update(&(text.len() as u64).to_be_bytes());
            self.hasher.update(text.as_bytes());
        }
        self
    }

    /// Adds days; an absent day differs from every day.
    fn days<const N: usize>(&mut self, days: [Option<Date>; N]) -> &mut Self {
        for day in days {
            self.number(day.map_or(i64::MIN, |day| i64::from(day.to_julian_day())));
        }
        self
    }

    fn instants<const N: usize>(&mut self, instants: [Option<OffsetDateTime>; N]) -> &mut Self {
        for at in instants {
            self.number(at.map_or(i64::MIN, |at| Instant(at).micros()));
        }
        self
    }

    /// Adds an AMC number.
    pub(super) fn amc(&mut self, amc: &str) {
        self.row().texts([amc]);
    }

    /// Returns the form and the digest (hex); `None` when there was no row.
    pub(super) fn finish(&self) -> Option<String> {
        (self.rows > 0).then(|| format!("{CONTENT_FORM}{}", self.hasher.finalize().to_hex()))
    }
}

/// A row that takes part in a digest.
pub(super) trait Digested {
    /// Adds every column of the row.
    fn add_to(&self, digest: &mut ContentDigest);
}

/// A version of a convention.
#[derive(FromRow)]
pub(super) struct ConventionContent {
    id: i64,
    identifier: String,
    amc: String,
    convention_type: String,
    domain: String,
    starts_on: Date,
    ends_on: Option<Date>,
    state: String,
    motive: String,
    concentrator: String,
    rpps: String,
    finess_et: String,
    recorded_from: OffsetDateTime,
    recorded_to: Option<OffsetDateTime>,
    source_digest: String,
}

impl Digested for ConventionContent {
    fn add_to(&self, digest: &mut ContentDigest) {
        digest
            .row()
            .number(self.id)
            .texts([&self.identifier, &self.amc, &self.convention_type, &self.domain])
            .days([Some(self.starts_on), self.ends_on])
            .texts([&self.state, &self.motive, &self.concentrator, &self.rpps, &self.finess_et])
            .instants([Some(self.recorded_from), self.recorded_to])
            .texts([&self.source_digest]);
    }
}

/// A version of an establishment.
#[derive(FromRow)]
pub(super) struct EstablishmentContent {
    id: i64,
    finess_et: String,
    finess_ej: String,
    name: String,
    long_name: String,
    category_code: String,
    category_label: String,
    department: String,
    post_line: String,
    siret: String,
    codemft: String,
    opened_on: Option<Date>,
    updated_on: Option<Date>,
    valid_from: Date,
    valid_to: Option<Date>,
    first_version: i64,
    last_seen: Option<Date>,
    close_reason: Option<String>,
}

impl Digested for EstablishmentContent {
    fn add_to(&self, digest: &mut ContentDigest) {
        digest
            .row()
            .number(self.id)
            .texts([&self.finess_et, &self.finess_ej, &self.name, &self.long_name])
            .texts([&self.category_code, &self.category_label, &self.department])
            .texts([&self.post_line, &self.siret, &self.codemft])
            .days([self.opened_on, self.updated_on, Some(self.valid_from), self.valid_to])
            .number(self.first_version)
            .days([self.last_seen])
            .number(i64::from(self.close_reason.is_some()))
            .texts([self.close_reason.as_deref().unwrap_or_default()]);
    }
}
