//! Publication marks.
//!
//! **Why the events of one claim come out in order.** `outbox_id` is taken from a sequence when the event is inserted, and transactions commit in any
//! order, so between claims a larger number may show before a smaller one. Within one claim it
//! cannot: whoever writes an event of an existing claim has locked the claim's row first
//! ([`UnitOfWork::claim`](crate::store::UnitOfWork::claim), `latest_claims`, `rejects_to_return`)
//! and holds it until its commit, and the events of a new claim are written by the transaction that
//! makes the claim, which nobody else sees before. So the second transaction takes its numbers only
//! after the first one committed: its numbers are larger, and whoever sees its events sees those of
//! the first. The sequence must hand out numbers one by one for that (CACHE 1). An event whose
//! claim was not locked meets `UNIQUE (claim_id, sequence)` instead. `unpublished` therefore sorts
//! by `outbox_id` and can cut anywhere.

use crate::store::StoreError;
use crate::store::codec::{Instant, doing};
use sqlx::{PgPool, query};
use time::OffsetDateTime;

/// How often positions are taken again. Two replicas meet here only when one has just lost the
/// right to publish and does not know it yet.
const TRIES: u32 = 10;

/// Gives consecutive positions, in the order given, to the events that have none yet.
pub(super) async fn mark_published(
    pool: &PgPool,
    outbox_ids: &[i64],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    for _ in 1..TRIES {
        match take_positions(pool, outbox_ids, at).await {
            Err(met) if met.worth_a_retry() => {
                tracing::debug!(error = %met, "another replica took the same positions")
            }
            done => return done,
        }
    }
    take_positions(pool, outbox_ids, at).await
}

/// One statement, and no lock: every numbering begins at the first position that is free, so that
/// two at once want the same one. The second waits for the commit of the first (the index of
/// positions is unique), fails, and sees at its next try what the first one took. So there are no
/// holes, and readers of the stream never see a position before a smaller one. An id given twice
/// takes its first place.
///
/// `COALESCE(position, 0) = 0` and not `position IS NULL`: no index answers it. Behind a long
/// history the planner believes that nothing waits, and would go through all that does, by the
/// index of positions, once or for each event of the batch.
async fn take_positions(
    pool: &PgPool,
    outbox_ids: &[i64],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    query(
        "UPDATE outbox SET published_at = $2, \
         position = (SELECT COALESCE(max(position), 0) FROM outbox) + wanted.place \
         FROM (SELECT o.outbox_id, row_number() OVER (ORDER BY min(t.ord)) AS place \
               FROM UNNEST($1::bigint[]) WITH ORDINALITY AS t(id, ord) JOIN outbox o ON o.outbox_id = t.id \
               WHERE COALESCE(o.position, 0) = 0 GROUP BY o.outbox_id) AS wanted \
         WHERE outbox.outbox_id = wanted.outbox_id AND COALESCE(outbox.position, 0) = 0",
    )
    .bind(outbox_ids)
    .bind(Instant(at))
    .execute(pool)
    .await
    .map(|_| ())
    .map_err(doing("marking events as published"))
}

/// Counts a failed try.
pub(super) async fn count_failed_attempt(
    pool: &PgPool,
    outbox_ids: &[i64],
) -> Result<(), StoreError> {
    query("UPDATE outbox SET attempts = attempts + 1 WHERE COALESCE(position, 0) = 0 AND outbox_id = ANY($1)")
        .bind(outbox_ids)
        .execute(pool)
        .await
        .map(|_| ())
        .map_err(doing("counting a failed publication"))
}
