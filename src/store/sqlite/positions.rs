//! Publication of events: moves them from the queue to the published stream. Lists of numbers
//! travel as one JSON text, the array of SQLite, so that the SQL stays fixed.

use super::db::BEGIN;
use crate::store::StoreError;
use crate::store::codec::{Instant, doing, json};
use sqlx::{SqliteConnection, SqlitePool, query, query_scalar};
use time::OffsetDateTime;

/// Gives consecutive positions, in the order given, to the events of the queue, and deletes them
/// from it. Returns the number of events; none when another sink is in force.
pub(super) async fn mark_published(
    writer: &SqlitePool,
    events: &[i64],
    sink: i64,
    at: OffsetDateTime,
) -> Result<u64, StoreError> {
    let doing = doing("marking events as published");
    // There is a single writer: no other task numbers at the same time. A number given twice takes
    // its first position. CROSS JOIN goes from the list to the outbox; the other direction would
    // read the whole backlog.
    let mut tx = writer.begin_with(BEGIN).await.map_err(&doing)?;
    let is_in_force: bool =
        query_scalar("SELECT COALESCE((SELECT max(sink_no) FROM sinks), $1) = $1")
            .bind(sink)
            .fetch_one(&mut *tx)
            .await
            .map_err(&doing)?;
    if !is_in_force {
        return Ok(0);
    }
    let new = query(
        "INSERT INTO published_events (position, event_no, published_at, sink_no) \
         SELECT (SELECT COALESCE(max(position), 0) FROM published_events) \
         + row_number() OVER (ORDER BY min(j.key)), o.event_no, $2, $3 \
         FROM json_each($1) j CROSS JOIN outbox o ON o.event_no = j.value \
         WHERE NOT o.is_resend \
         GROUP BY o.event_no ORDER BY 1",
    )
    .bind(json(&events))
    .bind(Instant(at))
    .bind(sink)
    .execute(&mut *tx)
    .await
    .map_err(&doing)?;
    // An event that is published again keeps its position.
    let again = query(
        "UPDATE published_events SET resends_done = resends_done + 1, sink_no = $2 \
         WHERE event_no IN (SELECT o.event_no FROM json_each($1) j \
         CROSS JOIN outbox o ON o.event_no = j.value WHERE o.is_resend)",
    )
    .bind(json(&events))
    .bind(sink)
    .execute(&mut *tx)
    .await
    .map_err(&doing)?;
    remove_from_outbox(&mut tx, events).await?;
    tx.commit().await.map_err(&doing)?;
    Ok(new.rows_affected() + again.rows_affected())
}

/// Counts a failed publication.
pub(super) async fn count_failed_attempt(
    writer: &SqlitePool,
    events: &[i64],
) -> Result<(), StoreError> {
    query(
        "UPDATE outbox SET attempts = attempts + 1 \
         WHERE event_no IN (SELECT value FROM json_each($1))",
    )
    .bind(json(&events))
    .execute(writer)
    .await
    .map(|_| ())
    .map_err(doing("counting a failed publication"))
}

/// Deletes events from the queue.
pub(super) async fn remove_from_outbox(
    db: &mut SqliteConnection,
    events: &[i64],
) -> Result<(), StoreError> {
    query("DELETE FROM outbox WHERE event_no IN (SELECT value FROM json_each($1))")
        .bind(json(&events))
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("removing events from the outbox"))
}

/// Puts published events in the queue again, and returns the number of those that did not wait
/// there already.
pub(super) async fn requeue(db: &mut SqliteConnection, events: &[i64]) -> Result<u64, StoreError> {
    let doing = doing("putting events in the outbox again");
    let asked = query(
        "UPDATE published_events SET resends_asked = resends_asked + 1 \
         WHERE event_no IN (SELECT value FROM json_each($1)) \
         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_no = published_events.event_no)",
    )
    .bind(json(&events))
    .execute(&mut *db)
    .await
    .map_err(&doing)?;
    query(
        "INSERT INTO outbox (event_no, is_resend) SELECT p.event_no, TRUE \
         FROM json_each($1) j CROSS JOIN published_events p ON p.event_no = j.value \
         WHERE TRUE ON CONFLICT DO NOTHING",
    )
    .bind(json(&events))
    .execute(db)
    .await
    .map(|_| asked.rows_affected())
    .map_err(doing)
}
