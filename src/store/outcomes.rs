//! Outcomes about parts of invoices. Rows are only added; a match sets the claim of a row and signs
//! the row again.

use super::codec::{clean, code, from_json, int, json, uint};
use super::error::StoreError;
use super::journal_chains::{Seal, optional};
use super::stored_invoices::StoredOutcome;
use crate::domain::{Caisse, Claim, ClaimId, ExchangeId, FreeText, Outcome, Token, Transfer};
use async_trait::async_trait;
use noemie_parsers::types::Montant;
use sqlx::FromRow;
use time::Date;
use uuid::Uuid;

/// Reads outcomes.
#[async_trait]
pub trait Outcomes: Send + Sync {
    /// Returns whether a return is kept unmatched.
    async fn has_unmatched(&self) -> Result<bool, StoreError>;

    /// Returns the outcomes about the invoice of a claim, of every attempt. The caller has read the
    /// claim within its scope.
    async fn outcomes_of_invoice(&self, claim: &Claim) -> Result<Vec<Outcome>, StoreError>;

    /// Returns the outcomes about the invoices of claims, each with the claim whose invoice it is
    /// about, in the order of [`Self::outcomes_of_invoice`] for each claim. The caller has read the
    /// claims within its scope.
    async fn outcomes_of_invoices(
        &self,
        claims: &[ClaimId],
    ) -> Result<Vec<(ClaimId, Outcome)>, StoreError>;
}

/// A return kept unmatched whose claim arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateMatch {
    /// Exchange of the return.
    pub exchange_id: ExchangeId,
    /// Rank of the return in that exchange.
    pub ordinal: u64,
    /// Identity of the claim.
    pub identity: Token,
    /// Claim of the identity in the exchange that arrived.
    pub claim_id: ClaimId,
}

/// Writes outcomes and reads them again, inside a transaction.
#[async_trait]
pub trait OutcomeWrites: Send {
    /// Inserts outcomes.
    async fn insert_outcomes(&mut self, outcomes: &[Outcome]) -> Result<(), StoreError>;

    /// Returns the outcomes told about these attempts.
    async fn outcomes_of(&mut self, claims: &[ClaimId]) -> Result<Vec<Outcome>, StoreError>;

    /// Returns the attempts of an exchange that correct another one, after an id, in order.
    async fn corrections(
        &mut self,
        exchange_id: ExchangeId,
        after: Option<ClaimId>,
        limit: usize,
    ) -> Result<Vec<ClaimId>, StoreError>;

    /// Returns returns kept unmatched whose claim is there: claims of this exchange with returns of
    /// others, and returns of this exchange with claims of others.
    async fn late_matches(
        &mut self,
        exchange_id: ExchangeId,
        limit: usize,
    ) -> Result<Vec<LateMatch>, StoreError>;
}

/// Columns of an outcome, in the order in which they are written; `key_check` follows.
macro_rules! outcome_columns {
    () => {
        "told_in, claim_id, source, told_by, ordinal, part_rank, part, kind, day, amount, asked, \
         payer, on_behalf_of, paying_caisse, amc_handling, transfer_day, raw_day, label, lot, \
         reasons"
    };
    ("o.") => {
        "o.told_in, o.claim_id, o.source, o.told_by, o.ordinal, o.part_rank, o.part, o.kind, \
         o.day, o.amount, o.asked, o.payer, o.on_behalf_of, o.paying_caisse, o.amc_handling, \
         o.transfer_day, o.raw_day, o.label, o.lot, o.reasons"
    };
}
pub(in crate::store) use outcome_columns;

#[derive(FromRow)]
pub(in crate::store) struct OutcomeRow {
    pub(in crate::store) told_in: Uuid,
    pub(in crate::store) claim_id: Option<Uuid>,
    pub(in crate::store) source: String,
    pub(in crate::store) told_by: String,
    pub(in crate::store) ordinal: i64,
    pub(in crate::store) part_rank: i64,
    pub(in crate::store) part: String,
    pub(in crate::store) kind: String,
    pub(in crate::store) day: Date,
    pub(in crate::store) amount: i64,
    pub(in crate::store) asked: Option<i64>,
    pub(in crate::store) payer: String,
    pub(in crate::store) on_behalf_of: String,
    pub(in crate::store) paying_caisse: String,
    pub(in crate::store) amc_handling: String,
    pub(in crate::store) transfer_day: Option<Date>,
    pub(in crate::store) raw_day: String,
    pub(in crate::store) label: String,
    pub(in crate::store) lot: String,
    pub(in crate::store) reasons: String,
}

