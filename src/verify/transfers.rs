//! Transfers: what return files tell of them beside the raw files, and the rows that follow from
//! what was told.

use super::finding::{Kind, Verification};
use super::sources::Sources;
use crate::domain::{
    BankTransfer, Exchange, ToldTransfer, TransferId, TransferItem, TransferState,
};
use crate::normalise::{Told, read_told};
use crate::store::{StoreError, StoredTransfer, stored_told};
use noemie_parsers::noemie::Packaging;

/// Transfers read at a time.
const PAGE_SIZE: usize = 200;
/// Readings of a transfer that does not fit: a file may tell it between two statements.
const MAX_READINGS: u32 = 3;

/// Compares what an exchange tells of transfers with its raw file.
pub(super) async fn compare_told(
    sources: &Sources,
    exchange: &Exchange,
    packaging: Packaging,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let id = Some(exchange.id);
    let mut batches = read_told(&sources.context(exchange), packaging);
    let (mut last_group, mut last_item) = (0, 0);
    while let Some(batch) = batches.next_batch().await {
        let (mut transfers, mut items): (Vec<ToldTransfer>, Vec<TransferItem>) = Default::default();
        for told in batch {
            match told {
                Told::Transfer(told) => transfers.push(stored_told(&told)),
                Told::Item(item) => items.push(*item),
            }
        }
        let stored = sources.store.told_transfers(exchange.id, last_group, transfers.len()).await?;
        for told in differing(&transfers, &stored) {
            verification.find(Kind::TransferDiffers, id, words(told.map(|t| t.group), "transfer"));
        }
        let stored = sources.store.transfer_items(exchange.id, last_item, items.len()).await?;
        for item in differing(&items, &stored) {
            let detail = words(item.map(|i| i.rank), "recovery or flat payment");
            verification.find(Kind::TransferDiffers, id, detail);
        }
        last_group = transfers.last().map_or(last_group, |told| told.group);
        last_item = items.last().map_or(last_item, |item| item.rank);
    }
    if let Err(failure) = batches.envelope().await {
        verification.find(Kind::ArchiveUnreadable, id, failure.to_string());
        return Ok(());
    }
    let more = sources.store.told_transfers(exchange.id, last_group, 1).await?.len()
        + sources.store.transfer_items(exchange.id, last_item, 1).await?.len();
    if more > 0 {
        let detail = "transfers are stored that the file does not tell";
        verification.find(Kind::TransferDiffers, id, detail);
    }
    Ok(())
}

/// Returns the rows read that are not stored as they were read; `None` for a row that is missing.
fn differing<'a, T: PartialEq>(
    read: &'a [T],
    stored: &'a [T],
) -> impl Iterator<Item = Option<&'a T>> {
    let pairs = read.iter().enumerate().map(|(at, row)| (row, stored.get(at)));
    pairs.filter(|(row, stored)| Some(*row) != *stored).map(|(row, stored)| stored.map(|_| row))
}

fn words(rank: Option<u64>, what: &str) -> String {
    match rank {
        Some(rank) => format!("{what} of rank {rank} in the file: its row differs"),
        None => format!("a {what} of the file has no row"),
    }
}

/// Computes each transfer again from what was told, and compares it with its row. An unexplained
/// transfer is a note: its files say so.
pub(super) async fn check(
    sources: &Sources,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let ids = sources.store.transfer_ids(after, PAGE_SIZE).await?;
        let Some(last) = ids.last().copied() else { return Ok(()) };
        for stored in sources.store.stored_transfers(&ids).await? {
            check_one(sources, stored, verification).await?;
        }
        after = Some(last);
    }
}

async fn check_one(
    sources: &Sources,
    mut stored: StoredTransfer,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    for _ in 1..MAX_READINGS {
        if !is_wrong(&stored) {
            break;
        }
        match sources.store.stored_transfers(&[stored.id]).await?.pop() {
            Some(again) => stored = again,
            None => return Ok(()),
        }
    }
    let id = stored.id;
    if is_wrong(&stored) {
        let detail = match &stored.row {
            Some(_) => format!("transfer {id} does not follow from what was told"),
            None => format!("transfer {id} was told and has no row"),
        };
        verification.find(Kind::TransferDiffers, None, detail);
    } else if let Some(transfer) = &stored.row {
        note_unexplained(id, transfer, verification);
    }
    Ok(())
}

fn is_wrong(stored: &StoredTransfer) -> bool {
    let expected = BankTransfer::of(stored.key.clone(), &stored.tellings);
    expected != stored.row || stored.row.as_ref().is_none_or(|row| row.id != stored.id)
}

fn note_unexplained(id: TransferId, transfer: &BankTransfer, verification: &mut Verification) {
    let balance = &transfer.balance;
    if balance.state == TransferState::Unexplained {
        let (gap, announced) = (balance.unexplained(), balance.announced.unwrap_or_default());
        let detail = format!("transfer {id}: {gap} € of {announced} € announced are unexplained");
        verification.note_transfer(detail);
    }
}
