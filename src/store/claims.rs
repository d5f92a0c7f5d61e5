//! Claims: accepted invoices with their two parts and their lines.

use super::error::StoreError;
use crate::domain::page::PageToken;
use crate::domain::{
    Claim, ClaimId, ClaimLine, ClaimPart, ClaimStatus, ExchangeId, InvoiceKey, NewClaim, Page,
    Scope,
};
use async_trait::async_trait;
use std::sync::Arc;
use time::OffsetDateTime;

/// A change of one part of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartChange {
    /// The claim.
    pub claim_id: ClaimId,
    /// The part as it is after the change.
    pub part: ClaimPart,
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
    /// Status derived from the two parts.
    pub status: Option<ClaimStatus>,
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

    /// Returns the lines of a claim, in order.
    async fn claim_lines(&self, scope: &Scope, id: ClaimId) -> Result<Vec<ClaimLine>, StoreError>;

    /// Returns a page of claims, newest first.
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