/// An outcome with the claim whose invoice it is about.
#[derive(FromRow)]
pub(in crate::store) struct OutcomeOfClaim {
    pub(in crate::store) asked_for: Uuid,
    #[sqlx(flatten)]
    pub(in crate::store) outcome: OutcomeRow,
}

impl OutcomeRow {
    /// Returns the row of an outcome.
    pub(in crate::store) fn of(o: &Outcome) -> Self {
        let transfer = o.transfer.as_ref();
        Self {
            told_in: o.told_in,
            claim_id: o.claim_id.map(|id| id.0),
            source: o.source.as_str().to_owned(),
            told_by: clean(&o.told_by).into_owned(),
            ordinal: int(o.ordinal),
            part_rank: i64::from(o.rank),
            part: o.part.as_str().to_owned(),
            kind: o.kind.as_str().to_owned(),
            day: o.day,
            amount: o.amount.centimes(),
            asked: o.asked.map(Montant::centimes),
            payer: clean(&o.payer).into_owned(),
            on_behalf_of: clean(&o.on_behalf_of).into_owned(),
            paying_caisse: o.paying_caisse.as_ref().map_or("", Caisse::as_str).to_owned(),
            amc_handling: clean(&o.amc_handling).into_owned(),
            transfer_day: transfer.map(|t| t.day),
            raw_day: transfer.map(|t| clean(&t.raw_day).into_owned()).unwrap_or_default(),
            label: transfer.map(|t| t.label.to_string()).unwrap_or_default(),
            lot: clean(&o.lot).into_owned(),
            reasons: json(&o.reasons),
        }
    }

    /// Returns the keyed digest of the row.
    pub(in crate::store) fn key_check(&self, seal: &Seal) -> String {
        seal.link(&self.fields().iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Returns the fields that the keyed digest signs.
    fn fields(&self) -> Vec<String> {
        vec![
            "outcome".to_owned(),
            self.told_in.to_string(),
            optional(self.claim_id.map(|id| id.to_string()).as_deref()),
            self.source.clone(),
            self.told_by.clone(),
            self.ordinal.to_string(),
            self.part_rank.to_string(),
            self.part.clone(),
            self.kind.clone(),
            self.day.to_string(),
            self.amount.to_string(),
            optional(self.asked.map(|asked| asked.to_string()).as_deref()),
            self.payer.clone(),
            self.on_behalf_of.clone(),
            self.paying_caisse.clone(),
            self.amc_handling.clone(),
            optional(self.transfer_day.map(|day| day.to_string()).as_deref()),
            self.raw_day.clone(),
            self.label.clone(),
            self.lot.clone(),
            self.reasons.clone(),
        ]
    }
}

/// Returns the fields that the keyed digest of an outcome signs.
#[must_use]
pub fn outcome_fields(outcome: &Outcome) -> Vec<String> {
    OutcomeRow::of(outcome).fields()
}

/// An outcome of the invoice of a claim, with its keyed digest.
#[derive(FromRow)]
pub(in crate::store) struct SealedOutcome {
    of_claim: Uuid,
    #[sqlx(flatten)]
    row: OutcomeRow,
    key_check: String,
}

impl SealedOutcome {
    /// Returns the outcome with the claim whose invoice it is about.
    pub(in crate::store) fn told(self) -> Result<(ClaimId, StoredOutcome), StoreError> {
        let told = StoredOutcome { outcome: self.row.try_into()?, key_check: self.key_check };
        Ok((ClaimId(self.of_claim), told))
    }
}

impl TryFrom<OutcomeRow> for Outcome {
    type Error = StoreError;

    fn try_from(r: OutcomeRow) -> Result<Self, StoreError> {
        let (raw_day, label) = (r.raw_day, FreeText::from(r.label));
        Ok(Self {
            source: code(&r.source),
            told_in: r.told_in,
            told_by: r.told_by,
            ordinal: uint(r.ordinal, "outcomes.ordinal")?,
            rank: uint(r.part_rank, "outcomes.part_rank")?,
            claim_id: r.claim_id.map(ClaimId),
            part: code(&r.part),
            kind: code(&r.kind),
            day: r.day,
            amount: Montant::from_centimes(r.amount),
            asked: r.asked.map(Montant::from_centimes),
            payer: r.payer,
            on_behalf_of: r.on_behalf_of,
            paying_caisse: Caisse::stored(&r.paying_caisse),
            amc_handling: r.amc_handling,
            transfer: r.transfer_day.map(|day| Transfer { day, raw_day, label }),
            lot: r.lot,
            reasons: from_json(&r.reasons, "outcomes.reasons")?,
        })
    }
}
