//! The invoices of a file of norm B2, each beside its row in the store.

use super::counts::{self, compare_verdict};
use super::finding::{Kind, Verification};
use super::sources::Sources;
use super::{claims, events, words};
use crate::domain::{Exchange, InvoiceKey, Ledger, Quarantined};
use crate::normalise::{UnjudgedInvoice, is_duplicate, read_unjudged};
use crate::store::{StoreError, StoredInvoice, is_quarantined_copy};
use crate::vault::Vault;
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::Montant;
use noemie_xray::Examination;
use std::collections::HashMap;

/// The two sides of a comparison of a receipt with the rows of its exchange.
const RECEIPT_AND_ROWS: (&str, &str) = ("in the receipt", "stored");

/// Totals of the rows that the store has for the invoices of one file.
#[derive(Default)]
struct StoredTotals {
    ledger: Ledger,
    claims: u64,
    quarantined: u64,
    duplicates: u64,
    notices: u64,
    unmatched_notices: u64,
    total: Montant,
    amo: Montant,
    amc: Montant,
}

impl StoredTotals {
    /// Accepted, quarantined, duplicates, unmatched.
    const fn outcomes(&self) -> [u64; 4] {
        let accepted = self.claims + self.notices;
        [accepted, self.quarantined, self.duplicates, self.unmatched_notices]
    }

    /// Counts a payment notice. The receipt signs what it told.
    fn count_notice(&mut self, records: u64, is_unmatched: bool) {
        if is_unmatched {
            self.unmatched_notices += 1;
            self.ledger.unmatched += records;
        } else {
            self.notices += 1;
            self.ledger.accepted += records;
        }
    }
}

/// Compares every invoice of a file with its row, and the receipt with all rows. Returns the
/// expected ledger.
pub(super) async fn compare(
    sources: &Sources,
    exchange: &Exchange,
    examination: &Examination,
    forme: Forme,
    verification: &mut Verification,
) -> Result<Ledger, StoreError> {
    let id = Some(exchange.id);
    let mut batches = read_unjudged(&sources.context(exchange), forme);
    let mut totals = StoredTotals {
        ledger: Ledger { read: examination.read, ..Ledger::default() },
        ..StoredTotals::default()
    };
    while let Some(batch) = batches.next_batch().await {
        compare_batch(sources, exchange, &batch, &mut totals, verification).await?;
    }
    match batches.envelope().await {
        Ok(envelope) => totals.ledger.envelope = envelope,
        Err(failure) => verification.find(Kind::ArchiveUnreadable, id, failure.to_string()),
    }
    let stored = sources.store.count_invoices(exchange.id).await?;
    let found = (totals.claims, totals.quarantined + totals.duplicates);
    if stored != found {
        let detail = words::differences(
            ["claims", "quarantined invoices"],
            &[stored.0, stored.1],
            &[found.0, found.1],
        );
        verification.find(Kind::ClaimInvented, id, detail);
    }
    compare_receipt(exchange, &totals, verification);
    compare_verdict(exchange, examination, verification);
    Ok(totals.ledger)
}

/// Compares the counts and sums of the receipt with the rows.
fn compare_receipt(exchange: &Exchange, totals: &StoredTotals, verification: &mut Verification) {
    let (said, stored) = (counts::outcomes(exchange), totals.outcomes());
    if said != stored {
        let detail = words::between(counts::OUTCOMES, &said, &stored, RECEIPT_AND_ROWS);
        verification.find(Kind::ExchangeDiffers, Some(exchange.id), detail);
    }
    let (said, stored) = (counts::sums(exchange), [totals.total, totals.amo, totals.amc]);
    if said != stored {
        let sums = words::between(counts::SUMS, &said, &stored, RECEIPT_AND_ROWS);
        let detail = format!("sums of the accepted invoices: {sums}");
        verification.find(Kind::ExchangeDiffers, Some(exchange.id), detail);
    }
}

