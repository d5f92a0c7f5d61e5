//! Bank transfers: what return files tell of them, and what follows from it. What was told is only
//! added; the row of a transfer follows from all of it.

use super::error::StoreError;
use crate::domain::{
    BankTransfer, ExchangeId, ItemPlace, Page, PageToken, Scope, Telling, ToldTransfer,
    TransferEntry, TransferId, TransferItem, TransferKey, TransferState,
};
use async_trait::async_trait;
use time::Date;

/// Filter of transfers; an absent value means every one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferFilter {
    /// Payee: PS number.
    pub payee: Option<String>,
    /// Payer, as the 071 names it.
    pub payer: Option<String>,
    /// State.
    pub state: Option<TransferState>,
    /// First accounting day.
    pub day_from: Option<Date>,
    /// Last accounting day.
    pub day_to: Option<Date>,
    /// Only transfers on which two files disagree.
    pub restated: bool,
}

/// A transfer with what each file tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTransfer {
    /// Identifier in the rows of what was told.
    pub id: TransferId,
    /// Key in these rows.
    pub key: TransferKey,
    /// What each file tells.
    pub tellings: Vec<Telling>,
    /// Row of the transfer; `None` when it is missing.
    pub row: Option<BankTransfer>,
}

/// Reads transfers.
#[async_trait]
pub trait Transfers: Send + Sync {
    /// Returns a page of transfers, the one told last first.
    async fn transfers(
        &self,
        scope: &Scope,
        filter: &TransferFilter,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<BankTransfer>, StoreError>;

    /// Returns a transfer.
    async fn transfer(
        &self,
        scope: &Scope,
        id: TransferId,
    ) -> Result<Option<BankTransfer>, StoreError>;

    /// Returns what files tell of a transfer, by the name of the file.
    async fn tellings_of(
        &self,
        scope: &Scope,
        id: TransferId,
        limit: usize,
    ) -> Result<Vec<Telling>, StoreError>;

    /// Returns the groups in which files tell a transfer, by the name of the file.
    async fn told_of(
        &self,
        scope: &Scope,
        id: TransferId,
        limit: usize,
    ) -> Result<Vec<ToldTransfer>, StoreError>;

    /// Returns the items of a transfer by the file of this name that have an amount, after a place,
    /// in order.
    async fn transfer_entries(
        &self,
        scope: &Scope,
        id: TransferId,
        told_by: &str,
        after: Option<ItemPlace>,
        limit: usize,
    ) -> Result<Vec<TransferEntry>, StoreError>;

    /// Returns the transfers that were told, after an identifier, in order.
    async fn transfer_ids(
        &self,
        after: Option<TransferId>,
        limit: usize,
    ) -> Result<Vec<TransferId>, StoreError>;

    /// Returns transfers that were told with their rows, in order. What was told is read first: a
    /// file that comes between the two readings may make them differ.
    async fn stored_transfers(&self, ids: &[TransferId])
    -> Result<Vec<StoredTransfer>, StoreError>;

    /// Returns what an exchange tells of transfers, after the rank of a group, in order.
    async fn told_transfers(
        &self,
        exchange_id: ExchangeId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<ToldTransfer>, StoreError>;

    /// Returns the recoveries and flat payments that an exchange tells, after the rank of one, in
    /// order.
    async fn transfer_items(
        &self,
        exchange_id: ExchangeId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TransferItem>, StoreError>;
}

/// Writes what is told of transfers, inside a transaction.
#[async_trait]
pub trait TransferWrites: Send {
    /// Inserts what a file tells of transfers.
    async fn insert_told_transfers(&mut self, told: &[ToldTransfer]) -> Result<(), StoreError>;

    /// Inserts recoveries and flat payments.
    async fn insert_transfer_items(&mut self, items: &[TransferItem]) -> Result<(), StoreError>;

    /// Returns the transfers that an exchange tells, after an identifier, in order.
    async fn transfers_told_in(
        &mut self,
        exchange_id: ExchangeId,
        after: Option<TransferId>,
        limit: usize,
    ) -> Result<Vec<TransferId>, StoreError>;

    /// Locks the rows of transfers, or inserts them, so that two files that tell one transfer at
    /// the same time see one another; returns what files tell of each. `ids` are in order.
    async fn lock_transfers(
        &mut self,
        ids: &[TransferId],
    ) -> Result<Vec<(TransferKey, Vec<Telling>)>, StoreError>;

    /// Writes locked transfers.
    async fn update_transfers(&mut self, transfers: &[BankTransfer]) -> Result<(), StoreError>;
}
