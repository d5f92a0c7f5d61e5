//! Answers of payers that match no claim, and the matches that persons make of them.

use super::codec::{Instant, clean, code, uint};
use super::error::StoreError;
use super::journal_chains::optional;
use crate::domain::{
    AnswerPlace, Claim, ClaimId, DecisionAuthor, ExchangeId, FreeText, KeptReturn, KeyId, Lane,
    MatchId, Outcome, RecordedMatch, Scope, Token, UnmatchedReturn,
};
use async_trait::async_trait;
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

/// Filters of the work list; an empty field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnmatchedFilter {
    /// Depositor of the file.
    pub sender: Option<String>,
    /// PS number as sent.
    pub ps: Option<String>,
    /// Exchange.
    pub exchange_id: Option<ExchangeId>,
    /// Received on or after this instant.
    pub received_from: Option<OffsetDateTime>,
    /// Only answers that a person matched, instead of those that wait.
    pub is_by_hand: bool,
}

/// Reads answers that match no claim. An answer of a staged deposit is absent until its exchange
/// has a verdict, and an answer that the controls refuse is never among them.
#[async_trait]
pub trait UnmatchedReturns: Send + Sync {
    /// Returns answers after a place, the latest exchange first. Without
    /// [`is_by_hand`](UnmatchedFilter::is_by_hand) they are those without claim, and those that a
    /// person matched although a claim of their identity is there.
    async fn kept_returns(
        &self,
        scope: &Scope,
        filter: &UnmatchedFilter,
        after: Option<AnswerPlace>,
        limit: usize,
    ) -> Result<Vec<KeptReturn>, StoreError>;

    /// Returns the outcomes of these answers, in order.
    async fn told_in_answers(
        &self,
        scope: &Scope,
        answers: &[AnswerPlace],
    ) -> Result<Vec<Outcome>, StoreError>;

    /// Returns claims that have one of these pairs of invoice number and PS, at most `limit`.
    async fn claims_numbered(
        &self,
        scope: &Scope,
        invoices: &[(String, String)],
        limit: usize,
    ) -> Result<Vec<Claim>, StoreError>;

    /// Returns the matches recorded about an answer, the last `limit`, oldest first.
    async fn return_matches(
        &self,
        scope: &Scope,
        answer: AnswerPlace,
        limit: usize,
    ) -> Result<Vec<RecordedMatch>, StoreError>;
}

/// Writes answers that match no claim, and matches of them, inside a transaction.
#[async_trait]
pub trait UnmatchedReturnWrites: Send {
    /// Inserts answers that match no claim.
    async fn insert_unmatched_returns(
        &mut self,
        exchange_id: ExchangeId,
        returns: &[UnmatchedReturn],
    ) -> Result<(), StoreError>;

    /// Returns an answer that matched no claim when it came.
    async fn kept_return(&mut self, answer: AnswerPlace) -> Result<Option<KeptReturn>, StoreError>;

    /// Returns the claim that the outcomes of an answer name.
    async fn claim_of_answer(&mut self, answer: AnswerPlace)
    -> Result<Option<ClaimId>, StoreError>;

    /// Moves an answer and its outcomes from a claim to another one; `None` stands for no claim.
    /// Returns `false`, and writes nothing, when the answer is not with the claim `from`.
    async fn move_answer(
        &mut self,
        answer: AnswerPlace,
        from: Option<ClaimId>,
        to: Option<ClaimId>,
        is_by_hand: bool,
    ) -> Result<bool, StoreError>;

    /// Inserts a match that a person recorded.
    async fn insert_return_match(&mut self, recorded: &RecordedMatch) -> Result<(), StoreError>;
}

/// `SELECT` of kept answers `u` with their exchange `x`; further conditions (`AND …`) follow.
macro_rules! select_kept {
    ($($tail:expr)?) => {
        concat!(
            "SELECT u.exchange_id, x.sender, x.is_test, x.received_at, u.ordinal, u.identity, \
             u.other_identity, u.token_version, u.ps, u.invoice_number, u.invoice_complement, \
             u.amc_number, u.summary, u.vault, u.key_id, u.is_quarantined, u.claim_id, \
             u.is_by_hand, (SELECT count(*) FROM return_matches m \
             WHERE m.exchange_id = u.exchange_id AND m.ordinal = u.ordinal) AS version \
             FROM unmatched_returns u CROSS JOIN exchanges x \
             WHERE x.id = u.exchange_id AND x.verdict IS NOT NULL "
            $(, $tail)?
        )
    };
}

