//! Implements [`ConventionStore`] by the functions beside this file.

use super::db::Store;
use super::{imports, lookups, staging};
use crate::domain::Scope;
use crate::store::StoreError;
use crate::store::conventions::{
    ConventionDiff, ConventionStore, ConventionVersion, EstablishmentRow, FinessRow,
    NewConventionImport, NewSnapshot, RegisterOutcome, Snapshot, StagedConvention, Visit,
};
use time::{Date, OffsetDateTime};

#[async_trait::async_trait]
impl ConventionStore for Store {
    async fn register(&self) -> Result<Option<Snapshot>, StoreError> {
        lookups::register(&self.reader).await
    }

    async fn establishment_versions(
        &self,
        finess_et: &str,
    ) -> Result<Vec<EstablishmentRow>, StoreError> {
        lookups::establishment_versions(&self.reader, finess_et).await
    }

    async fn any_establishment_of(
        &self,
        finess_ej: &str,
    ) -> Result<Option<EstablishmentRow>, StoreError> {
        lookups::any_establishment_of(&self.reader, finess_ej).await
    }

    async fn find_conventions(
        &self,
        scope: &Scope,
        number: &str,
        amc: &str,
        legal_entity: Option<&str>,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        let query = lookups::direct(scope, number, amc, legal_entity);
        lookups::visit(&self.reader, query, visit).await
    }

    async fn find_conventions_of_establishments(
        &self,
        scope: &Scope,
        finess_ej: &str,
        amc: &str,
        on: Date,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        let query = lookups::of_establishments(scope, finess_ej, amc, on);
        lookups::visit(&self.reader, query, visit).await
    }

    async fn convention_holder_known(
        &self,
        scope: &Scope,
        number: &str,
    ) -> Result<bool, StoreError> {
        lookups::is_known(&self.reader, lookups::holder_known(scope, number)).await
    }

    async fn linked_numbers(
        &self,
        scope: &Scope,
        numbers: &[String],
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        lookups::linked_numbers(&self.reader, scope, numbers, limit).await
    }

    async fn amc_known(&self, scope: &Scope, amc: &str) -> Result<bool, StoreError> {
        lookups::is_known(&self.reader, lookups::amc_known(scope, amc)).await
    }

    async fn convention_history(
        &self,
        scope: &Scope,
        identifier: &str,
        amc: &str,
    ) -> Result<Vec<ConventionVersion>, StoreError> {
        lookups::convention_history(&self.reader, scope, identifier, amc).await
    }

    async fn stage_finess(
        &self,
        import_id: &str,
        at: OffsetDateTime,
        rows: &[FinessRow],
    ) -> Result<Vec<i64>, StoreError> {
        staging::stage_finess(&self.writer, import_id, at, rows).await
    }

    async fn apply_finess(
        &self,
        import_id: &str,
        snapshot: &NewSnapshot,
        max_loss_percent: Option<u8>,
    ) -> Result<RegisterOutcome, StoreError> {
        imports::apply_finess(&self.writer, &self.seal, import_id, snapshot, max_loss_percent).await
    }

    async fn stage_conventions(
        &self,
        import_id: &str,
        at: OffsetDateTime,
        rows: &[StagedConvention],
    ) -> Result<Vec<i64>, StoreError> {
        staging::stage_conventions(&self.writer, import_id, at, rows).await
    }

    async fn apply_conventions(
        &self,
        import_id: &str,
        import: &NewConventionImport,
    ) -> Result<ConventionDiff, StoreError> {
        imports::apply_conventions(&self.writer, &self.seal, import_id, import).await
    }

    async fn discard_staged(
        &self,
        import_id: &str,
        before: OffsetDateTime,
    ) -> Result<(), StoreError> {
        staging::discard_staged(&self.writer, import_id, before).await
    }
}
