//! Exchanges: deposits with their verdict, their ledgers, anomalies and logical files.

use super::error::StoreError;
use super::receipt_chain::SignLink;
use crate::domain::page::PageToken;
use crate::domain::receipt::Codes;
use crate::domain::{
    Channel, Exchange, ExchangeId, Finding, Lane, Ledger, LogicalFile, Page, ReturnFile, Scope,
};
use async_trait::async_trait;
use time::OffsetDateTime;

/// Rows that the last step of a deposit writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The exchange, with its final counts.
    pub exchange: Exchange,
    /// Instant of the closing. The events of the exchange may be published from then on.
    pub at: OffsetDateTime,
    /// Ledger of the exchange; it must balance.
    pub ledger: Ledger,
    /// Logical files of the deposit. A refused exchange stores none, so that a corrected file can
    /// be sent again.
    pub logical_files: Vec<LogicalFile>,
    /// The ARL.
    pub arl: ReturnFile,
}

/// Reads exchanges. A deposit without verdict is a staged deposit and is absent here.
#[async_trait]
pub trait Exchanges: Send + Sync {
    /// Returns one exchange.
    async fn exchange(&self, scope: &Scope, id: ExchangeId)
    -> Result<Option<Exchange>, StoreError>;

    /// Returns the exchange that a sender deposited with this digest, in one lane or in either; the
    /// real one where both have it.
    async fn exchange_by_digest(
        &self,
        sender: &str,
        digest: &str,
        lane: Option<Lane>,
    ) -> Result<Option<Exchange>, StoreError>;

    /// Returns a page of exchanges, newest first, of one sender or of all.
    async fn exchanges(
        &self,
        scope: &Scope,
        sender: Option<&str>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Exchange>, StoreError>;

    /// Returns the ledger of an exchange.
    async fn ledger(&self, scope: &Scope, id: ExchangeId) -> Result<Option<Ledger>, StoreError>;

    /// Returns the codes of an exchange as they are stored, for its receipt: codes of a later
    /// version included.
    async fn receipt_codes(&self, id: ExchangeId) -> Result<Option<Codes>, StoreError>;

    /// Returns findings of an exchange, from an ordinal on, in order.
    async fn anomalies(
        &self,
        scope: &Scope,
        id: ExchangeId,
        from_ordinal: u64,
        limit: usize,
    ) -> Result<Vec<Finding>, StoreError>;

    /// Returns how many files, and how many bytes, a sender deposited by a channel since an
    /// instant. A file that was known already is not counted, for it has no exchange of its own.
    async fn deposited_since(
        &self,
        sender: &str,
        channel: Channel,
        since: OffsetDateTime,
    ) -> Result<(u64, u64), StoreError>;

    /// Returns those of these archive names that an exchange or a staged deposit refers to.
    async fn archive_names_in_use(&self, names: &[String]) -> Result<Vec<String>, StoreError>;
}

/// Writes exchanges, inside a transaction.
#[async_trait]
pub trait ExchangeWrites: Send {
    /// Reserves an exchange of a lane: returns `None` when sender, digests and idempotency key are
    /// new there, else the exchange of that lane that the sender already deposited with the same
    /// digest, the same non-empty digest of records, or the same non-empty key. Of two callers at
    /// once the second waits for the commit of the first. The earlier exchange may still be a
    /// [staged deposit](super::StagedDeposits::staged_deposit).
    async fn reserve_exchange(
        &mut self,
        sender: &str,
        digest: &str,
        records_digest: &str,
        idempotency_key: &str,
        lane: Lane,
        id: ExchangeId,
    ) -> Result<Option<ExchangeId>, StoreError>;

    /// Returns the earlier exchange of a lane that stored the same logical file (issuer, recipient,
    /// message, created, file id), if any: control C5.
    async fn find_logical_file(
        &mut self,
        lane: Lane,
        file: &LogicalFile,
    ) -> Result<Option<ExchangeId>, StoreError>;

    /// Deletes the logical files of a staged deposit whose file is refused, so that the corrected
    /// file may bring them.
    async fn delete_logical_files(&mut self, id: ExchangeId) -> Result<(), StoreError>;

    /// Inserts findings of an exchange, numbered from `first_ordinal` on. Findings of one exchange
    /// are numbered from 1 without a gap: the ordinal is the page token of a report.
    async fn insert_anomalies(
        &mut self,
        exchange_id: ExchangeId,
        first_ordinal: u64,
        findings: &[Finding],
    ) -> Result<(), StoreError>;

    /// Writes the exchange with its ledger, logical files and ARL, and chains its receipt with
    /// `sign`. Returns [`StoreError::Unbalanced`] when the ledger does not balance. The call comes
    /// last in its transaction, because the end of the receipt chain stays locked until the commit.
    async fn close_exchange(
        &mut self,
        closing: &Closing,
        sign: SignLink<'_>,
    ) -> Result<(), StoreError>;
}
