//! The chain of receipts, link by link.

use super::{Kind, Sources, Verification, file};
use crate::domain::{Exchange, ExchangeId, receipt};
use crate::store::{ChainLink, ChainTip, StoreError};
use std::collections::HashMap;
use time::OffsetDateTime;

/// Links read in one go.
const PAGE: usize = 500;

/// Walks the chain from its first link; exchanges received since an instant are compared with their
/// files.
pub(super) async fn walk(
    sources: &Sources,
    since: Option<OffsetDateTime>,
    seen: &mut Verification,
) -> Result<(), StoreError> {
    // The end is read first: what is committed while we walk is left to the next verification.
    let end = sources.store.chain_tip().await?;
    let mut last = ChainTip::default();
    while last.sequence < end.sequence {
        let links = sources.store.chain(last.sequence + 1, PAGE).await?;
        if links.is_empty() {
            break;
        }
        for link in links.into_iter().take_while(|link| link.sequence <= end.sequence) {
            check(sources, since, &last, &link, seen).await?;
            last = ChainTip { sequence: link.sequence, link: link.link };
        }
        if last.sequence >= end.sequence {
            break;
        }
    }
    if last != end {
        seen.find(
            Kind::ChainCut,
            None,
            format!("the chain ends at receipt {}, and should at {}", last.sequence, end.sequence),
        );
    }
    unchained(sources, since, seen).await
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
        (Some(ledger), Some(arl)) => Some(sources.vault.receipt_link(
            &last.link,
            last.sequence + 1,
            &receipt::text(&exchange, ledger, arl),
        )),
        _ => None,
    };
    if expected.as_ref() != Some(&link.link) || link.sequence != last.sequence + 1 {
        seen.find(
            Kind::ReceiptAltered,
            Some(id),
            format!("receipt {} does not make the link of the chain", link.sequence),
        );
    }
    if since.is_some_and(|since| exchange.received_at < since) {
        return Ok(());
    }
    file::compare(sources, &exchange, ledger.as_ref(), arl.as_ref(), seen).await
}

/// Exchanges that no link names: removed from the chain, or written before there was one. A page of
/// them at a time, so that memory does not grow with the chain. A receipt and its link are
/// committed together: what a page shows has its link in the question after it.
async fn unchained(
    sources: &Sources,
    since: Option<OffsetDateTime>,
    seen: &mut Verification,
) -> Result<(), StoreError> {
    let wanted = |exchange: &Exchange| since.is_none_or(|since| exchange.received_at >= since);
    let mut after = None;
    loop {
        let page = sources.store.exchanges(None, after, PAGE).await?;
        let ids: Vec<ExchangeId> = page
            .items
            .iter()
            .filter(|exchange| wanted(exchange))
            .map(|exchange| exchange.id)
            .collect();
        let links: HashMap<ExchangeId, u64> =
            sources.store.links_of(&ids).await?.into_iter().collect();
        // A link beyond the end is of no chain: nobody walks by it.
        let end = sources.store.chain_tip().await?.sequence;
        for id in ids.iter().filter(|id| links.get(id).is_none_or(|rank| !(1..=end).contains(rank)))
        {
            seen.find(
                Kind::ReceiptNotChained,
                Some(*id),
                "the exchange stands in no link of the chain",
            );
        }
        after = page.next;
        if after.is_none() || ids.len() < page.items.len() {
            return Ok(());
        }
    }
}
