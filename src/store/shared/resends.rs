//! SQL of resends, compiled for both databases.

use super::db::{BEGIN, Db, Store};
use super::operations_journal::insert_step;
use super::positions;
use crate::domain::EventId;
use crate::store::codec::{Instant, limit as rows, uint};
use crate::store::error::{StoreError, doing};
use crate::store::resends::{PublishedPlace, ResendFilter, ResendStep, Resends};
use crate::store::wake::Occasion;
use async_trait::async_trait;
use sqlx::{Pool, QueryBuilder, query_scalar};
use uuid::Uuid;

/// Events put in the queue with one statement.
const BATCH: usize = 5_000;

#[async_trait]
impl Resends for Store {
    async fn resendable_events(
        &self,
        filter: &ResendFilter,
        limit: usize,
    ) -> Result<(u64, Vec<PublishedPlace>), StoreError> {
        self.whole_deposit().ask(|pool| resendable_events(pool, filter, limit)).await
    }

    async fn resend(&self, events: &[i64], step: ResendStep<'_>) -> Result<u64, StoreError> {
        let mut change = self.writes().begin(BEGIN).await?;
        let mut resent = 0;
        for batch in events.chunks(BATCH) {
            resent += change.ask(|db| positions::requeue(db, batch)).await?;
        }
        let (seal, step) = (self.seal(), step(resent));
        change.ask(|db| insert_step(db, seal, &step)).await?;
        change.commit().await?;
        self.announcer().announce(Occasion::Written);
        Ok(resent)
    }

    async fn resent_events(&self) -> Result<u64, StoreError> {
        self.whole_deposit().ask(resent_events).await
    }
}

async fn resendable_events(
    pool: &Pool<Db>,
    filter: &ResendFilter,
    limit: usize,
) -> Result<(u64, Vec<PublishedPlace>), StoreError> {
    // First the earliest event of each subject that fits, then every published event of the subject
    // from that one on.
    let mut query = QueryBuilder::new(
        "WITH earliest AS (SELECT e.subject_id, e.subject_kind, min(e.event_no) AS event_no \
         FROM events e JOIN published_events p ON p.event_no = e.event_no WHERE ",
    );
    match filter {
        ResendFilter::OfExchange(id) => query.push("e.exchange_id = ").push_bind(id.0),
        ResendFilter::PublishedSince(at) => {
            query.push("p.published_at >= ").push_bind(Instant(*at))
        }
    };
    query.push(
        " GROUP BY e.subject_id, e.subject_kind) \
         SELECT p.event_no, p.position, e.event_id, p.published_at, count(*) OVER () \
         FROM earliest f JOIN events e ON e.subject_id = f.subject_id \
         AND e.subject_kind = f.subject_kind AND e.event_no >= f.event_no \
         JOIN published_events p ON p.event_no = e.event_no \
         WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_no = p.event_no) \
         ORDER BY p.position LIMIT ",
    );
    query.push_bind(rows(limit));
    let found: Vec<(i64, i64, Uuid, Instant, i64)> =
        query
            .build_query_as()
            .fetch_all(pool)
            .await
            .map_err(doing("looking for published events"))?;
    let count = found.first().map_or(0, |row| row.4);
    let place = |(event_no, position, event_id, at, _): (i64, i64, Uuid, Instant, i64)| {
        Ok(PublishedPlace {
            event_no,
            position: uint(position, "published_events.position")?,
            event_id: EventId(event_id),
            published_at: at.0,
        })
    };
    let places: Result<Vec<PublishedPlace>, StoreError> = found.into_iter().map(place).collect();
    Ok((uint(count, "count")?, places?))
}

async fn resent_events(pool: &Pool<Db>) -> Result<u64, StoreError> {
    let resent: i64 = query_scalar(
        "SELECT CAST(COALESCE(sum(resends_asked), 0) AS BIGINT) FROM published_events",
    )
    .fetch_one(pool)
    .await
    .map_err(doing("counting the events published again"))?;
    uint(resent, "count")
}
