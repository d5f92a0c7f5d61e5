//! Staged deposits: large deposits whose invoices are written in several transactions.
//!
//! A staged deposit is an exchange without verdict. Its claims, events and quarantined invoices
//! are invisible until the exchange is closed. A staged deposit that is withdrawn loses the rows
//! written so far, one batch a transaction.

use super::error::StoreError;
use super::lease::Lease;
use crate::domain::codes::open_coded;
use crate::domain::{Channel, ClaimId, ExchangeId, FileName, Lane, LogicalFile};
use async_trait::async_trait;
use noemie_parsers::types::Montant;
use time::OffsetDateTime;

/// A staged deposit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedDeposit {
    /// The exchange it becomes.
    pub id: ExchangeId,
    /// Name of the depositor.
    pub sender: String,
    /// Lane, decided before anything is written.
    pub lane: Lane,
    /// Digest of the bytes (BLAKE3, hex).
    pub digest: String,
    /// Digest of the records (BLAKE3, hex), which does not depend on line ends; empty before the
    /// first pass, and for a refused file.
    pub records_digest: String,
    /// The caller's idempotency key, empty when none.
    pub idempotency_key: String,
    /// Channel of the deposit.
    pub channel: Channel,
    /// Name given by the sender.
    pub file_name: FileName,
    /// Size in bytes.
    pub size: u64,
    /// Instant of the deposit.
    pub received_at: OffsetDateTime,
    /// Name of the encrypted raw file in the archive.
    pub archive_name: String,
    /// Ordinal of the last invoice that a committed batch wrote (see
    /// [`advance_deposit_cursor`](StagedDepositWrites::advance_deposit_cursor)).
    pub cursor: u64,
    /// Set while the rows written so far are being removed.
    pub withdrawal: Option<Withdrawal>,
}

impl StagedDeposit {
    /// Returns whether an earlier deposit with these digests is of the same file: of the same
    /// bytes, or of the same records with other line ends.
    #[must_use]
    pub fn is_file_of(&self, digest: &str, records_digest: &str) -> bool {
        self.digest == digest
            || (!records_digest.is_empty() && self.records_digest == records_digest)
    }
}

/// Totals of the rows that a staged deposit has written. Batches are written in the order of the
/// file: every invoice up to the last one is a claim or quarantined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StagedProgress {
    /// Ordinal of the last invoice, 0 when there is none.
    pub last: u64,
    /// Invoices that are claims.
    pub claims: u64,
    /// Their records.
    pub records: u64,
    /// Total billed by them.
    pub total: Montant,
    /// Asked of the AMO.
    pub amo: Montant,
    /// Asked of the AMC.
    pub amc: Montant,
}

/// A staged deposit as another deposit meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenDeposit {
    /// The exchange it becomes.
    pub id: ExchangeId,
    /// Whether its rows are being removed.
    pub withdrawn: bool,
}

open_coded! {
    /// Reason for which the rows of a staged deposit are removed. A deposit with a reason of a
    /// later version is left as it is: that version knows what is to become of its rows.
    Withdrawal {
        /// The deposit is written anew, or refused: its exchange stays reserved.
        Restart = "restart", "Écriture recommencée";
        /// The deposit is given up: its exchange is deleted too.
        Abandon = "abandon", "Dépôt abandonné";
    }
}

/// Rows that one step removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemovedRows {
    /// Claims removed, with their parts, lines and events.
    pub claims: u64,
    /// Quarantined invoices removed.
    pub quarantined: u64,
    /// Invoices of other deposits that had been refused as duplicates of the removed claims: they
    /// wait in the quarantine from now on.
    pub freed: u64,
    /// Copies that other senders sent of the invoices of these claims, and that are held or
    /// dismissed: no treated attempt of their invoice may be left.
    pub copies: Vec<ClaimId>,
    /// Whether no row is left.
    pub over: bool,
}

/// Reads staged deposits, and leases them.
#[async_trait]
pub trait StagedDeposits: Send + Sync {
    /// Returns one staged deposit. An exchange with a verdict is none.
    async fn staged_deposit(&self, id: ExchangeId) -> Result<Option<StagedDeposit>, StoreError>;

    /// Returns the staged deposits, being written or waiting to be resumed, oldest first.
    async fn staged_deposits(&self, limit: usize) -> Result<Vec<StagedDeposit>, StoreError>;

    /// Returns the totals of a staged deposit. The caller has its lease, and reads the staged
    /// deposit first.
    async fn staged_progress(&self, id: ExchangeId) -> Result<StagedProgress, StoreError>;

    /// Takes the lease to write a staged deposit, unless another writer has it.
    async fn try_deposit_lease(&self, id: ExchangeId)
    -> Result<Option<Box<dyn Lease>>, StoreError>;
}

/// Writes staged deposits, inside a transaction.
#[async_trait]
pub trait StagedDepositWrites: Send {
    /// Turns the exchange that was just reserved into a staged deposit: it may be committed without
    /// verdict, and its invoices follow in transactions of their own. Its logical files are written
    /// now, so that another file with the same remittance is refused from here on.
    async fn stage_deposit(
        &mut self,
        deposit: &StagedDeposit,
        logical_files: &[LogicalFile],
    ) -> Result<(), StoreError>;

    /// Moves the cursor of a staged deposit, the ordinal of its last invoice written, and returns
    /// `true` when the cursor stood at `from` and the deposit is neither closed nor withdrawn.
    /// Until the end of the transaction no other writer goes on with the deposit or closes it. The
    /// closing transaction moves the cursor to where it stands.
    async fn advance_deposit_cursor(
        &mut self,
        id: ExchangeId,
        from: u64,
        to: u64,
    ) -> Result<bool, StoreError>;

    /// Returns the exchanges without verdict, those of this transaction included.
    async fn open_deposits(&mut self) -> Result<Vec<OpenDeposit>, StoreError>;

    /// Withdraws a staged deposit: from the commit on no writer goes on with it, and its rows are
    /// to be removed. A withdrawal of a later version stays as it is. Returns `false` when the
    /// deposit is closed.
    async fn withdraw_deposit(
        &mut self,
        id: ExchangeId,
        why: Withdrawal,
    ) -> Result<bool, StoreError>;

    /// Removes at most `limit` invoices of a withdrawn deposit and, when no invoice is left, its
    /// withdrawal or its exchange. Returns `None` when the deposit is not withdrawn (any more), or
    /// withdrawn by a later version for a reason that this version does not know.
    async fn remove_staged_rows(
        &mut self,
        id: ExchangeId,
        limit: usize,
    ) -> Result<Option<RemovedRows>, StoreError>;
}
