//! Stages the rows of an import, batch by batch.

use super::db::{BEGIN, Db};
use crate::store::StoreError;
use crate::store::codec::doing;
use crate::store::connections::Connections;
use crate::store::conventions::{FinessRow, StagedConvention, sql};
use sqlx::QueryBuilder;
use time::OffsetDateTime;

/// Rows of one statement: 500 rows of 16 values stay far below the 32,766 parameters of SQLite and
/// the 65,535 of PostgreSQL.
const ROWS_PER_STATEMENT: usize = 500;

/// Stages establishments; returns the lines kept.
pub(super) async fn stage_finess(
    writer: &Connections<Db>,
    import_id: &str,
    at: OffsetDateTime,
    rows: &[FinessRow],
) -> Result<Vec<i64>, StoreError> {
    insert(writer, "staging establishments", rows, |chunk| {
        let mut query = QueryBuilder::<Db>::new(sql::STAGE_FINESS);
        query.push_values(chunk, |mut values, row| {
            values
                .push_bind(import_id)
                .push_bind(row.line)
                .push_bind(at.unix_timestamp())
                .push_bind(row.readable);
            values
                .push_bind(&row.finess_et)
                .push_bind(&row.finess_ej)
                .push_bind(row.name.as_str())
                .push_bind(row.long_name.as_str());
            values
                .push_bind(&row.category_code)
                .push_bind(row.category_label.as_str())
                .push_bind(&row.department);
            values.push_bind(row.post_line.as_str()).push_bind(&row.siret);
            values.push_bind(row.codemft.as_str());
            values.push_bind(row.opened_on).push_bind(row.updated_on);
        });
        query
    })
    .await
}

/// Stages conventions; returns the lines kept.
pub(super) async fn stage_conventions(
    writer: &Connections<Db>,
    import_id: &str,
    at: OffsetDateTime,
    rows: &[StagedConvention],
) -> Result<Vec<i64>, StoreError> {
    insert(writer, "staging conventions", rows, |chunk| {
        let mut query = QueryBuilder::<Db>::new(sql::STAGE_CONVENTIONS);
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
                .push_bind(row.motive.as_str());
            values
                .push_bind(row.concentrator.as_str())
                .push_bind(&row.rpps)
                .push_bind(&row.finess_et);
        });
        query
    })
    .await
}

/// Inserts rows in one transaction, [`ROWS_PER_STATEMENT`] at a time; returns the lines kept.
async fn insert<'r, T: Sync>(
    writer: &Connections<Db>,
    what: &'static str,
    rows: &'r [T],
    statement: impl Fn(&'r [T]) -> QueryBuilder<Db> + Send + Sync,
) -> Result<Vec<i64>, StoreError> {
    let mut tx = writer.begin(BEGIN).await?;
    let mut kept = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        let mut query = statement(chunk);
        query.push(sql::KEEP_FIRST);
        let lines: Vec<i64> = tx
            .ask(async |db| query.build_query_scalar().fetch_all(db).await.map_err(doing(what)))
            .await?;
        kept.extend(lines);
    }
    tx.commit().await.map(|()| kept)
}

/// Deletes the staged rows of an import, and those staged before `before`.
pub(super) async fn discard_staged(
    writer: &Connections<Db>,
    import_id: &str,
    before: OffsetDateTime,
) -> Result<(), StoreError> {
    for statement in [sql::DISCARD_FINESS, sql::DISCARD_CONVENTIONS] {
        let query = sqlx::query(statement).bind(import_id).bind(before.unix_timestamp());
        writer
            .ask(async |pool| query.execute(pool).await.map_err(doing("emptying the stage")))
            .await?;
    }
    Ok(())
}
