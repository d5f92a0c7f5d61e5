//! Readings of exchanges: one, a page of them, and the report of one.

use super::error::ServiceError;
use crate::domain::page::MAX_PAGE_ROWS;
use crate::domain::{Caller, Exchange, ExchangeId, Finding, Ledger, Page, PageToken, Quarantined};
use crate::store::SharedStore;
use std::collections::HashMap;

/// The findings of an exchange, one page of them.
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeReport {
    /// The exchange.
    pub exchange: Exchange,
    /// Ledger of the exchange.
    pub ledger: Option<Ledger>,
    /// Anomalies of this page, in the order of the file.
    pub anomalies: Vec<Finding>,
    /// Quarantined invoices, on the first page only.
    pub quarantined: Vec<Quarantined>,
    /// Ordinal of the first anomaly of the next page; `None` on the last page.
    pub next: Option<u64>,
}

/// A quarantined invoice, with the deposit that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineView {
    /// The invoice.
    pub invoice: Quarantined,
    /// Name of the depositor.
    pub sender: String,
    /// Name that the depositor gave to the file.
    pub file_name: String,
}

/// Reads exchanges for callers.
#[derive(Clone)]
pub struct Exchanges {
    store: SharedStore,
}

impl Exchanges {
    /// Makes the readings over a store.
    #[must_use]
    pub fn new(store: SharedStore) -> Self {
        Self { store }
    }

    /// Returns one exchange.
    pub async fn get(
        &self,
        caller: &Caller,
        id: ExchangeId,
    ) -> Result<Option<Exchange>, ServiceError> {
        tracing::trace!(caller = caller.name, exchange_id = %id, "exchange read");
        Ok(self.store.exchange(&caller.scope, id).await?)
    }

    /// Returns a page of exchanges, newest first, of one sender or of all.
    pub async fn list(
        &self,
        caller: &Caller,
        sender: Option<&str>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Exchange>, ServiceError> {
        tracing::trace!(caller = caller.name, "exchanges listed");
        Ok(self.store.exchanges(&caller.scope, sender, after, limit).await?)
    }

    /// Returns the latest quarantined invoices, newest first, of one depositor or of all: those
    /// that wait for a corrected resend, or also duplicates and those resolved since.
    pub async fn quarantine(
        &self,
        caller: &Caller,
        sender: Option<&str>,
        is_waiting: bool,
        limit: usize,
    ) -> Result<Vec<QuarantineView>, ServiceError> {
        tracing::trace!(caller = caller.name, "quarantine listed");
        let limit = limit.min(MAX_PAGE_ROWS);
        let found = self.store.latest_quarantined(&caller.scope, sender, is_waiting, limit).await?;
        let mut deposits: HashMap<ExchangeId, (String, String)> = HashMap::new();
        for id in found.iter().map(|invoice| invoice.exchange_id) {
            if !deposits.contains_key(&id)
                && let Some(e) = self.store.exchange(&caller.scope, id).await?
            {
                deposits.insert(id, (e.sender, e.file_name.to_string()));
            }
        }
        let view = |invoice: Quarantined| {
            let (sender, file_name) =
                deposits.get(&invoice.exchange_id).cloned().unwrap_or_default();
            QuarantineView { invoice, sender, file_name }
        };
        Ok(found.into_iter().map(view).collect())
    }

    /// Returns a page of the report of an exchange. Anomalies are numbered from 1; `from` is the
    /// first ordinal of the page, `None` for the first page.
    pub async fn report(
        &self,
        caller: &Caller,
        id: ExchangeId,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Option<ExchangeReport>, ServiceError> {
        let Some(exchange) = self.get(caller, id).await? else { return Ok(None) };
        let ledger = self.store.ledger(&caller.scope, id).await?;
        let first = from.unwrap_or(1);
        let mut anomalies = self.store.anomalies(&caller.scope, id, first, limit + 1).await?;
        let next = (anomalies.len() > limit).then(|| first + limit as u64);
        anomalies.truncate(limit);
        let quarantined = match from {
            None => self.store.quarantined(&caller.scope, id, MAX_PAGE_ROWS).await?,
            Some(_) => Vec::new(),
        };
        Ok(Some(ExchangeReport { exchange, ledger, anomalies, quarantined, next }))
    }
}
