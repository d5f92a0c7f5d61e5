//! Publication of events: moves them from the queue to the published stream.
//!
//! **Order of the events of one claim.** A sequence gives `event_no` when the event is inserted,
//! and transactions commit in any order, so that between claims a larger number may become visible
//! before a smaller one. Within one claim the numbers follow the commits: the writer of an event of
//! an existing claim has locked the row of the claim first
//! ([`lock_claim`](crate::store::ClaimWrites::lock_claim), `lock_attempts`,
//! `rejects_to_return`) until its commit, and the transaction that makes a claim writes its first
//! events before any other transaction sees the claim. The second transaction takes its numbers
//! after the first one committed, so that a reader that sees the events of the second sees those of
//! the first. The sequence must give numbers one by one (CACHE 1). An event whose claim was not
//! locked meets `UNIQUE (subject_kind, subject_id, sequence)` instead. `unpublished_events`
//! therefore sorts by `event_no` and can cut anywhere.

use crate::store::StoreError;
use crate::store::codec::{Instant, doing};
use sqlx::{PgConnection, PgPool, query};
use time::OffsetDateTime;

/// Limit of the tries of a publication. Two replicas publish at once only when one has just lost
/// the lease and has not noticed it yet.
const MAX_TRIES: u32 = 10;

/// Gives consecutive positions, in the order given, to the events of the queue, and deletes them
/// from it. Returns the number of events; none when another sink is in force.
pub(super) async fn mark_published(
    pool: &PgPool,
    events: &[i64],
    sink: i64,
    at: OffsetDateTime,
) -> Result<u64, StoreError> {
    let new = take_new(pool, events, sink, at).await?;
    if usize::try_from(new).is_ok_and(|new| new < events.len()) {
        return Ok(new + publish_again(pool, events, sink).await?);
    }
    Ok(new)
}

/// Publishes the events that have no position yet, and returns their number.
async fn take_new(
    pool: &PgPool,
    events: &[i64],
    sink: i64,
    at: OffsetDateTime,
) -> Result<u64, StoreError> {
    for _ in 1..MAX_TRIES {
        match take_positions(pool, events, sink, at).await {
            Err(met) if met.worth_a_retry() => {
                tracing::debug!(error = %met, "another replica took the same positions")
            }
            done => return done,
        }
    }
    take_positions(pool, events, sink, at).await
}

/// Publishes in one statement without lock: every numbering begins at the first free position, so
/// that two at once want the same one. The second waits for the commit of the first (positions are
/// the primary key), fails, and sees at its next try the positions of the first. So there are no
/// holes, and readers of the stream never see a position before a smaller one. Of two replicas that
/// publish one event the second finds its row deleted. A number given twice takes its first
/// position.
async fn take_positions(
    pool: &PgPool,
    events: &[i64],
    sink: i64,
    at: OffsetDateTime,
) -> Result<u64, StoreError> {
    query(
        "WITH removed AS (DELETE FROM outbox WHERE event_no = ANY($1) AND NOT is_resend \
         AND COALESCE((SELECT max(sink_no) FROM sinks), $3) = $3 RETURNING event_no) \
         INSERT INTO published_events (position, event_no, published_at, sink_no) \
         SELECT (SELECT COALESCE(max(position), 0) FROM published_events) \
         + row_number() OVER (ORDER BY min(t.place)), removed.event_no, $2, $3 \
         FROM removed JOIN UNNEST($1::bigint[]) WITH ORDINALITY AS t(event_no, place) \
         ON t.event_no = removed.event_no GROUP BY removed.event_no ORDER BY 1",
    )
    .bind(events)
    .bind(Instant(at))
    .bind(sink)
    .execute(pool)
    .await
    .map(|done| done.rows_affected())
    .map_err(doing("marking events as published"))
}

/// Marks the events that an operator had published again: they keep their positions, and name the
/// sink that confirmed them now.
async fn publish_again(pool: &PgPool, events: &[i64], sink: i64) -> Result<u64, StoreError> {
    query(
        "WITH removed AS (DELETE FROM outbox WHERE event_no = ANY($1) AND is_resend \
         AND COALESCE((SELECT max(sink_no) FROM sinks), $2) = $2 RETURNING event_no) \
         UPDATE published_events SET resends_done = resends_done + 1, sink_no = $2 \
         WHERE event_no = ANY(ARRAY(SELECT event_no FROM removed))",
    )
    .bind(events)
    .bind(sink)
    .execute(pool)
    .await
    .map(|done| done.rows_affected())
    .map_err(doing("marking events as published again"))
}

/// Counts a failed publication.
pub(super) async fn count_failed_attempt(pool: &PgPool, events: &[i64]) -> Result<(), StoreError> {
    query("UPDATE outbox SET attempts = attempts + 1 WHERE event_no = ANY($1)")
        .bind(events)
        .execute(pool)
        .await
        .map(|_| ())
        .map_err(doing("counting a failed publication"))
}

/// Deletes events from the queue without publishing them.
pub(super) async fn remove_from_outbox(
    db: &mut PgConnection,
    events: &[i64],
) -> Result<(), StoreError> {
    query("DELETE FROM outbox WHERE event_no = ANY($1)")
        .bind(events)
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("removing events from the outbox"))
}

/// Puts published events in the queue again, and returns the number of those that did not wait
/// there already.
pub(super) async fn requeue(db: &mut PgConnection, events: &[i64]) -> Result<u64, StoreError> {
    query(
        "WITH queued AS (INSERT INTO outbox (event_no, is_resend) SELECT event_no, TRUE \
         FROM published_events WHERE event_no = ANY($1) ON CONFLICT DO NOTHING \
         RETURNING event_no) UPDATE published_events p SET resends_asked = p.resends_asked + 1 \
         WHERE p.event_no = ANY(ARRAY(SELECT event_no FROM queued))",
    )
    .bind(events)
    .execute(db)
    .await
    .map(|done| done.rows_affected())
    .map_err(doing("putting events in the outbox again"))
}
