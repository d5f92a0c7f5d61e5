//! Readings of bank transfers: what was announced, what its items explain, and what is left.

use super::error::ServiceError;
use crate::clock::SharedClock;
use crate::domain::{
    BankTransfer, Caller, ExchangeId, ItemPlace, Page, PageToken, Telling, ToldTransfer,
    TransferEntry, TransferId,
};
use crate::store::SharedStore;
pub use crate::store::TransferFilter;
use std::time::Duration;

/// Most files that an answer names for one transfer.
pub const MAX_FILES: usize = 100;

/// A transfer, and how long it has been unexplained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferView {
    /// The transfer.
    pub transfer: BankTransfer,
    /// Time since the transfer is unexplained; `None` in another state.
    pub unexplained_for: Option<Duration>,
}

/// What one file tells of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferFile {
    /// Sums of the groups of the file.
    pub telling: Telling,
    /// Exchanges of the file.
    pub exchanges: Vec<ExchangeId>,
    /// Labels of the first group.
    pub label: String,
    /// Day as sent, where it is no plausible date; else empty.
    pub raw_day: String,
    /// Whether the figures and items of the transfer are those of this file.
    pub counts: bool,
}

/// A transfer with the files that tell it and a page of its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferDetails {
    /// The transfer.
    pub view: TransferView,
    /// Files that tell it, by name, at most [`MAX_FILES`].
    pub files: Vec<TransferFile>,
    /// Items by the file that counts: those with an amount.
    pub entries: Vec<TransferEntry>,
    /// Place after which the next page of items begins; `None` on the last page.
    pub next: Option<ItemPlace>,
}

/// Reads transfers for callers.
#[derive(Clone)]
pub struct Transfers {
    store: SharedStore,
    clock: SharedClock,
}

impl Transfers {
    /// Makes the readings over a store.
    #[must_use]
    pub fn new(store: SharedStore, clock: SharedClock) -> Self {
        Self { store, clock }
    }

    /// Returns a page of transfers, the one told last first.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &TransferFilter,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<TransferView>, ServiceError> {
        tracing::trace!(caller = caller.name, "transfers listed");
        let page = self.store.transfers(&caller.scope, filter, after, limit).await?;
        let items = page.items.into_iter().map(|transfer| self.view(transfer)).collect();
        Ok(Page { items, next: page.next })
    }

    /// Returns a transfer with its files and a page of its items.
    pub async fn get(
        &self,
        caller: &Caller,
        id: TransferId,
        after: Option<ItemPlace>,
        limit: usize,
    ) -> Result<Option<TransferDetails>, ServiceError> {
        tracing::trace!(caller = caller.name, transfer_id = %id, "transfer read");
        let Some(transfer) = self.store.transfer(&caller.scope, id).await? else {
            return Ok(None);
        };
        let tellings = self.store.tellings_of(&caller.scope, id, MAX_FILES).await?;
        let told = self.store.told_of(&caller.scope, id, MAX_FILES).await?;
        let told_by = &transfer.balance.told_by;
        let found = self.store.transfer_entries(&caller.scope, id, told_by, after, limit + 1);
        let mut entries = found.await?;
        let is_cut = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| is_cut).map(TransferEntry::place);
        let files = tellings.into_iter().map(|telling| file(telling, &told, told_by)).collect();
        Ok(Some(TransferDetails { view: self.view(transfer), files, entries, next }))
    }

    fn view(&self, transfer: BankTransfer) -> TransferView {
        let since = transfer.balance.unexplained_since;
        let age = since.map(|since| (self.clock.now() - since).max(time::Duration::ZERO));
        TransferView { transfer, unexplained_for: age.and_then(|age| age.try_into().ok()) }
    }
}

fn file(telling: Telling, told: &[ToldTransfer], counts: &str) -> TransferFile {
    let groups: Vec<&ToldTransfer> =
        told.iter().filter(|group| group.told_by == telling.told_by).collect();
    let mut exchanges: Vec<ExchangeId> = groups.iter().map(|group| group.told_in).collect();
    exchanges.dedup();
    let first = groups.first().map(|group| &group.transfer);
    TransferFile {
        exchanges,
        label: first.map(|transfer| transfer.label.to_string()).unwrap_or_default(),
        raw_day: first.map(|transfer| transfer.raw_day.clone()).unwrap_or_default(),
        counts: telling.told_by == counts,
        telling,
    }
}