/// `SELECT` of recorded matches, with further columns before their own; the condition follows.
macro_rules! select_match {
    ($more:literal) => {
        concat!(
            "SELECT ",
            $more,
            "match_id, exchange_id, ordinal, claim_id, why, caller_name, caller_proof, \
             caller_role, stated_author, matched_at FROM return_matches"
        )
    };
}
pub(in crate::store) use {select_kept, select_match};

#[derive(FromRow)]
pub(in crate::store) struct KeptRow {
    exchange_id: Uuid,
    sender: String,
    is_test: bool,
    received_at: Instant,
    ordinal: i64,
    identity: String,
    other_identity: String,
    token_version: i64,
    ps: String,
    invoice_number: String,
    invoice_complement: String,
    amc_number: String,
    summary: String,
    vault: Vec<u8>,
    key_id: String,
    is_quarantined: bool,
    claim_id: Option<Uuid>,
    is_by_hand: bool,
    version: i64,
}

impl TryFrom<KeptRow> for KeptReturn {
    type Error = StoreError;

    fn try_from(r: KeptRow) -> Result<Self, StoreError> {
        Ok(Self {
            exchange_id: ExchangeId(r.exchange_id),
            sender: r.sender,
            lane: Lane::of(r.is_test),
            received_at: r.received_at.0,
            answer: UnmatchedReturn {
                ordinal: uint(r.ordinal, "unmatched_returns.ordinal")?,
                identity: Token(r.identity),
                other_identity: Token(r.other_identity),
                token_version: uint(r.token_version, "unmatched_returns.token_version")?,
                ps: r.ps,
                invoice_number: r.invoice_number,
                invoice_complement: r.invoice_complement,
                amc_number: r.amc_number,
                summary: r.summary,
                vault: r.vault,
                key_id: KeyId(r.key_id),
                is_quarantined: r.is_quarantined,
            },
            claim_id: r.claim_id.map(ClaimId),
            is_by_hand: r.is_by_hand,
            version: uint(r.version, "count")?,
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct MatchRow {
    pub(in crate::store) match_id: Uuid,
    pub(in crate::store) exchange_id: Uuid,
    pub(in crate::store) ordinal: i64,
    pub(in crate::store) claim_id: Option<Uuid>,
    pub(in crate::store) why: String,
    pub(in crate::store) caller_name: String,
    pub(in crate::store) caller_proof: String,
    pub(in crate::store) caller_role: String,
    pub(in crate::store) stated_author: Option<String>,
    pub(in crate::store) matched_at: Instant,
}

impl MatchRow {
    /// Returns the row of a match.
    pub(in crate::store) fn of(m: &RecordedMatch) -> Self {
        Self {
            match_id: m.id.0,
            exchange_id: m.answer.exchange_id.0,
            ordinal: super::codec::int(m.answer.ordinal),
            claim_id: m.claim_id.map(|id| id.0),
            why: m.why.to_string(),
            caller_name: clean(&m.author.caller_name).into_owned(),
            caller_proof: m.author.proof.as_str().to_owned(),
            caller_role: m.author.role.as_str().to_owned(),
            stated_author: m.author.stated.as_ref().map(ToString::to_string),
            matched_at: Instant(m.at),
        }
    }

    /// Returns the fields that the link of the match signs.
    pub(in crate::store) fn fields(&self) -> Vec<String> {
        vec![
            self.match_id.to_string(),
            self.exchange_id.to_string(),
            self.ordinal.to_string(),
            optional(self.claim_id.map(|id| id.to_string()).as_deref()),
            self.why.clone(),
            self.caller_name.clone(),
            self.caller_proof.clone(),
            self.caller_role.clone(),
            optional(self.stated_author.as_deref()),
            self.matched_at.micros().to_string(),
        ]
    }
}

impl TryFrom<MatchRow> for RecordedMatch {
    type Error = StoreError;

    fn try_from(r: MatchRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: MatchId(r.match_id),
            answer: AnswerPlace {
                exchange_id: ExchangeId(r.exchange_id),
                ordinal: uint(r.ordinal, "return_matches.ordinal")?,
            },
            claim_id: r.claim_id.map(ClaimId),
            why: FreeText::from(r.why),
            author: DecisionAuthor {
                caller_name: r.caller_name,
                proof: code(&r.caller_proof),
                role: code(&r.caller_role),
                stated: r.stated_author.map(FreeText::from),
            },
            at: r.matched_at.0,
        })
    }
}
