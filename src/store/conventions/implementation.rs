//! One body for both databases: sqlx types its pools, the statements are the same. The caller supplies `BEGIN`, `LOCK_REGISTER` and
//! `LOCK_CONVENTIONS`, which differ.

use super::{ConventionDiff, NewSnapshot, RegisterDiff, Snapshot, StoreError};

/// Rows of one statement: 500 rows of 16 values stay far below the 32,766 parameters of SQLite and the 65,535 of PostgreSQL.
pub(super) const ROWS_PER_STATEMENT: usize = 500;

/// Names what was being done when the database failed.
pub(super) fn while_doing(doing: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { doing, source }
}

/// Counts behind the decision to apply an extract.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Loss {
    pub(super) in_force: i64,
    pub(super) lost: i64,
    pub(super) readable: i64,
}

impl Loss {
    /// Whether more than this share of the establishments in force is lost. The first extract loses none.
    pub(super) const fn exceeds(&self, percent: u8) -> bool {
        self.lost.saturating_mul(100) > self.in_force.saturating_mul(percent as i64)
    }
}

/// Counts of changes, before they are made.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Changes {
    pub(super) opened: i64,
    pub(super) renamed: i64,
    pub(super) ej_changed: i64,
    pub(super) otherwise_changed: i64,
    pub(super) unchanged: i64,
    pub(super) held: i64,
}

impl Changes {
    pub(super) const fn diff(&self, closed: i64) -> RegisterDiff {
        RegisterDiff {
            opened: self.opened,
            closed,
            renamed: self.renamed,
            ej_changed: self.ej_changed,
            otherwise_changed: self.otherwise_changed,
            unchanged: self.unchanged,
            held: self.held,
        }
    }
}

/// Counts of changes of conventions, before they are made.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct ConventionChanges {
    pub(super) added: i64,
    pub(super) changed: i64,
    pub(super) unchanged: i64,
}

impl ConventionChanges {
    pub(super) const fn diff(&self) -> ConventionDiff {
        ConventionDiff { added: self.added, changed: self.changed, unchanged: self.unchanged }
    }
}

/// The date on which versions that end were last seen: that of the extract before.
pub(super) fn last_seen(before: Option<&Snapshot>, new: &NewSnapshot) -> time::Date {
    before.map_or(new.as_of, |snapshot| snapshot.as_of)
}

