//! Decisions of workers, each with its author.

use super::codec::{Instant, clean, code};
use super::error::StoreError;
use super::journal_chains::optional;
use crate::domain::{
    ClaimId, DecisionAuthor, DecisionId, EventId, FreeText, RecordedDecision, Scope,
};
use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

/// Reads decisions.
#[async_trait]
pub trait Decisions: Send + Sync {
    /// Returns the last `limit` decisions about a claim, oldest first.
    async fn decisions(
        &self,
        scope: &Scope,
        claim_id: ClaimId,
        limit: usize,
    ) -> Result<Vec<RecordedDecision>, StoreError>;
}

/// Reads and writes decisions, inside a transaction.
#[async_trait]
pub trait DecisionWrites: Send {
    /// Returns the decision that a caller recorded under an idempotency key.
    async fn recorded_decision(
        &mut self,
        caller: &str,
        idempotency_key: &str,
    ) -> Result<Option<RecordedDecision>, StoreError>;

    /// Inserts a decision. A second decision of one caller under one key is an
    /// error.
    async fn insert_decision(&mut self, decision: &RecordedDecision) -> Result<(), StoreError>;
}

/// `SELECT` of decisions, with further columns before their own.
macro_rules! select_decision_columns {
    ($more:literal) => {
        concat!(
            "SELECT ",
            $more,
            "decision_id, claim_id, part, kind, event_id, idempotency_key, request_digest, \
             caller_name, caller_proof, caller_role, stated_author, decided_at FROM decisions "
        )
    };
}

/// `SELECT` of decisions; the condition follows.
macro_rules! select_decision {
    ($tail:literal) => {
        concat!($crate::store::decisions::select_decision_columns!(""), $tail)
    };
}
pub(in crate::store) use {select_decision, select_decision_columns};

#[derive(FromRow)]
pub(in crate::store) struct DecisionRow {
    decision_id: Uuid,
    claim_id: Uuid,
    part: String,
    kind: String,
    event_id: Option<Uuid>,
    idempotency_key: Option<String>,
    request_digest: String,
    caller_name: String,
    caller_proof: String,
    caller_role: String,
    stated_author: Option<String>,
    decided_at: Instant,
}

impl DecisionRow {
    /// Returns the row of a decision.
    pub(in crate::store) fn of(d: &RecordedDecision) -> Self {
        Self {
            decision_id: d.id.0,
            claim_id: d.claim_id.0,
            part: d.part.as_str().to_owned(),
            kind: d.kind.as_str().to_owned(),
            event_id: d.event_id.map(|id| id.0),
            idempotency_key: d.idempotency_key.clone(),
            request_digest: d.request_digest.clone(),
            caller_name: clean(&d.author.caller_name).into_owned(),
            caller_proof: d.author.proof.as_str().to_owned(),
            caller_role: d.author.role.as_str().to_owned(),
            stated_author: d.author.stated.as_ref().map(ToString::to_string),
            decided_at: Instant(d.decided_at),
        }
    }

    /// Returns the fields that the link of the decision signs.
    pub(in crate::store) fn fields(&self) -> Vec<String> {
        vec![
            self.decision_id.to_string(),
            self.claim_id.to_string(),
            self.part.clone(),
            self.kind.clone(),
            optional(self.event_id.map(|id| id.to_string()).as_deref()),
            optional(self.idempotency_key.as_deref()),
            self.request_digest.clone(),
            self.caller_name.clone(),
            self.caller_proof.clone(),
            self.caller_role.clone(),
            optional(self.stated_author.as_deref()),
            self.decided_at.micros().to_string(),
        ]
    }
}

impl TryFrom<DecisionRow> for RecordedDecision {
    type Error = StoreError;

    fn try_from(r: DecisionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: DecisionId(r.decision_id),
            claim_id: ClaimId(r.claim_id),
            part: code(&r.part),
            kind: code(&r.kind),
            event_id: r.event_id.map(EventId),
            idempotency_key: r.idempotency_key,
            request_digest: r.request_digest,
            author: DecisionAuthor {
                caller_name: r.caller_name,
                proof: code(&r.caller_proof),
                role: code(&r.caller_role),
                stated: r.stated_author.map(FreeText::from),
            },
            decided_at: r.decided_at.0,
        })
    }
}