async fn compare_batch(
    sources: &Sources,
    exchange: &Exchange,
    batch: &[UnjudgedInvoice],
    totals: &mut StoredTotals,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let ordinal = |invoice: &UnjudgedInvoice| invoice.new.claim.ordinal;
    let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(()) };
    let keys: Vec<InvoiceKey> =
        batch.iter().map(|invoice| invoice.new.claim.invoice_key()).collect();
    let claims = sources.store.stored_invoices(exchange.id, &keys).await?;
    let claims: HashMap<u64, StoredInvoice> =
        claims.into_iter().map(|stored| (stored.new.claim.ordinal, stored)).collect();
    let quarantined =
        sources.store.quarantined_by_ordinals(exchange.id, (ordinal(first), ordinal(last))).await?;
    let quarantined: HashMap<u64, Quarantined> =
        quarantined.into_iter().map(|row| (row.ordinal, row)).collect();
    let unmatched =
        sources.store.unmatched_ordinals(exchange.id, (ordinal(first), ordinal(last))).await?;
    for invoice in batch {
        verification.invoices += 1;
        let ordinal = ordinal(invoice);
        if invoice.is_notice && !quarantined.contains_key(&ordinal) {
            let records = u64::from(invoice.new.claim.record_count);
            totals.count_notice(records, unmatched.contains(&ordinal));
            continue;
        }
        match (claims.get(&ordinal), quarantined.get(&ordinal)) {
            (Some(claim), _) => {
                compare_claim(&sources.vault, exchange, invoice, claim, totals, verification);
            }
            (None, Some(row)) => compare_quarantined(exchange, invoice, row, totals, verification),
            (None, None) => verification.find(
                Kind::InvoiceLost,
                Some(exchange.id),
                format!("invoice of rank {ordinal}"),
            ),
        }
    }
    Ok(())
}

fn compare_claim(
    vault: &Vault,
    exchange: &Exchange,
    invoice: &UnjudgedInvoice,
    stored: &StoredInvoice,
    totals: &mut StoredTotals,
    verification: &mut Verification,
) {
    let claim = &stored.new.claim;
    totals.claims += 1;
    totals.ledger.accepted += u64::from(invoice.new.claim.record_count);
    totals.total += claim.total;
    totals.amo += claim.amo.asked;
    totals.amc += claim.amc.asked;
    let mut find = |kind, faults: Vec<String>| {
        if !faults.is_empty() {
            let detail = format!("claim {}: {}", claim.id, faults.join("; "));
            verification.find(kind, Some(exchange.id), detail);
        }
    };
    let differences = claims::differences(vault, stored, &invoice.new);
    // The events of an altered claim differ from it for the same reason.
    let of_events =
        if differences.is_empty() { events::differences(vault, stored) } else { Vec::new() };
    let mut of_other_key = events::of_other_key(vault, stored);
    of_other_key.extend(claims::of_other_key(vault, claim));
    find(Kind::OtherKey, of_other_key);
    find(Kind::ClaimDiffers, differences);
    find(Kind::EventsMissing, events::holes(stored));
    find(Kind::EventDiffers, of_events);
    if !invoice.faults.is_empty() {
        let note = format!(
            "claim {}, invoice of rank {}: would be quarantined today for {}",
            claim.id,
            claim.ordinal,
            invoice.faults.join(", ")
        );
        verification.note(exchange.id, note);
    }
}

/// Returns codes as a list, or a word for none.
fn list(codes: &[String]) -> String {
    if codes.is_empty() { "no fault".to_owned() } else { codes.join(", ") }
}

fn compare_quarantined(
    exchange: &Exchange,
    invoice: &UnjudgedInvoice,
    row: &Quarantined,
    totals: &mut StoredTotals,
    verification: &mut Verification,
) {
    let read = &invoice.new.claim;
    if !is_quarantined_copy(row, read)
        || row.at != exchange.received_at
        || is_duplicate(row) != row.duplicate_of.is_some()
    {
        let detail = format!("invoice of rank {}", read.ordinal);
        verification.find(Kind::QuarantinedDiffers, Some(exchange.id), detail);
    }
    let records = u64::from(read.record_count);
    let is_duplicate = is_duplicate(row);
    if is_duplicate {
        totals.duplicates += 1;
        totals.ledger.duplicates += records;
    } else {
        totals.quarantined += 1;
        totals.ledger.quarantined += records;
    }
    // A duplicate repeats a claim that was live at that moment, and has no fault of its own.
    if invoice.faults != row.codes && !(is_duplicate && invoice.faults.is_empty()) {
        let note = format!(
            "invoice of rank {}, quarantined for {}: would be quarantined for {} today",
            read.ordinal,
            list(&row.codes),
            list(&invoice.faults)
        );
        verification.note(exchange.id, note);
    }
}
