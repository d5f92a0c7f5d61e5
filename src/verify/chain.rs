//! The chain of receipts, link by link.

use super::file;
use super::finding::{Kind, Verification};
use super::sources::Sources;
use crate::domain::Scope;
use crate::domain::{Exchange, ExchangeId, receipt};
use crate::store::{ChainLink, ChainTip, StoreError};
use std::collections::HashMap;
use time::OffsetDateTime;

/// Links read at a time.
const PAGE_SIZE: usize = 500;

/// Walks the chain from its first link; exchanges received since an instant are compared with their
/// files.
pub(super) async fn walk(
    sources: &Sources,
    since: Option<OffsetDateTime>,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    // The end is read first: receipts committed during the walk are left to the next verification.
    let end = sources.store.chain_tip().await?;
    let mut last = ChainTip::default();
    while last.sequence < end.sequence {
        let links = sources.store.chain_links(last.sequence + 1, PAGE_SIZE).await?;
        if links.is_empty() {
            break;
        }
        for link in links.into_iter().take_while(|link| link.sequence <= end.sequence) {
            check(sources, since, &last, &link, verification).await?;
            last = ChainTip { sequence: link.sequence, link: link.link, ..last };
        }
        if last.sequence >= end.sequence {
            break;
        }
    }
    if (last.sequence, &last.link) != (end.sequence, &end.link) {
        verification.find(
            Kind::ChainCut,
            None,
            format!("the chain ends at receipt {}, and should at {}", last.sequence, end.sequence),
        );
    }
    unchained(sources, since, verification).await
}

/// Checks one link: its receipt exists and makes this very link after the one before.
async fn check(
    sources: &Sources,
    since: Option<OffsetDateTime>,
    last: &ChainTip,
    link: &ChainLink,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    verification.receipts += 1;
    let id = link.exchange_id;
    let Some(exchange) = sources.store.exchange(&Scope::everything(), id).await? else {
        verification.find(
            Kind::ReceiptMissing,
            Some(id),
            format!("receipt {} is gone", link.sequence),
        );
        return Ok(());
    };
    let (ledger, arl, codes) = (
        sources.store.ledger(&Scope::everything(), id).await?,
        sources.store.arl(&Scope::everything(), id).await?,
        sources.store.receipt_codes(id).await?,
    );
    let contents = sources.store.receipt_contents(id).await?;
    let expected = match (&ledger, &arl, &codes) {
        (Some(ledger), Some(arl), Some(codes)) => Some(sources.vault.receipt_link(
            &last.link,
            last.sequence + 1,
            &receipt::text(&exchange, codes, ledger, arl, (&contents, link.behind_ms)),
        )),
        _ => None,
    };
    let is_right = expected.as_ref() == Some(&link.link) && link.sequence == last.sequence + 1;
    let is_of_this_key = link.key_id.0 == sources.vault.key_id();
    if !is_right && is_of_this_key {
        let detail = format!("receipt {} does not make the link of the chain", link.sequence);
        verification.find(Kind::ReceiptAltered, Some(id), detail);
    } else if !is_right {
        let (number, key) = (link.sequence, &link.key_id.0);
        let detail = format!("receipt {number} was chained under the vault key {key}");
        verification.find(Kind::OtherKey, Some(id), detail);
    } else if !is_of_this_key {
        let detail = format!("receipt {} names another key than its link", link.sequence);
        verification.find(Kind::ReceiptAltered, Some(id), detail);
    }
    if since.is_some_and(|since| exchange.received_at < since) {
        return Ok(());
    }
    file::compare(sources, &exchange, ledger.as_ref(), arl.as_ref(), verification).await
}

/// Finds exchanges that no link names, a page at a time, so that memory does not grow with the
/// chain. A receipt and its link are committed together, so that the links read after a page of
/// exchanges include theirs.
async fn unchained(
    sources: &Sources,
    since: Option<OffsetDateTime>,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let wanted = |exchange: &Exchange| since.is_none_or(|since| exchange.received_at >= since);
    let mut after = None;
    loop {
        let page = sources.store.exchanges(&Scope::everything(), None, after, PAGE_SIZE).await?;
        let ids: Vec<ExchangeId> = page
            .items
            .iter()
            .filter(|exchange| wanted(exchange))
            .map(|exchange| exchange.id)
            .collect();
        let links: HashMap<ExchangeId, u64> =
            sources.store.chain_sequences(&ids).await?.into_iter().collect();
        // The walk never reaches a link beyond the end: it counts as none.
        let end = sources.store.chain_tip().await?.sequence;
        for id in ids.iter().filter(|id| links.get(id).is_none_or(|rank| !(1..=end).contains(rank)))
        {
            verification.find(
                Kind::ReceiptNotChained,
                Some(*id),
                "the exchange has no link in the chain",
            );
        }
        after = page.next;
        if after.is_none() || ids.len() < page.items.len() {
            return Ok(());
        }
    }
}
