//! SQL of the journal of operations, compiled for both databases.

use super::db::{Db, Store};
use crate::store::codec::{Instant, clean, json, limit};
use crate::store::error::{StoreError, doing};
use crate::store::operations_journal::{OperationRow, OperationStep, OperationsJournal};
use async_trait::async_trait;
use sqlx::{Executor, Pool, query, query_as};

#[async_trait]
impl OperationsJournal for Store {
    async fn insert_operation_step(&self, step: &OperationStep) -> Result<(), StoreError> {
        self.writes().ask(|pool| insert_step(pool, step)).await
    }

    async fn operation_steps(&self, limit: usize) -> Result<Vec<OperationStep>, StoreError> {
        self.reads().ask(|pool| operation_steps(pool, limit)).await
    }
}

/// Inserts a step, over a pool or inside a transaction.
pub(super) async fn insert_step(
    db: impl Executor<'_, Database = Db>,
    step: &OperationStep,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO operations_journal (operation_id, step, at, actor, action, stage, subject, \
         detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(step.operation_id)
    .bind(i64::from(step.step))
    .bind(Instant(step.at))
    .bind(clean(&step.actor))
    .bind(clean(&step.action))
    .bind(step.stage.as_str())
    .bind(clean(&step.subject))
    .bind(json(&step.detail))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("writing the journal of operations"))
}

async fn operation_steps(pool: &Pool<Db>, rows: usize) -> Result<Vec<OperationStep>, StoreError> {
    let found: Vec<OperationRow> = query_as(
        "SELECT operation_id, step, at, actor, action, stage, subject, detail \
         FROM operations_journal \
         ORDER BY at DESC, operation_id DESC, step DESC LIMIT $1",
    )
    .bind(limit(rows))
    .fetch_all(pool)
    .await
    .map_err(doing("reading the journal of operations"))?;
    found.into_iter().map(OperationStep::try_from).collect()
}
