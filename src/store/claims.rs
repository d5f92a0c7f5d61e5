//! Claims: accepted invoices with their two parts and their lines.

use super::error::StoreError;
use crate::domain::page::PageToken;
use crate::domain::{
    Claim, ClaimId, ClaimLine, ClaimPart, ClaimStatus, ExchangeId, Flag, InvoiceKey, NewClaim,
    Page, PartKind, PartState, Scope,
};
use async_trait::async_trait;
use std::sync::Arc;
use time::{Date, OffsetDateTime};

/// A change of one part of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartChange {
    /// The claim.
    pub claim_id: ClaimId,
    /// The part as it is after the change.
    pub part: ClaimPart,
}

/// Flags that a listing filters by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagFilter {
    /// At least one flag, whichever it is.
    Any,
    /// This flag.
    One(Flag),
}

/// Filters of a claim listing; an empty field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimFilter {
    /// Name of the depositor.
    pub sender: Option<String>,
    /// PS number.
    pub ps: Option<String>,
    /// Invoice number.
    pub invoice_number: Option<String>,
    /// Exchange.
    pub exchange_id: Option<ExchangeId>,
    /// Lot number, as sent.
    pub lot: Option<String>,
    /// AMC number.
    pub amc_number: Option<String>,
    /// Token of the insured person.
    pub person: Option<String>,
    /// Status derived from the two parts.
    pub status: Option<ClaimStatus>,
    /// Part that the filters below speak of. `None` is the AMC part for states and payment dates,
    /// and either part for flags and transfers.
    pub part: Option<PartKind>,
    /// State of the part.
    pub part_state: Option<PartState>,
    /// Flags of the part.
    pub flag: Option<FlagFilter>,
    /// Reference or label of the transfer that paid the part.
    pub transfer: Option<String>,
    /// The transfer that paid the part is of this day or a later one.
    pub paid_from: Option<Date>,
    /// The transfer that paid the part is of a day before this one.
    pub paid_before: Option<Date>,
    /// Received on or after this instant.
    pub received_from: Option<OffsetDateTime>,
    /// Received before this instant.
    pub received_before: Option<OffsetDateTime>,
    /// AMC part still waiting, with a payment limit before this instant.
    pub overdue_at: Option<OffsetDateTime>,
}

/// Reads claims. A claim of a staged deposit is absent until its exchange has a verdict.
#[async_trait]
pub trait Claims: Send + Sync {
    /// Returns one claim.
    async fn claim(&self, scope: &Scope, id: ClaimId) -> Result<Option<Claim>, StoreError>;

    /// Returns the claims of these ids that exist, in no order.
    async fn claims_by_id(&self, scope: &Scope, ids: &[ClaimId]) -> Result<Vec<Claim>, StoreError>;

    /// Returns the lines of a claim, in order.
    async fn claim_lines(&self, scope: &Scope, id: ClaimId) -> Result<Vec<ClaimLine>, StoreError>;

    /// Returns a page of claims, newest first; with a filter by payment dates, the latest payment
    /// first; overdue ones, the latest limit first.
    async fn claims(
        &self,
        scope: &Scope,
        filter: &ClaimFilter,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Claim>, StoreError>;
}

/// Locks and writes claims, inside a transaction.
#[async_trait]
pub trait ClaimWrites: Send {
    /// Locks one claim until the end of the transaction and returns it.
    async fn lock_claim(&mut self, id: ClaimId) -> Result<Option<Claim>, StoreError>;

    /// Returns the invoices of attempts, each once.
    async fn invoice_keys(&mut self, claims: &[ClaimId]) -> Result<Vec<InvoiceKey>, StoreError>;

    /// Locks every attempt of each invoice until the end of the transaction and returns them with
    /// their parts, oldest first.
    async fn lock_attempts(&mut self, invoices: &[InvoiceKey]) -> Result<Vec<Claim>, StoreError>;

    /// Returns the lines of claims, each with its claim, in order.
    async fn lines_of(
        &mut self,
        claims: &[ClaimId],
    ) -> Result<Vec<(ClaimId, ClaimLine)>, StoreError>;

    /// Inserts claims with their parts and lines and returns the ids written. A claim whose invoice
    /// already has a live claim is left out, whichever transaction wrote
    /// that claim first.
    async fn insert_claims(&mut self, claims: &[Arc<NewClaim>])
    -> Result<Vec<ClaimId>, StoreError>;

    /// Writes the new state of parts.
    async fn update_parts(&mut self, changes: &[PartChange]) -> Result<(), StoreError>;
}
