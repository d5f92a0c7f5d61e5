//! Positions of published events.
//!
//! **Order of the events of one claim.** A sequence gives `outbox_id` when the event is inserted,
//! and transactions commit in any order, so that between claims a larger id may become visible
//! before a smaller one. Within one claim the ids follow the commits: the writer of an event of an
//! existing claim has locked the row of the claim first
//! ([`lock_claim`](crate::store::ClaimWrites::lock_claim), `lock_latest_claims`,
//! `rejects_to_return`) until its commit, and the transaction that makes a claim writes its first
//! events before any other transaction sees the claim. The second transaction takes its ids after
//! the first one committed, so that a reader that sees the events of the second sees those of the
//! first. The sequence must give ids one by one (CACHE 1). An event whose claim was not locked
//! meets `UNIQUE (claim_id, sequence)` instead. `unpublished_events` therefore sorts by `outbox_id`
//! and can cut anywhere.

use crate::store::StoreError;
use crate::store::codec::{Instant, doing};
use sqlx::{PgPool, query};
use time::OffsetDateTime;

/// Tries of a numbering. Two replicas meet here only when one has just lost the lease and does not
/// know it yet.
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

/// Takes positions in one statement without lock: every numbering begins at the first free
/// position, so that two at once want the same one. The second waits for the commit of the first
/// (the index of positions is unique), fails, and sees at its next try the positions of the first.
/// So there are no holes, and readers of the stream never see a position before a smaller one. An
/// id given twice takes its first position.
///
/// `COALESCE(position, 0) = 0` instead of `position IS NULL` excludes every index: behind a long
/// history the planner expects no unpublished event, and would read all of them by the index of
/// positions, once or for each event of the batch.
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

/// Counts a failed publication.
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
