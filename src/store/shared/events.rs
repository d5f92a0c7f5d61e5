//! SQL of events as readers see them, compiled for both databases.

use super::db::{Db, Store};
use super::scope;
use crate::domain::{ClaimEvent, ClaimId, Scope, SubjectKind};
use crate::store::codec::{from_json, limit as rows};
use crate::store::error::{StoreError, doing};
use crate::store::events::{Events, PublishedEvent, StreamPage};
use crate::store::rows::{PublishedRow, all, visible};
use async_trait::async_trait;
use sqlx::{Pool, QueryBuilder, query_scalar};

#[async_trait]
impl Events for Store {
    async fn claim_history(
        &self,
        scope: &Scope,
        id: ClaimId,
    ) -> Result<Vec<ClaimEvent>, StoreError> {
        self.reads().ask(|pool| claim_history(pool, scope, id)).await
    }

    async fn published_events(
        &self,
        scope: &Scope,
        position: i64,
        limit: usize,
    ) -> Result<StreamPage, StoreError> {
        self.reads().ask(|pool| published_events(pool, scope, position, limit)).await
    }

    async fn start_position(&self) -> Result<i64, StoreError> {
        self.reads().ask(start_position).await
    }

    async fn last_position(&self) -> Result<i64, StoreError> {
        self.reads().ask(last_position).await
    }
}

async fn claim_history(
    pool: &Pool<Db>,
    scope: &Scope,
    id: ClaimId,
) -> Result<Vec<ClaimEvent>, StoreError> {
    // The events of a claim of a staged deposit show with the claim.
    let mut query = QueryBuilder::new(
        "SELECT e.payload FROM events e WHERE e.subject_kind = 'claim' AND e.subject_id = ",
    );
    query.push_bind(id.0).push(concat!(
        " AND EXISTS (SELECT 1 FROM claims c WHERE c.id = e.subject_id AND ",
        visible!("c.exchange_id")
    ));
    scope::claims(&mut query, scope);
    query.push(") ORDER BY e.sequence");
    let found: Vec<String> = query
        .build_query_scalar()
        .fetch_all(pool)
        .await
        .map_err(doing("reading the history of a claim"))?;
    found.iter().map(|payload| from_json(payload, "events.payload")).collect()
}

/// The order of the three readings matters: events published after the first one are not taken for
/// absent, and events deleted before the last one are not taken for read.
async fn published_events(
    pool: &Pool<Db>,
    scope: &Scope,
    position: i64,
    limit: usize,
) -> Result<StreamPage, StoreError> {
    let published = last_position(pool).await?;
    let mut found = published_page(pool, scope, position, limit).await?;
    let after = position.max(start_position(pool).await?);
    let last_found = found.last().map_or(position, |row| row.position);
    let end = if found.len() < limit { last_found.max(published) } else { last_found }.max(after);
    // Events of other subjects are passed over, because their bodies are other messages, and those
    // of the other lane. A condition in the SQL would make a database without statistics expect few
    // events of claims and read the whole stream for them.
    found.retain(|row| row.subject_kind == SubjectKind::Claim.as_str());
    let mut events: Vec<PublishedEvent> = all(found)?;
    events.retain(|published| scope.lane.is_none_or(|lane| published.event.lane() == lane));
    Ok(StreamPage { events, after, end })
}

async fn start_position(pool: &Pool<Db>) -> Result<i64, StoreError> {
    query_scalar("SELECT COALESCE(min(position), 1) - 1 FROM published_events")
        .fetch_one(pool)
        .await
        .map_err(doing("reading the start of the published stream"))
}

async fn last_position(pool: &Pool<Db>) -> Result<i64, StoreError> {
    query_scalar("SELECT COALESCE(max(position), 0) FROM published_events")
        .fetch_one(pool)
        .await
        .map_err(doing("reading the end of the published stream"))
}

/// Returns published events of every subject after a position, in order.
async fn published_page(
    pool: &Pool<Db>,
    scope: &Scope,
    position: i64,
    limit: usize,
) -> Result<Vec<PublishedRow>, StoreError> {
    let mut query = QueryBuilder::new(
        "SELECT p.position, e.subject_kind, e.payload FROM published_events p CROSS JOIN events e \
         WHERE e.event_no = p.event_no AND p.position > ",
    );
    query.push_bind(position);
    scope::of_claim(&mut query, "e.subject_id", scope);
    query.push(" ORDER BY p.position LIMIT ").push_bind(rows(limit));
    query.build_query_as().fetch_all(pool).await.map_err(doing("reading the published stream"))
}
