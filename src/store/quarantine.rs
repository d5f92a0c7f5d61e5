//! Quarantine: invoices that were refused, and duplicates, kept beside the claims of an exchange.

use super::error::StoreError;
use crate::domain::{ExchangeId, Quarantined, Scope};
use async_trait::async_trait;

/// Reads quarantined invoices.
#[async_trait]
pub trait Quarantine: Send + Sync {
    /// Returns quarantined invoices and duplicates of an exchange, by ordinal.
    async fn quarantined(
        &self,
        scope: &Scope,
        id: ExchangeId,
        limit: usize,
    ) -> Result<Vec<Quarantined>, StoreError>;

    /// Returns the quarantined invoices of a PS and number that still wait for a corrected resend.
    async fn quarantined_by_invoice(
        &self,
        scope: &Scope,
        ps: &str,
        invoice_number: &str,
    ) -> Result<Vec<Quarantined>, StoreError>;

    /// Returns the latest quarantined invoices and duplicates, newest first, of one depositor or of
    /// all. With `is_waiting` only those that wait for a corrected resend.
    async fn latest_quarantined(
        &self,
        scope: &Scope,
        sender: Option<&str>,
        is_waiting: bool,
        limit: usize,
    ) -> Result<Vec<Quarantined>, StoreError>;

    /// Returns the quarantined invoices and duplicates of an exchange or staged deposit between two
    /// ordinals, both included.
    async fn quarantined_by_ordinals(
        &self,
        id: ExchangeId,
        ordinals: (u64, u64),
    ) -> Result<Vec<Quarantined>, StoreError>;
}

/// Writes quarantined invoices, inside a transaction.
#[async_trait]
pub trait QuarantineWrites: Send {
    /// Inserts quarantined invoices.
    async fn insert_quarantined(&mut self, invoices: &[Quarantined]) -> Result<(), StoreError>;

    /// Resolves the waiting quarantined invoices of earlier exchanges that the claims of this
    /// exchange replace: same PS, same invoice number.
    async fn resolve_quarantined(&mut self, by: ExchangeId) -> Result<(), StoreError>;
}
