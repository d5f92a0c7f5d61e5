//! Publication of events: moves them from the queue to the published stream. Lists of numbers
//! travel as one JSON text, the array of SQLite, so that the SQL stays fixed.

use super::db::BEGIN;
use crate::store::StoreError;
use crate::store::codec::{Instant, doing, json};
use sqlx::{SqliteConnection, SqlitePool, query};
use time::OffsetDateTime;

/// Gives consecutive positions, in the order given, to the events of the queue, and deletes them
/// from it.
pub(super) async fn mark_published(
    writer: &SqlitePool,
    events: &[i64],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let doing = doing("marking events as published");
    // There is a single writer: no other task numbers at the same time. A number given twice takes
    // its first position. CROSS JOIN goes from the list to the outbox; the other direction would
    // read the whole backlog.
    let mut tx = writer.begin_with(BEGIN).await.map_err(&doing)?;
    query(
        "INSERT INTO published_events (position, event_no, published_at) \
         SELECT (SELECT COALESCE(max(position), 0) FROM published_events) \
         + row_number() OVER (ORDER BY min(j.key)), o.event_no, $2 \
         FROM json_each($1) j CROSS JOIN outbox o ON o.event_no = j.value \
         GROUP BY o.event_no ORDER BY 1",
    )
    .bind(json(&events))
    .bind(Instant(at))
    .execute(&mut *tx)
    .await
    .map_err(&doing)?;
    remove_from_outbox(&mut tx, events).await?;
    tx.commit().await.map_err(&doing)
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
