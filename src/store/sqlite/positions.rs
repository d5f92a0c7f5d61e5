//! Positions of published events. Lists of numbers travel as one JSON text, the array of SQLite, so
//! that the SQL stays fixed.

use crate::store::StoreError;
use crate::store::codec::{Instant, doing, json};
use sqlx::{SqlitePool, query};
use time::OffsetDateTime;

/// Gives consecutive positions, in the order given, to the events that have none yet.
pub(super) async fn mark_published(
    writer: &SqlitePool,
    outbox_ids: &[i64],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    // The single writer runs one statement: no other task numbers at the same time. An id given
    // twice takes its first position. CROSS JOIN goes from the list to the outbox; the other
    // direction would read the whole backlog.
    query(
        "UPDATE outbox SET published_at = $2, \
         position = (SELECT COALESCE(max(position), 0) FROM outbox) + wanted.place \
         FROM (SELECT o.outbox_id, row_number() OVER (ORDER BY min(j.key)) AS place \
               FROM json_each($1) j CROSS JOIN outbox o ON o.outbox_id = j.value WHERE o.position IS NULL GROUP BY o.outbox_id) AS wanted \
         WHERE outbox.outbox_id = wanted.outbox_id",
    )
    .bind(json(&outbox_ids))
    .bind(Instant(at))
    .execute(writer)
    .await
    .map(|_| ())
    .map_err(doing("marking events as published"))
}

/// Counts a failed publication. The plus excludes the index of positions, which has every
/// unpublished event under NULL.
pub(super) async fn count_failed_attempt(
    writer: &SqlitePool,
    outbox_ids: &[i64],
) -> Result<(), StoreError> {
    query("UPDATE outbox SET attempts = attempts + 1 WHERE +position IS NULL AND outbox_id IN (SELECT value FROM json_each($1))")
        .bind(json(&outbox_ids))
        .execute(writer)
        .await
        .map(|_| ())
        .map_err(doing("counting a failed publication"))
}
