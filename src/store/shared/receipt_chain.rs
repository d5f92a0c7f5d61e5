//! SQL of the chain of receipts, compiled for both databases.

use super::db::{Db, Store, for_update};
use super::listing;
use super::receipt_contents;
use crate::domain::ExchangeId;
use crate::store::codec::{int, limit as rows, uint};
use crate::store::error::{StoreError, doing};
use crate::store::receipt_chain::{ChainLink, ChainTip, NewLink, ReceiptChain, SignLink};
use crate::store::rows::all;
use crate::store::staged_rows::{ChainRow, tip};
use async_trait::async_trait;
use sqlx::{Database, Pool, query, query_as};
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
        "SELECT sequence, exchange_id, link, key_id FROM receipt_chain WHERE sequence >= $1 \
         ORDER BY sequence LIMIT $2",
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
    let row = query_as("SELECT sequence, link FROM receipt_chain_tip").fetch_optional(pool).await;
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
pub(super) async fn extend_chain(
    db: &mut Connection,
    id: ExchangeId,
    contents: &str,
    sign: SignLink<'_>,
) -> Result<(), StoreError> {
    let last =
        tip(query_as(concat!("SELECT sequence, link FROM receipt_chain_tip", for_update!()))
            .fetch_one(&mut *db)
            .await)?;
    let (sequence, NewLink { link, key_id }) = (int(last.sequence + 1), sign(&last, contents));
    query(
        "INSERT INTO receipt_chain (sequence, exchange_id, link, key_id) VALUES ($1, $2, $3, $4)",
    )
    .bind(sequence)
    .bind(id.0)
    .bind(&link)
    .bind(key_id.0)
    .execute(&mut *db)
    .await
    .map_err(doing("chaining a receipt"))?;
    query("UPDATE receipt_chain_tip SET sequence = $1, link = $2")
        .bind(sequence)
        .bind(link)
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("moving the end of the chain of receipts"))
}
