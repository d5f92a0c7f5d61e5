//! SQL of probes and metrics, compiled for both databases.

use super::db::{Db, Store};
use crate::store::codec::{Instant, uint};
use crate::store::error::{StoreError, doing};
use crate::store::health::{Health, OutboxDepth, StoreFigures};
use crate::store::rows::closed_loads;
use async_trait::async_trait;
use sqlx::{Pool, query_as};
use time::OffsetDateTime;

#[async_trait]
impl Health for Store {
    async fn ping(&self) -> Result<(), StoreError> {
        self.upkeep().ask(ping).await
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, StoreError> {
        self.upkeep().ask(outbox_depth).await
    }

    async fn figures(&self, now: OffsetDateTime) -> Result<StoreFigures, StoreError> {
        self.upkeep().ask(|pool| figures(pool, now)).await
    }
}

async fn ping(pool: &Pool<Db>) -> Result<(), StoreError> {
    sqlx::query("SELECT 1")
        .execute(pool)
        .await
        .map(|_| ())
        .map_err(doing("asking whether it answers"))
}

async fn figures(pool: &Pool<Db>, now: OffsetDateTime) -> Result<StoreFigures, StoreError> {
    // A partial index with the same condition, word for word, serves each count.
    let (unbalanced, waiting, overdue, loading): (i64, i64, i64, i64) = query_as(
        "SELECT \
         (SELECT count(*) FROM ledgers WHERE read_records <> accepted + quarantined + duplicates + unmatched + envelope), \
         (SELECT count(*) FROM quarantine WHERE resolved_by IS NULL AND duplicate_of IS NULL AND exchange_id NOT IN \
         (SELECT id FROM exchanges WHERE verdict IS NULL)), \
         (SELECT count(*) FROM claim_parts WHERE kind = 'amc' AND state IN ('received', 'accepted', 'deferred') AND due_at < $1), \
         (SELECT count(*) FROM exchanges WHERE verdict IS NULL)",
    )
    .bind(Instant(now))
    .fetch_one(pool)
    .await
    .map_err(doing("counting for the metrics"))?;
    Ok(StoreFigures {
        unbalanced: uint(unbalanced, "count")?,
        quarantine_waiting: uint(waiting, "count")?,
        overdue: uint(overdue, "count")?,
        loading: uint(loading, "count")?,
    })
}

async fn outbox_depth(pool: &Pool<Db>) -> Result<OutboxDepth, StoreError> {
    // The parts read the index of unpublished events, not the history, and skip staged deposits.
    // The first row of each part gives its oldest instant; the events of a large deposit are as old
    // as its verdict.
    let (pending, free, of_loads): (i64, Option<Instant>, Option<Instant>) = query_as(concat!(
        closed_loads!(),
        "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL AND load_id IS NULL) + CAST((SELECT COALESCE(sum( \
         (SELECT count(*) FROM outbox o WHERE o.published_at IS NULL AND o.load_id = closed.load_id)), 0) FROM closed) AS BIGINT), \
         (SELECT created_at FROM outbox WHERE published_at IS NULL AND load_id IS NULL ORDER BY load_id, outbox_id LIMIT 1), \
         (SELECT min(CASE WHEN e.closed_at > o.created_at THEN e.closed_at ELSE o.created_at END) \
         FROM closed JOIN outbox o ON o.outbox_id = closed.first LEFT JOIN exchanges e ON e.id = closed.load_id)"
    ))
    .fetch_one(pool)
    .await
    .map_err(doing("measuring the outbox"))?;
    let oldest = [free, of_loads].into_iter().flatten().map(|at| at.0).min();
    Ok(OutboxDepth { pending: uint(pending, "count")?, oldest })
}
