//! SQL of decisions and of the access journal, compiled for both databases.

use super::db::{Db, Store};
use super::journal_chains::{access_fields, chain_of_claim};
use super::next_place::next_place;
use super::scope;
use super::unit::Unit;
use crate::domain::{ClaimId, FreeText, RecordedDecision, Scope};
use crate::store::access_journal::AccessJournalWrites;
use crate::store::codec::{Instant, clean, limit as rows};
use crate::store::decisions::{DecisionRow, DecisionWrites, Decisions, select_decision};
use crate::store::error::{StoreError, doing};
use crate::store::journal_chains::{ChainedJournal, Seal};
use crate::store::rows::all;
use crate::store::transaction_guard::step;
use async_trait::async_trait;
use sqlx::{Database, Pool, QueryBuilder, query, query_as};
use time::OffsetDateTime;

type Connection = <Db as Database>::Connection;

#[async_trait]
impl Decisions for Store {
    async fn decisions(
        &self,
        scope: &Scope,
        claim_id: ClaimId,
        limit: usize,
    ) -> Result<Vec<RecordedDecision>, StoreError> {
        self.reads().ask(|pool| decisions(pool, scope, claim_id, limit)).await
    }
}

#[async_trait]
impl DecisionWrites for Unit {
    async fn recorded_decision(
        &mut self,
        caller: &str,
        idempotency_key: &str,
    ) -> Result<Option<RecordedDecision>, StoreError> {
        step!(self, recorded_decision(&mut self.tx, caller, idempotency_key))
    }

    async fn insert_decision(&mut self, decision: &RecordedDecision) -> Result<(), StoreError> {
        step!(self, insert_decision(&mut self.tx, &self.seal, decision))
    }
}

#[async_trait]
impl AccessJournalWrites for Unit {
    async fn insert_access(
        &mut self,
        claim_id: ClaimId,
        caller: &FreeText,
        purpose: &FreeText,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        step!(self, insert_access(&mut self.tx, &self.seal, claim_id, caller, purpose, at))
    }
}

async fn decisions(
    pool: &Pool<Db>,
    scope: &Scope,
    claim_id: ClaimId,
    limit: usize,
) -> Result<Vec<RecordedDecision>, StoreError> {
    let mut query = QueryBuilder::new(select_decision!("WHERE claim_id = "));
    query.push_bind(claim_id.0);
    scope::of_claim(&mut query, "decisions.claim_id", scope);
    query.push(" ORDER BY decided_at DESC, decision_id DESC LIMIT ").push_bind(rows(limit));
    let found: Vec<DecisionRow> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("reading the decisions about a claim"))?;
    all(found.into_iter().rev().collect())
}

async fn recorded_decision(
    db: &mut Connection,
    caller: &str,
    key: &str,
) -> Result<Option<RecordedDecision>, StoreError> {
    let found = query_as(select_decision!("WHERE caller_name = $1 AND idempotency_key = $2"));
    let row: Option<DecisionRow> = found
        .bind(clean(caller))
        .bind(key)
        .fetch_optional(db)
        .await
        .map_err(doing("looking for a recorded decision"))?;
    row.map(RecordedDecision::try_from).transpose()
}

async fn insert_decision(
    db: &mut Connection,
    seal: &Seal,
    d: &RecordedDecision,
) -> Result<(), StoreError> {
    let chain = chain_of_claim(ChainedJournal::Decisions, d.claim_id.0);
    let place = next_place(&mut *db, seal, chain, &DecisionRow::of(d).fields()).await?;
    query(
        "INSERT INTO decisions (decision_id, claim_id, part, kind, event_id, idempotency_key, \
         request_digest, caller_name, caller_proof, caller_role, stated_author, decided_at, \
         chain, chain_no, link) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(d.id.0)
    .bind(d.claim_id.0)
    .bind(d.part.as_str())
    .bind(d.kind.as_str())
    .bind(d.event_id.map(|id| id.0))
    .bind(d.idempotency_key.as_deref())
    .bind(&d.request_digest)
    .bind(clean(&d.author.caller_name))
    .bind(d.author.proof.as_str())
    .bind(d.author.role.as_str())
    .bind(d.author.stated.as_ref().map(|name| name.as_str()))
    .bind(Instant(d.decided_at))
    .bind(place.chain)
    .bind(place.number)
    .bind(place.link)
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("recording a decision"))
}

async fn insert_access(
    db: &mut Connection,
    seal: &Seal,
    claim_id: ClaimId,
    caller: &FreeText,
    purpose: &FreeText,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let chain = chain_of_claim(ChainedJournal::Accesses, claim_id.0);
    let fields = access_fields(claim_id.0, caller.as_str(), purpose.as_str(), Instant(at));
    let place = next_place(&mut *db, seal, chain, &fields).await?;
    query(
        "INSERT INTO access_journal (claim_id, caller, purpose, at, chain, chain_no, link) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(claim_id.0)
    .bind(caller.as_str())
    .bind(purpose.as_str())
    .bind(Instant(at))
    .bind(place.chain)
    .bind(place.number)
    .bind(place.link)
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("writing the access journal"))
}
