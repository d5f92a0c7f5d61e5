//! SQL of the chain of receipts, compiled for both databases.

use super::db::{BEGIN, Db, Store, for_update};
use super::listing;
use super::operations_journal::insert_step;
use super::receipt_contents;
use crate::domain::ExchangeId;
use crate::domain::receipt::MAX_CLOCK_BEHIND;
use crate::store::codec::{Instant, int, limit as rows, uint};
use crate::store::error::{StoreError, doing};
use crate::store::operations_journal::OperationStep;
use crate::store::receipt_chain::{ChainLink, ChainTip, ReceiptChain, SignLink};
use crate::store::rows::all;
use crate::store::staged_rows::{ChainRow, tip};
use async_trait::async_trait;
use sqlx::{Database, Pool, query, query_as};
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

type Connection = <Db as Database>::Connection;

#[async_trait]
impl ReceiptChain for Store {
    async fn chain_links(
        &self,
        from_sequence: u64,
        limit: usize,
    ) -> Result<Vec<ChainLink>, StoreError> {
        self.reads().ask(|pool| chain_links(pool, from_sequence, limit)).await
    }

    async fn receipt_contents(&self, id: ExchangeId) -> Result<String, StoreError> {
        self.whole_deposit().ask(|pool| receipt_contents(pool, id)).await
    }

    async fn chain_tip(&self) -> Result<ChainTip, StoreError> {
        self.reads().ask(chain_tip).await
    }

    async fn accept_clock(
        &self,
        now: OffsetDateTime,
        step: &OperationStep,
    ) -> Result<(), StoreError> {
        let mut change = self.writes().begin(BEGIN).await?;
        change.ask(|db| set_latest(db, now)).await?;
        let seal = self.seal();
        change.ask(|db| insert_step(db, seal, step)).await?;
        change.commit().await
    }

    async fn chain_sequences(
        &self,
        ids: &[ExchangeId],
    ) -> Result<Vec<(ExchangeId, u64)>, StoreError> {
        self.reads().ask(|pool| chain_sequences(pool, ids)).await
    }
}

async fn chain_links(
    pool: &Pool<Db>,
    from_sequence: u64,
    limit: usize,
) -> Result<Vec<ChainLink>, StoreError> {
    let query = query_as(
        "SELECT sequence, exchange_id, link, key_id, behind_ms FROM receipt_chain \
         WHERE sequence >= $1 ORDER BY sequence LIMIT $2",
    );
    let found: Vec<ChainRow> = query
        .bind(int(from_sequence))
        .bind(rows(limit))
        .fetch_all(pool)
        .await
        .map_err(doing("reading the chain of receipts"))?;
    all(found)
}

async fn receipt_contents(pool: &Pool<Db>, id: ExchangeId) -> Result<String, StoreError> {
    let acquiring = doing("reading the rows that a receipt signs");
    let mut db = pool.acquire().await.map_err(acquiring)?;
    receipt_contents::digest(&mut db, id).await
}

async fn chain_tip(pool: &Pool<Db>) -> Result<ChainTip, StoreError> {
    let row = query_as("SELECT sequence, link, latest_at FROM receipt_chain_tip")
        .fetch_optional(pool)
        .await;
    // Without the row no deposit can be closed; a reader finds a chain without its end.
    match row.transpose() {
        Some(row) => tip(row),
        None => Ok(ChainTip::default()),
    }
}

async fn chain_sequences(
    pool: &Pool<Db>,
    ids: &[ExchangeId],
) -> Result<Vec<(ExchangeId, u64)>, StoreError> {
    let mut query = listing::chain_sequences(ids);
    let found: Vec<(Uuid, i64)> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("looking for links of the chain"))?;
    found
        .into_iter()
        .map(|(id, rank)| Ok((ExchangeId(id), uint(rank, "receipt_chain.sequence")?)))
        .collect()
}

/// Appends a receipt to the chain. The tip stays locked until the commit, so that receipts are
/// chained in the order of their commits.
///
/// # Errors
/// [`StoreError::ClockBehind`] when the clock is too far behind the latest receipt.
pub(super) async fn extend_chain(
    db: &mut Connection,
    id: ExchangeId,
    contents: &str,
    sign: SignLink<'_>,
) -> Result<(), StoreError> {
    let select = concat!("SELECT sequence, link, latest_at FROM receipt_chain_tip", for_update!());
    let last = tip(query_as(select).fetch_one(&mut *db).await)?;
    let (sequence, new) = (int(last.sequence + 1), sign(&last, contents));
    if Duration::from_millis(new.behind_ms) > MAX_CLOCK_BEHIND {
        return Err(StoreError::ClockBehind { now: new.at, latest: last.latest_at });
    }
    query(
        "INSERT INTO receipt_chain (sequence, exchange_id, link, key_id, behind_ms) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(sequence)
    .bind(id.0)
    .bind(&new.link)
    .bind(new.key_id.0)
    .bind(int(new.behind_ms))
    .execute(&mut *db)
    .await
    .map_err(doing("chaining a receipt"))?;
    query("UPDATE receipt_chain_tip SET sequence = $1, link = $2, latest_at = $3")
        .bind(sequence)
        .bind(new.link)
        .bind(Instant(new.at.max(last.latest_at)))
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("moving the end of the chain of receipts"))
}

async fn set_latest(db: &mut Connection, now: OffsetDateTime) -> Result<(), StoreError> {
    query("UPDATE receipt_chain_tip SET latest_at = $1")
        .bind(Instant(now))
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("accepting the clock"))
}
