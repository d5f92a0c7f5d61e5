//! SQL of probes and metrics, compiled for both databases.

use super::db::{Db, Store};
use crate::store::codec::{Instant, uint};
use crate::store::error::{StoreError, doing};
use crate::store::health::{Health, OutboxDepth, StoreFigures};
use crate::store::rows::closed_deposits;
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
    // A partial index with the same condition, word for word, serves each count. The parts of test
    // claims have no limit.
    type Counts = (i64, i64, i64, Option<Instant>, i64, i64, i64, Option<Instant>);
    let (waiting, overdue, staged, latest, held, late, unexplained, since): Counts = query_as(
        "SELECT \
         (SELECT count(*) FROM quarantine WHERE resolved_by IS NULL AND duplicate_of IS NULL \
         AND NOT EXISTS (SELECT 1 FROM exchanges x WHERE x.id = quarantine.exchange_id \
         AND (x.verdict IS NULL OR x.is_test))), \
         (SELECT count(*) FROM claim_parts WHERE kind = 'amc' \
         AND is_awaited AND due_at < $1), \
         (SELECT count(*) FROM exchanges WHERE verdict IS NULL), \
         (SELECT latest_at FROM receipt_chain_tip WHERE sequence > 0), \
         (SELECT count(*) FROM held_attempts h WHERE resolution IS NULL \
         AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.id = h.claim_id AND c.is_test)), \
         (SELECT count(*) FROM held_attempts h WHERE resolution IS NULL AND decide_by < $1 \
         AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.id = h.claim_id AND c.is_test)), \
         (SELECT count(*) FROM transfers WHERE unexplained_since IS NOT NULL), \
         (SELECT min(unexplained_since) FROM transfers WHERE unexplained_since IS NOT NULL)",
    )
    .bind(Instant(now))
    .fetch_one(pool)
    .await
    .map_err(doing("counting for the metrics"))?;
    Ok(StoreFigures {
        quarantine_waiting: uint(waiting, "count")?,
        overdue: uint(overdue, "count")?,
        held: uint(held, "count")?,
        held_late: uint(late, "count")?,
        staged_deposits: uint(staged, "count")?,
        transfers_unexplained: uint(unexplained, "count")?,
        unexplained_since: since.map(|at| at.0),
        latest_receipt_at: latest.map(|at| at.0),
    })
}

async fn outbox_depth(pool: &Pool<Db>) -> Result<OutboxDepth, StoreError> {
    // The parts read the index of the queue, not the history, and skip staged deposits. The first
    // row of each part gives its oldest instant; the events of a staged deposit are as old as its
    // verdict. Events that are published again have no age here.
    let (pending, free, staged): (i64, Option<Instant>, Option<Instant>) = query_as(concat!(
        closed_deposits!(),
        "SELECT (SELECT count(*) FROM outbox WHERE staged_deposit IS NULL) + CAST((SELECT \
         COALESCE(sum((SELECT count(*) FROM outbox o \
         WHERE o.staged_deposit = closed.staged_deposit)), 0) FROM closed) AS BIGINT), \
         (SELECT occurred_at FROM events WHERE event_no = (SELECT event_no FROM outbox \
         WHERE staged_deposit IS NULL AND NOT is_resend \
         ORDER BY staged_deposit NULLS FIRST, event_no LIMIT 1)), \
         (SELECT min(CASE WHEN x.closed_at > e.occurred_at THEN x.closed_at \
         ELSE e.occurred_at END) FROM closed JOIN events e ON e.event_no = closed.first \
         LEFT JOIN exchanges x ON x.id = closed.staged_deposit)"
    ))
    .fetch_one(pool)
    .await
    .map_err(doing("measuring the outbox"))?;
    let oldest = [free, staged].into_iter().flatten().map(|at| at.0).min();
    Ok(OutboxDepth { pending: uint(pending, "count")?, oldest })
}
