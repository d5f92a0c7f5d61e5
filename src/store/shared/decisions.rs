//! SQL of decisions and of the access journal, compiled for both databases.

use super::db::Db;
use super::unit::Unit;
use crate::domain::ClaimId;
use crate::store::access_journal::AccessJournalWrites;
use crate::store::codec::Instant;
use crate::store::decisions::{DecisionWrites, RecordedDecision};
use crate::store::error::{StoreError, doing};
use crate::store::rows::DecisionRow;
use crate::store::transaction_guard::step;
use async_trait::async_trait;
use sqlx::{Database, query, query_as};
use time::OffsetDateTime;

type Connection = <Db as Database>::Connection;

#[async_trait]
impl DecisionWrites for Unit {
    async fn recorded_decision(
        &mut self,
        idempotency_key: &str,
    ) -> Result<Option<RecordedDecision>, StoreError> {
        step!(self, recorded_decision(&mut self.tx, idempotency_key))
    }

    async fn insert_decision(
        &mut self,
        idempotency_key: &str,
        decision: &RecordedDecision,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        step!(self, insert_decision(&mut self.tx, idempotency_key, decision, at))
    }
}

#[async_trait]
impl AccessJournalWrites for Unit {
    async fn insert_access(
        &mut self,
        claim_id: ClaimId,
        caller: &str,
        purpose: &str,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        step!(self, insert_access(&mut self.tx, claim_id, caller, purpose, at))
    }
}

async fn recorded_decision(
    db: &mut Connection,
    key: &str,
) -> Result<Option<RecordedDecision>, StoreError> {
    let row: Option<DecisionRow> = query_as(
        "SELECT request_digest, event_id, claim_id FROM decisions WHERE idempotency_key = $1",
    )
    .bind(key)
    .fetch_optional(db)
    .await
    .map_err(doing("looking for a recorded decision"))?;
    Ok(row.map(RecordedDecision::from))
}

async fn insert_decision(
    db: &mut Connection,
    key: &str,
    decision: &RecordedDecision,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    query("INSERT INTO decisions (idempotency_key, request_digest, event_id, claim_id, at) VALUES ($1, $2, $3, $4, $5)")
        .bind(key)
        .bind(&decision.request_digest)
        .bind(decision.event_id.0)
        .bind(decision.claim_id.0)
        .bind(Instant(at))
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("recording a decision"))
}

async fn insert_access(
    db: &mut Connection,
    claim_id: ClaimId,
    caller: &str,
    purpose: &str,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    query("INSERT INTO access_journal (claim_id, caller, purpose, at) VALUES ($1, $2, $3, $4)")
        .bind(claim_id.0)
        .bind(caller)
        .bind(purpose)
        .bind(Instant(at))
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("writing the access journal"))
}
