//! The chain of receipts, link by link.

use super::{Kind, Sources, Verification, file};
use crate::domain::{ExchangeId, receipt};
use crate::store::{ChainLink, ChainTip, StoreError};
use std::collections::HashSet;
use time::OffsetDateTime;

/// Links read in one go.
const PAGE: usize = 500;

/// Walks the chain from its first link; exchanges received since an instant are compared with their files.
pub(super) async fn walk(sources: &Sources, since: Option<OffsetDateTime>, seen: &mut Verification) -> Result<(), StoreError> {
    // The end is read first: what is committed while we walk is left to the next verification.
    let end = sources.store.chain_tip().await?;
    let (mut last, mut chained) = (ChainTip::default(), HashSet::new());
    while last.sequence < end.sequence {
        let links = sources.store.chain(last.sequence + 1, PAGE).await?;
        if links.is_empty() {
            break;
        }
        for link in links.into_iter().take_while(|link| link.sequence <= end.sequence) {
            chained.insert(link.exchange_id);
            check(sources, since, &last, &link, seen).await?;
            last = ChainTip { sequence: link.sequence, link: link.link };
        }
        if last.sequence >= end.sequence {
            break;
        }
    }
    if last != end {
        seen.find(Kind::ChainCut, None, format!("the chain ends at receipt {}, and should at {}", last.sequence, end.sequence));
    }
    unchained(sources, since, end.sequence, &chained, seen).await
}

/// One link: its receipt is there and makes this very link behind the one before.
async fn check(
    sources: &Sources,
    since: Option<OffsetDateTime>,
    last: &ChainTip,
    link: &ChainLink,
    seen: &mut Verification,
) -> Result<(), StoreError> {
    seen.receipts += 1;
    let id = link.exchange_id;
    let Some(exchange) = sources.store.exchange(id).await? else {
        seen.find(Kind::ReceiptMissing, Some(id), format!("receipt {} is gone", link.sequence));
        return Ok(());
    };
    let (ledger, arl) = (sources.store.ledger(id).await?, sources.store.arl(id).await?);
    let expected = match (&ledger, &arl) {
        (Some(ledger), Some(arl)) => Some(sources.vault.receipt_link(&last.link, last.sequence + 1, &receipt::text(&exchange, ledger, arl))),
        _ => None,
    };
    if expected.as_ref() != Some(&link.link) || link.sequence != last.sequence + 1 {
        seen.find(Kind::ReceiptAltered, Some(id), format!("receipt {} does not make the link of the chain", link.sequence));
    }
    if since.is_some_and(|since| exchange.received_at < since) {
        return Ok(());
    }
    file::compare(sources, &exchange, ledger.as_ref(), arl.as_ref(), seen).await
}

/// Exchanges that no link names: removed from the chain, or written before there was one.
async fn unchained(
    sources: &Sources,
    since: Option<OffsetDateTime>,
    end: u64,
    chained: &HashSet<ExchangeId>,
    seen: &mut Verification,
) -> Result<(), StoreError> {
    let (mut outside, mut after, mut more) = (Vec::new(), None, true);
    while more {
        let page = sources.store.exchanges(None, after, PAGE).await?;
        let wanted = page.items.iter().take_while(|exchange| since.is_none_or(|since| exchange.received_at >= since));
        outside.extend(wanted.map(|exchange| exchange.id).filter(|id| !chained.contains(id)));
        let in_time = page.items.last().is_some_and(|oldest| since.is_none_or(|since| oldest.received_at >= since));
        after = page.next;
        more = after.is_some() && in_time;
    }
    // What was committed since the walk began has its link behind the end that was read then.
    let later = if outside.is_empty() { HashSet::new() } else { later_links(sources, end).await? };
    for id in outside.into_iter().filter(|id| !later.contains(id)) {
        seen.find(Kind::ReceiptNotChained, Some(id), "the exchange stands in no link of the chain");
    }
    Ok(())
}

/// The exchanges chained since the walk began.
async fn later_links(sources: &Sources, end: u64) -> Result<HashSet<ExchangeId>, StoreError> {
    let (mut later, mut from) = (HashSet::new(), end + 1);
    loop {
        let links = sources.store.chain(from, PAGE).await?;
        let Some(last) = links.last() else { return Ok(later) };
        from = last.sequence + 1;
        later.extend(links.iter().map(|link| link.exchange_id));
    }
}
