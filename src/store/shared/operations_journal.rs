//! SQL of the journal of operations, compiled for both databases.

use super::db::{BEGIN, Db, Store};
use super::next_place::next_place;
use crate::store::codec::{Instant, clean, json, limit};
use crate::store::error::{StoreError, doing};
use crate::store::journal_chains::{ChainedJournal, Seal};
use crate::store::operations_journal::{
    OperationRow, OperationStep, OperationsJournal, operation_fields,
};
use async_trait::async_trait;
use sqlx::{Database, Pool, query, query_as};

type Connection = <Db as Database>::Connection;

#[async_trait]
impl OperationsJournal for Store {
    async fn insert_operation_step(&self, step: &OperationStep) -> Result<(), StoreError> {
        self.writes().ask(|pool| insert_operation_step(pool, self.seal(), step)).await
    }

    async fn operation_steps(&self, limit: usize) -> Result<Vec<OperationStep>, StoreError> {
        self.reads().ask(|pool| operation_steps(pool, limit)).await
    }

    async fn steps_of_action(&self, action: &str) -> Result<Vec<OperationStep>, StoreError> {
        self.reads().ask(|pool| steps_of_action(pool, action)).await
    }
}

/// Inserts a step and its link, inside a transaction.
pub(super) async fn insert_step(
    db: &mut Connection,
    seal: &Seal,
    step: &OperationStep,
) -> Result<(), StoreError> {
    let doing = doing("writing the journal of operations");
    let row: OperationRow = (
        step.operation_id,
        i64::from(step.step),
        Instant(step.at),
        clean(&step.actor).into_owned(),
        clean(&step.action).into_owned(),
        step.stage.as_str().to_owned(),
        clean(&step.subject).into_owned(),
        json(&step.detail),
    );
    let chain = ChainedJournal::Operations.as_str().to_owned();
    let place = next_place(db, seal, chain, &operation_fields(&row)).await?;
    let (operation_id, number, at, actor, action, stage, subject, detail) = row;
    query(
        "INSERT INTO operations_journal (operation_id, step, at, actor, action, stage, subject, \
         detail, chain, chain_no, link) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(operation_id)
    .bind(number)
    .bind(at)
    .bind(actor)
    .bind(action)
    .bind(stage)
    .bind(subject)
    .bind(detail)
    .bind(place.chain)
    .bind(place.number)
    .bind(place.link)
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing)
}

async fn insert_operation_step(
    pool: &Pool<Db>,
    seal: &Seal,
    step: &OperationStep,
) -> Result<(), StoreError> {
    let doing = doing("writing the journal of operations");
    let mut tx = pool.begin_with(BEGIN).await.map_err(&doing)?;
    insert_step(&mut tx, seal, step).await?;
    tx.commit().await.map_err(doing)
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

async fn steps_of_action(pool: &Pool<Db>, action: &str) -> Result<Vec<OperationStep>, StoreError> {
    let found: Vec<OperationRow> = query_as(
        "SELECT operation_id, step, at, actor, action, stage, subject, detail \
         FROM operations_journal WHERE action = $1 ORDER BY at, operation_id, step",
    )
    .bind(action)
    .fetch_all(pool)
    .await
    .map_err(doing("reading the journal of operations"))?;
    found.into_iter().map(OperationStep::try_from).collect()
}
