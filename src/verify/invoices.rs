//! The invoices of a file of norm B2, each with what stands for it in the store.

use super::{Kind, Sources, Verification, file};
use crate::domain::{Exchange, InvoiceKey, Ledger, Quarantined};
use crate::ingest::invoices::{Batches, Filing, Whole, is_duplicate};
use crate::store::{StoreError, StoredInvoice, is_aside_of};
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::Montant;
use noemie_xray::Examination;
use std::collections::HashMap;
use std::sync::Arc;

/// Invoices compared with one look at the database.
const BATCH: usize = 500;

/// What stands in the store for the invoices of one file.
#[derive(Default)]
struct Held {
    ledger: Ledger,
    claims: u64,
    quarantined: u64,
    duplicates: u64,
    total: Montant,
    amo: Montant,
    amc: Montant,
}

/// Compares every invoice of a file with what became of it, and the receipt with that. Answers the
/// books that follow.
pub(super) async fn compare(
    sources: &Sources,
    exchange: &Exchange,
    examination: &Examination,
    forme: Forme,
    seen: &mut Verification,
) -> Result<Ledger, StoreError> {
    let filing = Filing {
        exchange_id: exchange.id,
        sender: exchange.sender.clone(),
        at: exchange.received_at,
        vault: Arc::clone(&sources.vault),
        clock: Arc::clone(&sources.clock),
    };
    let mut batches =
        Batches::read_whole(&sources.archive, &exchange.archive_name, forme, filing, BATCH);
    let mut held =
        Held { ledger: Ledger { read: examination.read, ..Ledger::default() }, ..Held::default() };
    while let Some(batch) = batches.next_batch().await {
        compare_batch(sources, exchange, &batch, &mut held, seen).await?;
    }
    match batches.envelope().await {
        Ok(envelope) => held.ledger.envelope = envelope,
        Err(failure) => seen.find(Kind::ArchiveUnreadable, Some(exchange.id), failure.to_string()),
    }
    let (stored, found) =
        (sources.store.held(exchange.id).await?, (held.claims, held.quarantined + held.duplicates));
    if stored != found {
        let detail =
            format!("(claims, aside): {stored:?} in the store, {found:?} of them in the file");
        seen.find(Kind::ClaimInvented, Some(exchange.id), detail);
    }
    receipt(exchange, &held, seen);
    file::verdict(exchange, examination, seen);
    Ok(held.ledger)
}

/// The counts and sums of the receipt are those of what is stored.
fn receipt(exchange: &Exchange, held: &Held, seen: &mut Verification) {
    let (said, stored) =
        (file::counts_of(exchange), [held.claims, held.quarantined, held.duplicates, 0]);
    if said != stored {
        let detail = format!(
            "accepted, quarantined, duplicates, unmatched: written {said:?}, stored {stored:?}"
        );
        seen.find(Kind::ExchangeDiffers, Some(exchange.id), detail);
    }
    let (said, stored) =
        ([exchange.total, exchange.amo, exchange.amc], [held.total, held.amo, held.amc]);
    if said != stored {
        seen.find(
            Kind::ExchangeDiffers,
            Some(exchange.id),
            format!(
                "total, AMO, AMC of the accepted invoices: written {said:?}, stored {stored:?}"
            ),
        );
    }
}

async fn compare_batch(
    sources: &Sources,
    exchange: &Exchange,
    batch: &[Whole],
    held: &mut Held,
    seen: &mut Verification,
) -> Result<(), StoreError> {
    let rank = |whole: &Whole| whole.made.claim.ordinal;
    let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(()) };
    let invoices: Vec<InvoiceKey> =
        batch.iter().map(|whole| whole.made.claim.invoice_key()).collect();
    let traces: HashMap<u64, StoredInvoice> = sources
        .store
        .traces(exchange.id, &invoices)
        .await?
        .into_iter()
        .map(|t| (t.ordinal, t))
        .collect();
    let aside = sources.store.aside(exchange.id, (rank(first), rank(last))).await?;
    let aside: HashMap<u64, Quarantined> = aside.into_iter().map(|q| (q.ordinal, q)).collect();
    for whole in batch {
        seen.invoices += 1;
        let rank = rank(whole);
        match (traces.get(&rank), aside.get(&rank)) {
            (Some(trace), _) => claim(exchange, whole, trace, held, seen),
            (None, Some(stored)) => put_aside(exchange, whole, stored, held, seen),
            (None, None) => {
                seen.find(Kind::InvoiceLost, Some(exchange.id), format!("invoice of rank {rank}"))
            }
        }
    }
    Ok(())
}

fn claim(
    exchange: &Exchange,
    whole: &Whole,
    trace: &StoredInvoice,
    held: &mut Held,
    seen: &mut Verification,
) {
    held.claims += 1;
    held.ledger.accepted += u64::from(whole.made.claim.record_count);
    held.total += trace.total;
    held.amo += trace.amo;
    held.amc += trace.amc;
    let expected = trace.if_it_were(&whole.made);
    if *trace != expected {
        seen.find(
            Kind::ClaimDiffers,
            Some(exchange.id),
            format!("claim {}: written {trace:?}, read {expected:?}", trace.id),
        );
    }
    if trace.events == 0 || trace.events != trace.last_sequence {
        let detail = format!(
            "claim {}: {} events, the last one of sequence {}",
            trace.id, trace.events, trace.last_sequence
        );
        seen.find(Kind::EventsMissing, Some(exchange.id), detail);
    }
    if !whole.faults.is_empty() {
        seen.note(
            exchange.id,
            format!(
                "claim {}, invoice of rank {}: would be put aside today for {:?}",
                trace.id, trace.ordinal, whole.faults
            ),
        );
    }
}

fn put_aside(
    exchange: &Exchange,
    whole: &Whole,
    stored: &Quarantined,
    held: &mut Held,
    seen: &mut Verification,
) {
    let read = &whole.made.claim;
    if !is_aside_of(stored, read) {
        seen.find(
            Kind::AsideDiffers,
            Some(exchange.id),
            format!("invoice of rank {}", read.ordinal),
        );
    }
    let records = u64::from(read.record_count);
    let known = is_duplicate(stored);
    if known {
        held.duplicates += 1;
        held.ledger.duplicates += records;
    } else {
        held.quarantined += 1;
        held.ledger.quarantined += records;
    }
    // A duplicate is one by the claims of its moment, and without a fault of its own.
    if whole.faults != stored.codes && !(known && whole.faults.is_empty()) {
        let detail = format!(
            "invoice of rank {}, put aside for {:?}: would be judged by {:?} today",
            read.ordinal, stored.codes, whole.faults
        );
        seen.note(exchange.id, detail);
    }
}