/// Implements [`super::ConventionStore`] for a type with `writer` and `reader` pools of database `$db`.
macro_rules! convention_store {
    ($store:ident, $db:ty) => {
        use super::implementation::{self as shared, while_doing};
        use super::{
            ConventionDiff, ConventionStore, ConventionVersion, EstablishmentRow, FinessRow, FoundConvention, NewConventionImport, NewSnapshot,
            RegisterDiff, RegisterOutcome, Snapshot, StagedConvention, sql,
        };
        use crate::store::StoreError;
        use time::{Date, OffsetDateTime};

        /// Makes the versions that the extract ends, opens and refreshes.
        async fn write_register(
            tx: &mut sqlx::Transaction<'_, $db>,
            import_id: &str,
            new: &NewSnapshot,
            before: Option<&Snapshot>,
        ) -> Result<(), StoreError> {
            for statement in [sql::CLOSE_ABSENT, sql::CLOSE_CHANGED] {
                sqlx::query(statement)
                    .bind(import_id)
                    .bind(new.as_of)
                    .bind(shared::last_seen(before, new))
                    .execute(&mut **tx)
                    .await
                    .map_err(while_doing("closing establishment versions"))?;
            }
            sqlx::query(sql::OPEN_VERSIONS)
                .bind(import_id)
                .bind(new.as_of)
                .execute(&mut **tx)
                .await
                .map_err(while_doing("opening establishment versions"))?;
            for statement in [sql::REFRESH_UPDATE_DATES, sql::EMPTY_FINESS] {
                sqlx::query(statement).bind(import_id).execute(&mut **tx).await.map_err(while_doing("finishing the register import"))?;
            }
            Ok(())
        }

        async fn insert_snapshot(tx: &mut sqlx::Transaction<'_, $db>, new: &NewSnapshot, rows: i64, diff: &RegisterDiff) -> Result<(), StoreError> {
            sqlx::query(sql::INSERT_SNAPSHOT)
                .bind(&new.digest)
                .bind(&new.source_name)
                .bind(&new.encoding)
                .bind(new.as_of)
                .bind(new.imported_at)
                .bind(rows)
                .bind(new.problem_count)
                .bind(diff.opened)
                .bind(diff.closed)
                .bind(diff.renamed)
                .bind(diff.ej_changed)
                .bind(diff.otherwise_changed)
                .bind(diff.unchanged)
                .execute(&mut **tx)
                .await
                .map_err(while_doing("recording the register extract"))?;
            Ok(())
        }

        #[async_trait::async_trait]
        impl ConventionStore for $store {
            async fn register(&self) -> Result<Option<Snapshot>, StoreError> {
                sqlx::query_as(sql::REGISTER).fetch_optional(&self.reader).await.map_err(while_doing("reading the register state"))
            }

            async fn establishment_versions(&self, finess_et: &str) -> Result<Vec<EstablishmentRow>, StoreError> {
                sqlx::query_as(sql::ESTABLISHMENT_VERSIONS)
                    .bind(finess_et)
                    .fetch_all(&self.reader)
                    .await
                    .map_err(while_doing("reading an establishment"))
            }

            async fn any_establishment_of(&self, finess_ej: &str) -> Result<Option<EstablishmentRow>, StoreError> {
                sqlx::query_as(sql::ANY_ESTABLISHMENT_OF)
                    .bind(finess_ej)
                    .fetch_optional(&self.reader)
                    .await
                    .map_err(while_doing("reading a legal entity"))
            }

            async fn find_conventions(
                &self,
                number: &str,
                amc: &str,
                legal_entity: Option<&str>,
                on: Date,
            ) -> Result<Vec<FoundConvention>, StoreError> {
                sqlx::query_as(sql::FIND_CONVENTIONS)
                    .bind(number)
                    .bind(amc)
                    .bind(legal_entity)
                    .bind(on)
                    .fetch_all(&self.reader)
                    .await
                    .map_err(while_doing("searching conventions"))
            }

            async fn convention_holder_known(&self, number: &str) -> Result<bool, StoreError> {
                let row = sqlx::query(sql::HOLDER_KNOWN).bind(number).fetch_optional(&self.reader).await;
                Ok(row.map_err(while_doing("searching a convention holder"))?.is_some())
            }

            async fn amc_known(&self, amc: &str) -> Result<bool, StoreError> {
                let row = sqlx::query(sql::AMC_KNOWN).bind(amc).fetch_optional(&self.reader).await;
                Ok(row.map_err(while_doing("searching an AMC"))?.is_some())
            }

            async fn convention_history(&self, identifier: &str, amc: &str) -> Result<Vec<ConventionVersion>, StoreError> {
                sqlx::query_as(sql::CONVENTION_HISTORY)
                    .bind(identifier)
                    .bind(amc)
                    .fetch_all(&self.reader)
                    .await
                    .map_err(while_doing("reading the history of a convention"))
            }

            async fn stage_finess(&self, import_id: &str, at: OffsetDateTime, rows: &[FinessRow]) -> Result<Vec<i64>, StoreError> {
                let mut tx = self.writer.begin_with(BEGIN).await.map_err(while_doing("starting to stage establishments"))?;
                let mut kept = Vec::with_capacity(rows.len());
                for chunk in rows.chunks(shared::ROWS_PER_STATEMENT) {
                    let mut query = sqlx::QueryBuilder::<$db>::new(sql::STAGE_FINESS);
                    query.push_values(chunk, |mut values, row| {
                        values.push_bind(import_id).push_bind(row.line).push_bind(at.unix_timestamp()).push_bind(row.readable);
                        values.push_bind(&row.finess_et).push_bind(&row.finess_ej).push_bind(&row.name).push_bind(&row.long_name);
                        values.push_bind(&row.category_code).push_bind(&row.category_label).push_bind(&row.department);
                        values.push_bind(&row.post_line).push_bind(&row.siret).push_bind(&row.codemft);
                        values.push_bind(row.opened_on).push_bind(row.updated_on);
                    });
                    query.push(sql::KEEP_FIRST);
                    let lines: Vec<i64> = query.build_query_scalar().fetch_all(&mut *tx).await.map_err(while_doing("staging establishments"))?;
                    kept.extend(lines);
                }
                tx.commit().await.map_err(while_doing("staging establishments"))?;
                Ok(kept)
            }

            async fn apply_finess(&self, import_id: &str, new: &NewSnapshot, max_loss_percent: Option<u8>) -> Result<RegisterOutcome, StoreError> {
                let doing = while_doing("starting to apply a register extract");
                let mut tx = self.writer.begin_with(BEGIN).await.map_err(doing)?;
                sqlx::query(LOCK_REGISTER).execute(&mut *tx).await.map_err(while_doing("locking the register"))?;
                let known: Option<Snapshot> = sqlx::query_as(sql::SNAPSHOT_BY_DIGEST)
                    .bind(&new.digest)
                    .fetch_optional(&mut *tx)
                    .await
                    .map_err(while_doing("searching the extract"))?;
                if let Some(known) = known {
                    return Ok(RegisterOutcome::AlreadyImported(known));
                }
                let before: Option<Snapshot> =
                    sqlx::query_as(sql::REGISTER).fetch_optional(&mut *tx).await.map_err(while_doing("reading the register state"))?;
                if let Some(newer) = before.as_ref().filter(|snapshot| snapshot.as_of > new.as_of) {
                    return Ok(RegisterOutcome::OlderThan(newer.clone()));
                }
                let loss: shared::Loss =
                    sqlx::query_as(sql::COUNT_LOSS).bind(import_id).fetch_one(&mut *tx).await.map_err(while_doing("counting losses"))?;
                if loss.readable == 0 {
                    return Ok(RegisterOutcome::Empty);
                }
                if max_loss_percent.is_some_and(|percent| loss.exceeds(percent)) {
                    return Ok(RegisterOutcome::TooManyLost { before: loss.in_force, lost: loss.lost });
                }
                let changes: shared::Changes =
                    sqlx::query_as(sql::COUNT_CHANGES).bind(import_id).fetch_one(&mut *tx).await.map_err(while_doing("counting changes"))?;
                let diff = changes.diff(loss.lost);
                write_register(&mut tx, import_id, new, before.as_ref()).await?;
                insert_snapshot(&mut tx, new, loss.readable, &diff).await?;
                tx.commit().await.map_err(while_doing("applying a register extract"))?;
                Ok(RegisterOutcome::Applied { rows: loss.readable, diff })
            }

            async fn stage_conventions(&self, import_id: &str, at: OffsetDateTime, rows: &[StagedConvention]) -> Result<Vec<i64>, StoreError> {
                let mut tx = self.writer.begin_with(BEGIN).await.map_err(while_doing("starting to stage conventions"))?;
                let mut kept = Vec::with_capacity(rows.len());
                for chunk in rows.chunks(shared::ROWS_PER_STATEMENT) {
                    let mut query = sqlx::QueryBuilder::<$db>::new(sql::STAGE_CONVENTIONS);
                    query.push_values(chunk, |mut values, StagedConvention { line, row }| {
                        values.push_bind(import_id).push_bind(*line).push_bind(at.unix_timestamp());
                        values.push_bind(&row.identifier).push_bind(&row.amc).push_bind(&row.convention_type).push_bind(&row.domain);
                        values.push_bind(row.starts_on).push_bind(row.ends_on).push_bind(row.state.as_str()).push_bind(&row.motive);
                        values.push_bind(&row.concentrator).push_bind(&row.rpps).push_bind(&row.finess_et);
                    });
                    query.push(sql::KEEP_FIRST);
                    let lines: Vec<i64> = query.build_query_scalar().fetch_all(&mut *tx).await.map_err(while_doing("staging conventions"))?;
                    kept.extend(lines);
                }
                tx.commit().await.map_err(while_doing("staging conventions"))?;
                Ok(kept)
            }

            async fn apply_conventions(&self, import_id: &str, new: &NewConventionImport) -> Result<ConventionDiff, StoreError> {
                let doing = while_doing("starting to apply conventions");
                let mut tx = self.writer.begin_with(BEGIN).await.map_err(doing)?;
                sqlx::query(LOCK_CONVENTIONS).execute(&mut *tx).await.map_err(while_doing("locking the conventions"))?;
                let changes: shared::ConventionChanges = sqlx::query_as(sql::COUNT_CONVENTION_CHANGES)
                    .bind(import_id)
                    .fetch_one(&mut *tx)
                    .await
                    .map_err(while_doing("counting changes of conventions"))?;
                let diff = changes.diff();
                sqlx::query(sql::CLOSE_CONVENTIONS)
                    .bind(import_id)
                    .bind(new.imported_at)
                    .execute(&mut *tx)
                    .await
                    .map_err(while_doing("closing convention versions"))?;
                sqlx::query(sql::OPEN_CONVENTIONS)
                    .bind(import_id)
                    .bind(new.imported_at)
                    .bind(&new.digest)
                    .execute(&mut *tx)
                    .await
                    .map_err(while_doing("opening convention versions"))?;
                sqlx::query(sql::EMPTY_CONVENTIONS).bind(import_id).execute(&mut *tx).await.map_err(while_doing("emptying the stage"))?;
                sqlx::query(sql::INSERT_CONVENTION_IMPORT)
                    .bind(&new.digest)
                    .bind(&new.source_name)
                    .bind(&new.encoding)
                    .bind(new.imported_at)
                    .bind(diff.added + diff.changed + diff.unchanged)
                    .bind(diff.added)
                    .bind(diff.changed)
                    .bind(diff.unchanged)
                    .execute(&mut *tx)
                    .await
                    .map_err(while_doing("recording the convention import"))?;
                tx.commit().await.map_err(while_doing("applying conventions"))?;
                Ok(diff)
            }

            async fn discard_staged(&self, import_id: &str, before: OffsetDateTime) -> Result<(), StoreError> {
                for statement in [sql::DISCARD_FINESS, sql::DISCARD_CONVENTIONS] {
                    let query = sqlx::query(statement).bind(import_id).bind(before.unix_timestamp());
                    query.execute(&self.writer).await.map_err(while_doing("emptying the stage"))?;
                }
                Ok(())
            }
        }
    };
}
pub(super) use convention_store;
