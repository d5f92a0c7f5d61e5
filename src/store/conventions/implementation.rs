//! One body for both databases: sqlx types its pools, the statements are the same. The caller
//! supplies `BEGIN`, `LOCK_REGISTER` and `LOCK_CONVENTIONS`, which differ.

use super::{ConventionDiff, NewSnapshot, RegisterDiff, Snapshot, StoreError};
use crate::store::columns::doing;
use std::future::Future;

/// Rows of one statement: 500 rows of 16 values stay far below the 32,766 parameters of SQLite and
/// the 65,535 of PostgreSQL.
pub(super) const ROWS_PER_STATEMENT: usize = 500;

/// Names what was being done when the database failed.
pub(super) async fn while_doing<T>(
    what: &'static str,
    statement: impl Future<Output = Result<T, sqlx::Error>> + Send,
) -> Result<T, StoreError> {
    statement.await.map_err(doing(what))
}

/// Counts behind the decision to apply an extract.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Loss {
    pub(super) in_force: i64,
    pub(super) lost: i64,
    pub(super) readable: i64,
}

impl Loss {
    /// Whether more than this share of the establishments in force is lost. The first extract loses
    /// none.
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

/// Implements [`super::ConventionStore`] for a type with `writer` and `reader` connections of
/// database `$db`.
macro_rules! convention_store {
    ($store:ident, $db:ty) => {
        use super::implementation::{self as shared, while_doing};
        use super::{
            ConventionDiff, ConventionStore, ConventionVersion, EstablishmentRow, FinessRow,
            FoundConvention, NewConventionImport, NewSnapshot, RegisterDiff, RegisterOutcome,
            Snapshot, StagedConvention, sql,
        };
        use crate::store::StoreError;
        use crate::store::connections::Change;
        use time::{Date, OffsetDateTime};

        /// Makes the versions that the extract ends, opens and refreshes.
        async fn write_register(
            tx: &mut Change<$db>,
            import_id: &str,
            new: &NewSnapshot,
            before: Option<&Snapshot>,
        ) -> Result<(), StoreError> {
            for statement in [sql::CLOSE_ABSENT, sql::CLOSE_CHANGED] {
                let query = sqlx::query(statement)
                    .bind(import_id)
                    .bind(new.as_of)
                    .bind(shared::last_seen(before, new));
                tx.ask(|db| while_doing("closing establishment versions", query.execute(db)))
                    .await?;
            }
            let query = sqlx::query(sql::OPEN_VERSIONS).bind(import_id).bind(new.as_of);
            tx.ask(|db| while_doing("opening establishment versions", query.execute(db))).await?;
            for statement in [sql::REFRESH_UPDATE_DATES, sql::EMPTY_FINESS] {
                tx.ask(|db| {
                    while_doing(
                        "finishing the register import",
                        sqlx::query(statement).bind(import_id).execute(db),
                    )
                })
                .await?;
            }
            Ok(())
        }

        async fn insert_snapshot(
            tx: &mut Change<$db>,
            new: &NewSnapshot,
            rows: i64,
            diff: &RegisterDiff,
        ) -> Result<(), StoreError> {
            let query = sqlx::query(sql::INSERT_SNAPSHOT)
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
                .bind(diff.unchanged);
            tx.ask(|db| while_doing("recording the register extract", query.execute(db)))
                .await
                .map(|_| ())
        }

        #[async_trait::async_trait]
        impl ConventionStore for $store {
            async fn register(&self) -> Result<Option<Snapshot>, StoreError> {
                self.reader
                    .ask(|pool| {
                        while_doing(
                            "reading the register state",
                            sqlx::query_as(sql::REGISTER).fetch_optional(pool),
                        )
                    })
                    .await
            }

            async fn establishment_versions(
                &self,
                finess_et: &str,
            ) -> Result<Vec<EstablishmentRow>, StoreError> {
                let query = sqlx::query_as(sql::ESTABLISHMENT_VERSIONS).bind(finess_et);
                self.reader
                    .ask(|pool| while_doing("reading an establishment", query.fetch_all(pool)))
                    .await
            }

            async fn any_establishment_of(
                &self,
                finess_ej: &str,
            ) -> Result<Option<EstablishmentRow>, StoreError> {
                let query = sqlx::query_as(sql::ANY_ESTABLISHMENT_OF).bind(finess_ej);
                self.reader
                    .ask(|pool| while_doing("reading a legal entity", query.fetch_optional(pool)))
                    .await
            }

            async fn find_conventions(
                &self,
                number: &str,
                amc: &str,
                legal_entity: Option<&str>,
                on: Date,
            ) -> Result<Vec<FoundConvention>, StoreError> {
                let query = sqlx::query_as(sql::FIND_CONVENTIONS)
                    .bind(number)
                    .bind(amc)
                    .bind(legal_entity)
                    .bind(on);
                self.reader
                    .ask(|pool| while_doing("searching conventions", query.fetch_all(pool)))
                    .await
            }

            async fn convention_holder_known(&self, number: &str) -> Result<bool, StoreError> {
                let query = sqlx::query(sql::HOLDER_KNOWN).bind(number);
                let row = self
                    .reader
                    .ask(|pool| {
                        while_doing("searching a convention holder", query.fetch_optional(pool))
                    })
                    .await?;
                Ok(row.is_some())
            }

            async fn amc_known(&self, amc: &str) -> Result<bool, StoreError> {
                let query = sqlx::query(sql::AMC_KNOWN).bind(amc);
                let row = self
                    .reader
                    .ask(|pool| while_doing("searching an AMC", query.fetch_optional(pool)))
                    .await?;
                Ok(row.is_some())
            }

            async fn convention_history(
                &self,
                identifier: &str,
                amc: &str,
            ) -> Result<Vec<ConventionVersion>, StoreError> {
                let query = sqlx::query_as(sql::CONVENTION_HISTORY).bind(identifier).bind(amc);
                self.reader
                    .ask(|pool| {
                        while_doing("reading the history of a convention", query.fetch_all(pool))
                    })
                    .await
            }

            async fn stage_finess(
                &self,
                import_id: &str,
                at: OffsetDateTime,
                rows: &[FinessRow],
            ) -> Result<Vec<i64>, StoreError> {
                let mut tx = self.writer.begin(BEGIN).await?;
                let mut kept = Vec::with_capacity(rows.len());
                for chunk in rows.chunks(shared::ROWS_PER_STATEMENT) {
                    let mut query = sqlx::QueryBuilder::<$db>::new(sql::STAGE_FINESS);
                    query.push_values(chunk, |mut values, row| {
                        values
                            .push_bind(import_id)
                            .push_bind(row.line)
                            .push_bind(at.unix_timestamp())
                            .push_bind(row.readable);
                        values
                            .push_bind(&row.finess_et)
                            .push_bind(&row.finess_ej)
                            .push_bind(&row.name)
                            .push_bind(&row.long_name);
                        values
                            .push_bind(&row.category_code)
                            .push_bind(&row.category_label)
                            .push_bind(&row.department);
                        values
                            .push_bind(&row.post_line)
                            .push_bind(&row.siret)
                            .push_bind(&row.codemft);
                        values.push_bind(row.opened_on).push_bind(row.updated_on);
                    });
                    query.push(sql::KEEP_FIRST);
                    let lines: Vec<i64> = tx
                        .ask(|db| {
                            while_doing(
                                "staging establishments",
                                query.build_query_scalar().fetch_all(db),
                            )
                        })
                        .await?;
                    kept.extend(lines);
                }
                tx.commit().await.map(|()| kept)
            }

            async fn apply_finess(
                &self,
                import_id: &str,
                new: &NewSnapshot,
                max_loss_percent: Option<u8>,
            ) -> Result<RegisterOutcome, StoreError> {
                let mut tx = self.writer.begin(BEGIN).await?;
                tx.ask(|db| {
                    while_doing("locking the register", sqlx::query(LOCK_REGISTER).execute(db))
                })
                .await?;
                let query = sqlx::query_as(sql::SNAPSHOT_BY_DIGEST).bind(&new.digest);
                let known: Option<Snapshot> = tx
                    .ask(|db| while_doing("searching the extract", query.fetch_optional(db)))
                    .await?;
                if let Some(known) = known {
                    return Ok(RegisterOutcome::AlreadyImported(known));
                }
                let query = sqlx::query_as(sql::REGISTER);
                let before: Option<Snapshot> = tx
                    .ask(|db| while_doing("reading the register state", query.fetch_optional(db)))
                    .await?;
                if let Some(newer) = before.as_ref().filter(|snapshot| snapshot.as_of > new.as_of) {
                    return Ok(RegisterOutcome::OlderThan(newer.clone()));
                }
                let query = sqlx::query_as(sql::COUNT_LOSS).bind(import_id);
                let loss: shared::Loss =
                    tx.ask(|db| while_doing("counting losses", query.fetch_one(db))).await?;
                if loss.readable == 0 {
                    return Ok(RegisterOutcome::Empty);
                }
                if max_loss_percent.is_some_and(|percent| loss.exceeds(percent)) {
                    return Ok(RegisterOutcome::TooManyLost {
                        before: loss.in_force,
                        lost: loss.lost,
                    });
                }
                let query = sqlx::query_as(sql::COUNT_CHANGES).bind(import_id);
                let changes: shared::Changes =
                    tx.ask(|db| while_doing("counting changes", query.fetch_one(db))).await?;
                let diff = changes.diff(loss.lost);
                write_register(&mut tx, import_id, new, before.as_ref()).await?;
                insert_snapshot(&mut tx, new, loss.readable, &diff).await?;
                tx.commit().await?;
                Ok(RegisterOutcome::Applied { rows: loss.readable, diff })
            }

            async fn stage_conventions(
                &self,
                import_id: &str,
                at: OffsetDateTime,
                rows: &[StagedConvention],
            ) -> Result<Vec<i64>, StoreError> {
                let mut tx = self.writer.begin(BEGIN).await?;
                let mut kept = Vec::with_capacity(rows.len());
                for chunk in rows.chunks(shared::ROWS_PER_STATEMENT) {
                    let mut query = sqlx::QueryBuilder::<$db>::new(sql::STAGE_CONVENTIONS);
                    query.push_values(chunk, |mut values, StagedConvention { line, row }| {
                        values.push_bind(import_id).push_bind(*line).push_bind(at.unix_timestamp());
                        values
                            .push_bind(&row.identifier)
                            .push_bind(&row.amc)
                            .push_bind(&row.convention_type)
                            .push_bind(&row.domain);
                        values
                            .push_bind(row.starts_on)
                            .push_bind(row.ends_on)
                            .push_bind(row.state.as_str())
                            .push_bind(&row.motive);
                        values
                            .push_bind(&row.concentrator)
                            .push_bind(&row.rpps)
                            .push_bind(&row.finess_et);
                    });
                    query.push(sql::KEEP_FIRST);
                    let lines: Vec<i64> = tx
                        .ask(|db| {
                            while_doing(
                                "staging conventions",
                                query.build_query_scalar().fetch_all(db),
                            )
                        })
                        .await?;
                    kept.extend(lines);
                }
                tx.commit().await.map(|()| kept)
            }

            async fn apply_conventions(
                &self,
                import_id: &str,
                new: &NewConventionImport,
            ) -> Result<ConventionDiff, StoreError> {
                let mut tx = self.writer.begin(BEGIN).await?;
                tx.ask(|db| {
                    while_doing(
                        "locking the conventions",
                        sqlx::query(LOCK_CONVENTIONS).execute(db),
                    )
                })
                .await?;
                let query = sqlx::query_as(sql::COUNT_CONVENTION_CHANGES).bind(import_id);
                let changes: shared::ConventionChanges = tx
                    .ask(|db| while_doing("counting changes of conventions", query.fetch_one(db)))
                    .await?;
                let diff = changes.diff();
                let query =
                    sqlx::query(sql::CLOSE_CONVENTIONS).bind(import_id).bind(new.imported_at);
                tx.ask(|db| while_doing("closing convention versions", query.execute(db))).await?;
                let query = sqlx::query(sql::OPEN_CONVENTIONS)
                    .bind(import_id)
                    .bind(new.imported_at)
                    .bind(&new.digest);
                tx.ask(|db| while_doing("opening convention versions", query.execute(db))).await?;
                tx.ask(|db| {
                    while_doing(
                        "emptying the stage",
                        sqlx::query(sql::EMPTY_CONVENTIONS).bind(import_id).execute(db),
                    )
                })
                .await?;
                let query = sqlx::query(sql::INSERT_CONVENTION_IMPORT)
                    .bind(&new.digest)
                    .bind(&new.source_name)
                    .bind(&new.encoding)
                    .bind(new.imported_at)
                    .bind(diff.added + diff.changed + diff.unchanged)
                    .bind(diff.added)
                    .bind(diff.changed)
                    .bind(diff.unchanged);
                tx.ask(|db| while_doing("recording the convention import", query.execute(db)))
                    .await?;
                tx.commit().await.map(|()| diff)
            }

            async fn discard_staged(
                &self,
                import_id: &str,
                before: OffsetDateTime,
            ) -> Result<(), StoreError> {
                for statement in [sql::DISCARD_FINESS, sql::DISCARD_CONVENTIONS] {
                    let query =
                        sqlx::query(statement).bind(import_id).bind(before.unix_timestamp());
                    self.writer
                        .ask(|pool| while_doing("emptying the stage", query.execute(pool)))
                        .await?;
                }
                Ok(())
            }
        }
    };
}
pub(super) use convention_store;
