//! SQL of the mark of the installation, compiled for both databases.

use super::db::{BEGIN, Db, LeaseKey, Store};
use super::operations_journal::insert_step;
use crate::store::codec::{Instant, clean, int, uint};
use crate::store::error::{StoreError, doing};
use crate::store::installation::{
    Confirmed, Installation, InstallationRow, Installations, SinkMark, SinkRow,
};
use crate::store::lease::Lease;
use crate::store::operations_journal::OperationStep;
use async_trait::async_trait;
use sqlx::{Database, Pool, query, query_as, query_scalar};

type Connection = <Db as Database>::Connection;

/// Statement of the next position of the published stream.
const NEXT_POSITION: &str = "SELECT COALESCE(max(position), 0) + 1 FROM published_events";

#[async_trait]
impl Installations for Store {
    async fn installation(&self) -> Result<Option<(Installation, SinkMark)>, StoreError> {
        self.reads().ask(installation).await
    }

    async fn sinks(&self) -> Result<Vec<SinkMark>, StoreError> {
        self.reads().ask(sinks).await
    }

    async fn next_position(&self) -> Result<u64, StoreError> {
        let read = async |pool: &Pool<Db>| {
            let next = query_scalar(NEXT_POSITION).fetch_one(pool).await;
            uint(next.map_err(doing("reading the end of the published stream"))?, "position")
        };
        self.reads().ask(read).await
    }

    async fn confirmed_events(&self) -> Result<Vec<Confirmed>, StoreError> {
        self.whole_deposit().ask(confirmed_events).await
    }

    async fn mark(&self, installation: &Installation, sink: &SinkMark) -> Result<(), StoreError> {
        let mut change = self.writes().begin(BEGIN).await?;
        if change.ask(|db| insert_installation(db, installation)).await? {
            change.ask(|db| insert_sink(db, sink)).await?;
        }
        change.commit().await
    }

    async fn adopt_sink(&self, sink: &SinkMark, step: &OperationStep) -> Result<(), StoreError> {
        let mut change = self.writes().begin(BEGIN).await?;
        change.ask(|db| insert_sink(db, sink)).await?;
        change.ask(|db| check_position(db, sink)).await?;
        let seal = self.seal();
        change.ask(|db| insert_step(db, seal, step)).await?;
        change.commit().await
    }

    async fn begin_incarnation(
        &self,
        installation: &Installation,
        step: &OperationStep,
    ) -> Result<(), StoreError> {
        let mut change = self.writes().begin(BEGIN).await?;
        if !change.ask(|db| set_incarnation(db, installation)).await? {
            return Err(StoreError::Corrupt(format!(
                "the database is in incarnation {} or a later one already",
                installation.incarnation
            )));
        }
        let seal = self.seal();
        change.ask(|db| insert_step(db, seal, step)).await?;
        change.commit().await
    }

    async fn try_witness_lease(&self) -> Result<Option<Box<dyn Lease>>, StoreError> {
        self.take_lease(LeaseKey::Witness).await
    }
}

async fn installation(pool: &Pool<Db>) -> Result<Option<(Installation, SinkMark)>, StoreError> {
    let doing = doing("reading the mark of the installation");
    let row: Option<InstallationRow> = query_as(
        "SELECT id, incarnation, key_id, key_check, marked_at, marked_by FROM installation",
    )
    .fetch_optional(pool)
    .await
    .map_err(&doing)?;
    let sink: Option<SinkRow> = query_as(
        "SELECT sink_no, kind, vhost, prefix, adopted_at, adopted_by, first_position, key_check \
         FROM sinks ORDER BY sink_no DESC LIMIT 1",
    )
    .fetch_optional(pool)
    .await
    .map_err(&doing)?;
    match (row, sink) {
        (Some(row), Some(sink)) => Ok(Some((row.try_into()?, sink.try_into()?))),
        (None, None) => Ok(None),
        _ => Err(StoreError::Corrupt(
            "one of installation and sinks is empty: restore both from a backup".to_owned(),
        )),
    }
}

/// Returns whether the row was inserted.
async fn insert_installation(db: &mut Connection, row: &Installation) -> Result<bool, StoreError> {
    query(
        "INSERT INTO installation (id, incarnation, key_id, key_check, marked_at, marked_by) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(row.id)
    .bind(int(row.incarnation))
    .bind(&row.key_id)
    .bind(&row.key_check)
    .bind(Instant(row.marked_at))
    .bind(clean(&row.marked_by))
    .execute(db)
    .await
    .map(|done| done.rows_affected() == 1)
    .map_err(doing("marking the database"))
}

/// Returns whether the row was changed.
async fn set_incarnation(db: &mut Connection, row: &Installation) -> Result<bool, StoreError> {
    query("UPDATE installation SET incarnation = $1, key_check = $2 WHERE incarnation < $1")
        .bind(int(row.incarnation))
        .bind(&row.key_check)
        .execute(db)
        .await
        .map(|done| done.rows_affected() == 1)
        .map_err(doing("beginning a new incarnation"))
}

async fn insert_sink(db: &mut Connection, sink: &SinkMark) -> Result<(), StoreError> {
    query(
        "INSERT INTO sinks (sink_no, kind, vhost, prefix, adopted_at, adopted_by, first_position, \
         key_check) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(int(sink.number))
    .bind(clean(&sink.kind))
    .bind(clean(&sink.vhost))
    .bind(clean(&sink.prefix))
    .bind(Instant(sink.adopted_at))
    .bind(clean(&sink.adopted_by))
    .bind(int(sink.first_position))
    .bind(&sink.key_check)
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("putting a sink in force"))
}

/// Checks that no event was published since the first position of a sink was read.
async fn check_position(db: &mut Connection, sink: &SinkMark) -> Result<(), StoreError> {
    let next: i64 = query_scalar(NEXT_POSITION)
        .fetch_one(db)
        .await
        .map_err(doing("reading the end of the published stream"))?;
    if next == int(sink.first_position) { Ok(()) } else { Err(StoreError::StreamMoved) }
}

async fn sinks(pool: &Pool<Db>) -> Result<Vec<SinkMark>, StoreError> {
    let rows: Vec<SinkRow> = query_as(
        "SELECT sink_no, kind, vhost, prefix, adopted_at, adopted_by, first_position, key_check \
         FROM sinks ORDER BY sink_no",
    )
    .fetch_all(pool)
    .await
    .map_err(doing("reading the sinks of events"))?;
    rows.into_iter().map(SinkMark::try_from).collect()
}

async fn confirmed_events(pool: &Pool<Db>) -> Result<Vec<Confirmed>, StoreError> {
    let rows: Vec<(i64, i64)> = query_as(
        "SELECT sink_no, count(*) FROM published_events GROUP BY sink_no ORDER BY sink_no",
    )
    .fetch_all(pool)
    .await
    .map_err(doing("counting the events of each sink"))?;
    let confirmed = |(sink, events)| {
        Ok(Confirmed {
            sink: uint(sink, "published_events.sink_no")?,
            events: uint(events, "count")?,
        })
    };
    rows.into_iter().map(confirmed).collect()
}
