//! Stores the register of establishments (FINESS) and the conventions, in both databases.
//!
//! An import is staged in batches and applied in one transaction: a file that fails half-way
//! changes nothing, and no lock is held while a file is read. The store compares no care date with
//! a convention; `conventionnement` chooses among the conventions found.
//!
//! Files under `shared/` are compiled twice, once for each database; `sqlite.rs` and `postgres.rs`
//! hold the few statements that differ.

use super::StoreError;
use crate::domain::Scope;
use async_trait::async_trait;
use time::{Date, OffsetDateTime};

mod content_rows;
mod convention;
pub(in crate::store) mod import_rows;
mod open;
#[cfg(test)]
mod plan_tests;
mod postgres;
mod register;
mod scope;
mod sql;
mod sqlite;

pub use convention::{
    ConventionDiff, ConventionRow, ConventionState, ConventionVersion, FoundConvention,
    NewConventionImport, Path, StagedConvention,
};
pub(in crate::store) use postgres::PostgresConventions;
pub use register::{
    EstablishmentRow, FinessRow, NewSnapshot, RegisterDiff, RegisterOutcome, Snapshot,
};
pub(in crate::store) use sqlite::SqliteConventions;

/// Function that receives the conventions of a search, one by one.
pub type Visit<'a> = &'a mut (dyn FnMut(FoundConvention) + Send);

/// Register and conventions.
///
/// The register is public; readings of conventions take a [`Scope`], of which only the AMC
/// numbers count: a convention has no sender and no organism.
#[async_trait]
pub trait ConventionStore: Send + Sync {
    /// Returns the extract in force.
    async fn register(&self) -> Result<Option<Snapshot>, StoreError>;
    /// Returns the versions of an establishment, oldest first.
    async fn establishment_versions(
        &self,
        finess_et: &str,
    ) -> Result<Vec<EstablishmentRow>, StoreError>;
    /// Returns the latest known establishment of a legal entity, to name it.
    async fn any_establishment_of(
        &self,
        finess_ej: &str,
    ) -> Result<Option<EstablishmentRow>, StoreError>;
    /// Visits the current conventions of an AMC that are recorded under a number, linked with it,
    /// or recorded under `legal_entity`. Order: path, identifier, type, domain.
    ///
    /// The rows are visited while they arrive, so that memory does not grow with their number.
    async fn find_conventions(
        &self,
        scope: &Scope,
        number: &str,
        amc: &str,
        legal_entity: Option<&str>,
        visit: Visit<'_>,
    ) -> Result<(), StoreError>;
    /// Visits the current conventions of an AMC that are recorded under, or linked with, the
    /// establishments that a legal entity had on a day. Order and memory as in
    /// [`find_conventions`](Self::find_conventions).
    async fn find_conventions_of_establishments(
        &self,
        scope: &Scope,
        finess_ej: &str,
        amc: &str,
        on: Date,
        visit: Visit<'_>,
    ) -> Result<(), StoreError>;
    /// Returns whether any current convention names this number, with any AMC.
    async fn convention_holder_known(
        &self,
        scope: &Scope,
        number: &str,
    ) -> Result<bool, StoreError>;
    /// Returns pairs of PS numbers that current conventions link: one of `numbers`, and its FINESS
    /// or a billing number recorded with that FINESS; at most `limit`.
    async fn linked_numbers(
        &self,
        scope: &Scope,
        numbers: &[String],
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError>;
    /// Returns whether any convention of this AMC was ever imported.
    async fn amc_known(&self, scope: &Scope, amc: &str) -> Result<bool, StoreError>;
    /// Returns every version ever recorded for a number and an AMC, by type, domain, start date and
    /// record date.
    async fn convention_history(
        &self,
        scope: &Scope,
        identifier: &str,
        amc: &str,
    ) -> Result<Vec<ConventionVersion>, StoreError>;

    /// Stages rows of an import in one transaction. Returns the lines kept: a number that the same
    /// import staged before is left out.
    async fn stage_finess(
        &self,
        import_id: &str,
        at: OffsetDateTime,
        rows: &[FinessRow],
    ) -> Result<Vec<i64>, StoreError>;
    /// Makes the staged rows the register in force, in one transaction. With `max_loss_percent`
    /// an extract that lacks a larger share of the establishments in force is refused.
    async fn apply_finess(
        &self,
        import_id: &str,
        snapshot: &NewSnapshot,
        max_loss_percent: Option<u8>,
    ) -> Result<RegisterOutcome, StoreError>;
    /// Stages rows of an import in one transaction. Returns the lines kept: a key that the same
    /// import staged before is left out.
    async fn stage_conventions(
        &self,
        import_id: &str,
        at: OffsetDateTime,
        rows: &[StagedConvention],
    ) -> Result<Vec<i64>, StoreError>;
    /// Applies the staged conventions in one transaction.
    async fn apply_conventions(
        &self,
        import_id: &str,
        import: &NewConventionImport,
    ) -> Result<ConventionDiff, StoreError>;
    /// Deletes the staged rows of an import, and those staged before `before`, whose imports were
    /// killed.
    async fn discard_staged(
        &self,
        import_id: &str,
        before: OffsetDateTime,
    ) -> Result<(), StoreError>;
}
