//! SQL of the marks put on brokers and on the archive, compiled for both databases.

use super::db::{Db, Store};
use crate::store::codec::{Instant, clean, int};
use crate::store::error::{StoreError, doing};
use crate::store::placed_marks::{Place, PlacedMark, PlacedMarkRow, PlacedMarks};
use async_trait::async_trait;
use sqlx::{Pool, query, query_as};

#[async_trait]
impl PlacedMarks for Store {
    async fn placed_mark(&self, place: Place) -> Result<Option<PlacedMark>, StoreError> {
        self.upkeep().ask(|pool| placed_mark(pool, place)).await
    }

    async fn record_mark(&self, mark: &PlacedMark) -> Result<bool, StoreError> {
        self.upkeep_writes().ask(|pool| record_mark(pool, mark)).await
    }
}

async fn placed_mark(pool: &Pool<Db>, place: Place) -> Result<Option<PlacedMark>, StoreError> {
    let (code, sink) = place.code();
    let row: Option<PlacedMarkRow> = query_as(
        "SELECT marked_at, marked_by, key_check FROM placed_marks \
         WHERE place = $1 AND sink_no = $2",
    )
    .bind(code)
    .bind(int(sink))
    .fetch_optional(pool)
    .await
    .map_err(doing("reading where the mark of the installation was put"))?;
    Ok(row.map(|(at, marked_by, key_check)| PlacedMark {
        place,
        marked_at: at.0,
        marked_by,
        key_check,
    }))
}

async fn record_mark(pool: &Pool<Db>, mark: &PlacedMark) -> Result<bool, StoreError> {
    let (code, sink) = mark.place.code();
    query(
        "INSERT INTO placed_marks (place, sink_no, marked_at, marked_by, key_check) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind(code)
    .bind(int(sink))
    .bind(Instant(mark.marked_at))
    .bind(clean(&mark.marked_by))
    .bind(&mark.key_check)
    .execute(pool)
    .await
    .map(|done| done.rows_affected() == 1)
    .map_err(doing("recording where the mark of the installation was put"))
}
