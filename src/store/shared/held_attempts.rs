//! SQL of held attempts, compiled for both databases.

use super::db::{Db, Store};
use super::listing::CHUNK;
use super::scope;
use super::unit::Unit;
use crate::domain::{ClaimId, HeldAttempt, Page, PageToken, Scope};
use crate::store::codec::{Instant, limit as rows};
use crate::store::error::{StoreError, doing};
use crate::store::held_attempts::{HeldAttemptWrites, HeldAttempts, HeldRow, held_columns};
use crate::store::journal_chains::Seal;
use crate::store::rows::visible;
use crate::store::transaction_guard::step;
use async_trait::async_trait;
use sqlx::{Database, Pool, QueryBuilder, query, query_as};
use time::OffsetDateTime;

type Connection = <Db as Database>::Connection;

#[async_trait]
impl HeldAttempts for Store {
    async fn held_attempts(
        &self,
        scope: &Scope,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<HeldAttempt>, StoreError> {
        self.reads().ask(|pool| held_attempts(pool, scope, after, limit)).await
    }
}

#[async_trait]
impl HeldAttemptWrites for Unit {
    async fn insert_held(&mut self, held: &[HeldAttempt]) -> Result<(), StoreError> {
        step!(self, insert_held(&mut self.tx, &self.seal, held))
    }

    async fn held_attempt(&mut self, claim: ClaimId) -> Result<Option<HeldAttempt>, StoreError> {
        step!(self, held_attempt(&mut self.tx, claim))
    }

    async fn resolve_held(&mut self, held: &HeldAttempt) -> Result<(), StoreError> {
        step!(self, resolve_held(&mut self.tx, &self.seal, held))
    }

    async fn set_corrects(&mut self, claim: ClaimId, corrects: ClaimId) -> Result<(), StoreError> {
        step!(self, set_corrects(&mut self.tx, claim, corrects))
    }
}

async fn held_attempts(
    pool: &Pool<Db>,
    scope: &Scope,
    after: Option<PageToken>,
    limit: usize,
) -> Result<Page<HeldAttempt>, StoreError> {
    let mut query = QueryBuilder::new(concat!(
        "SELECT ",
        held_columns!(),
        " FROM held_attempts WHERE resolution IS NULL AND EXISTS (SELECT 1 FROM claims c WHERE \
         c.id = held_attempts.claim_id AND ",
        visible!("c.exchange_id"),
    ));
    scope::claims(&mut query, scope);
    scope::lane(&mut query, "c.is_test", scope);
    query.push(")");
    if let Some(token) = after {
        let decide_by =
            Instant::from_micros(token.at_micros).unwrap_or(Instant(OffsetDateTime::UNIX_EPOCH));
        query.push(" AND (decide_by, claim_id) > (").push_bind(decide_by);
        query.push(", ").push_bind(token.id).push(")");
    }
    query.push(" ORDER BY decide_by, claim_id LIMIT ").push_bind(rows(limit + 1));
    let found: Vec<HeldRow> =
        query.build_query_as().fetch_all(pool).await.map_err(doing("listing held attempts"))?;
    let mut items: Vec<HeldAttempt> = found.into_iter().map(HeldAttempt::from).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more);
    let next = last
        .map(|held| PageToken { at_micros: Instant(held.decide_by).micros(), id: held.claim_id.0 });
    Ok(Page { items, next })
}

async fn insert_held(
    db: &mut Connection,
    seal: &Seal,
    held: &[HeldAttempt],
) -> Result<(), StoreError> {
    for chunk in held.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Db>::new(concat!(
            "INSERT INTO held_attempts (",
            held_columns!(),
            ", key_check) "
        ));
        insert.push_values(chunk.iter().map(HeldRow::of), |mut row, h| {
            let key_check = h.key_check(seal);
            row.push_bind(h.claim_id).push_bind(h.held_at).push_bind(h.decide_by);
            row.push_bind(h.resolution).push_bind(h.resolved_at).push_bind(h.caller_name);
            row.push_bind(h.caller_proof).push_bind(h.caller_role).push_bind(h.stated_author);
            row.push_bind(h.why).push_bind(key_check);
        });
        insert.build().execute(&mut *db).await.map_err(doing("writing held attempts"))?;
    }
    Ok(())
}

async fn held_attempt(
    db: &mut Connection,
    claim: ClaimId,
) -> Result<Option<HeldAttempt>, StoreError> {
    let row: Option<HeldRow> =
        query_as(concat!("SELECT ", held_columns!(), " FROM held_attempts WHERE claim_id = $1"))
            .bind(claim.0)
            .fetch_optional(db)
            .await
            .map_err(doing("reading a held attempt"))?;
    Ok(row.map(HeldAttempt::from))
}

async fn resolve_held(
    db: &mut Connection,
    seal: &Seal,
    held: &HeldAttempt,
) -> Result<(), StoreError> {
    let row = HeldRow::of(held);
    let key_check = row.key_check(seal);
    query(
        "UPDATE held_attempts SET resolution = $2, resolved_at = $3, caller_name = $4, \
         caller_proof = $5, caller_role = $6, stated_author = $7, why = $8, key_check = $9 \
         WHERE claim_id = $1",
    )
    .bind(row.claim_id)
    .bind(row.resolution)
    .bind(row.resolved_at)
    .bind(row.caller_name)
    .bind(row.caller_proof)
    .bind(row.caller_role)
    .bind(row.stated_author)
    .bind(row.why)
    .bind(key_check)
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("deciding about a held attempt"))
}

async fn set_corrects(
    db: &mut Connection,
    claim: ClaimId,
    corrects: ClaimId,
) -> Result<(), StoreError> {
    query("UPDATE claims SET corrects = $2 WHERE id = $1")
        .bind(claim.0)
        .bind(corrects.0)
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("naming the attempt that a released one replaces"))
}
