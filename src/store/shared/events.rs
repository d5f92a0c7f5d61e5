//! SQL of events as readers see them, compiled for both databases.

use super::db::{Db, Store};
use super::scope;
use crate::domain::{ClaimId, Scope};
use crate::store::codec::limit as rows;
use crate::store::error::{StoreError, doing};
use crate::store::events::Events;
use crate::store::outbox::OutboxEvent;
use crate::store::rows::{OutboxRow, all, may_be_published, select_outbox};
use async_trait::async_trait;
use sqlx::{Pool, QueryBuilder};

#[async_trait]
impl Events for Store {
    async fn claim_history(
        &self,
        scope: &Scope,
        id: ClaimId,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        self.reads().ask(|pool| claim_history(pool, scope, id)).await
    }

    async fn published_events(
        &self,
        scope: &Scope,
        position: i64,
        limit: usize,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        self.reads().ask(|pool| published_events(pool, scope, position, limit)).await
    }
}

async fn claim_history(
    pool: &Pool<Db>,
    scope: &Scope,
    id: ClaimId,
) -> Result<Vec<OutboxEvent>, StoreError> {
    let mut query = QueryBuilder::new(select_outbox!(concat!(
        "WHERE ",
        may_be_published!(),
        " AND claim_id = "
    )));
    query.push_bind(id.0);
    scope::of_claim(&mut query, "outbox.claim_id", scope);
    query.push(" ORDER BY sequence");
    let found: Vec<OutboxRow> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("reading the history of a claim"))?;
    all(found)
}

async fn published_events(
    pool: &Pool<Db>,
    scope: &Scope,
    position: i64,
    limit: usize,
) -> Result<Vec<OutboxEvent>, StoreError> {
    let mut query = QueryBuilder::new(select_outbox!("WHERE position > "));
    query.push_bind(position);
    scope::of_claim(&mut query, "outbox.claim_id", scope);
    // The column of the table: the result column of the same name has no index.
    query.push(" ORDER BY outbox.position LIMIT ").push_bind(rows(limit));
    let found: Vec<OutboxRow> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("reading the published stream"))?;
    all(found)
}
