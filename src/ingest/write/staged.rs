//! Batches of a staged deposit, each in a transaction of its own, after the batches that earlier
//! tries wrote.
//!
//! Rows that are written stay as they are, whatever the controls of this version say: a claim
//! counts as a claim, a quarantined invoice as quarantined. Only invoices after the last one
//! written are judged. A batch that conflicts with another change is tried again alone, because the
//! batches before it may be hours of work.

use super::duplicates;
use super::invoices;
use super::totals::Totals;
use crate::domain::Quarantined;
use crate::domain::UnwrittenInvoice;
use crate::ingest::IngestError;
use crate::ingest::retry::{MAX_TRIES, POLL_INTERVAL};
use crate::kill_point;
use crate::normalise::{DepositContext, ReadInvoice, is_duplicate};
use crate::store::{SharedStore, StagedProgress};
use std::collections::HashMap;
use std::time::Duration;
use tracing::{info, warn};

/// Pause before a batch is tried again, times the number of tries.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Writes the batches of a staged deposit.
pub(in crate::ingest) struct StagedWriter {
    store: SharedStore,
    /// Ordinal of the last invoice that earlier tries wrote.
    written: u64,
    /// Cursor of the deposit, as this writer left it.
    cursor: u64,
    /// Most polls of an older staged deposit that has invoices of this one, before this deposit is
    /// left to a later try.
    max_polls: u32,
}

impl StagedWriter {
    /// Returns a writer that goes on after `written`.
    pub(in crate::ingest) fn new(
        store: SharedStore,
        written: &StagedProgress,
        cursor: u64,
        max_polls: u32,
    ) -> Self {
        Self { store, written: written.last, cursor, max_polls }
    }

    /// Cursor of the deposit, as this writer left it.
    pub(in crate::ingest) const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Counts a batch, and writes those of its invoices that are not written.
    pub(super) async fn write(
        &mut self,
        mut batch: Vec<ReadInvoice>,
        context: &DepositContext,
        totals: &mut Totals,
    ) -> Result<(), IngestError> {
        let rest =
            batch.split_off(batch.partition_point(|invoice| invoice.ordinal() <= self.written));
        self.count_written(&batch, context, totals).await?;
        let Some(last) = rest.last().map(ReadInvoice::ordinal) else { return Ok(()) };
        let (mut tries, mut polls) = (1, 0);
        let batch_totals = loop {
            match self.write_batch(rest.clone(), last, context).await {
                Err(IngestError::BlockedBy { exchange }) if polls < self.max_polls => {
                    if polls == 0 {
                        info!(behind = %exchange, "an older staged deposit has invoices of this \
                            one, waiting for it");
                    }
                    polls += 1;
                    tokio::time::sleep(POLL_INTERVAL).await;
                }
                Err(failure) if failure.is_conflict() && tries < MAX_TRIES => {
                    warn!(tries, "batch conflicted with another change, trying again");
                    tokio::time::sleep(RETRY_PAUSE * tries).await;
                    tries += 1;
                }
                outcome => break outcome?,
            }
        };
        self.cursor = last;
        totals.add_batch(batch_totals);
        Ok(())
    }

    /// Moves the cursor and writes a batch in one transaction. Fails with
    /// [`IngestError::Overtaken`] when another process moved the cursor first.
    async fn write_batch(
        &self,
        batch: Vec<ReadInvoice>,
        last: u64,
        context: &DepositContext,
    ) -> Result<Totals, IngestError> {
        let mut work = self.store.begin().await?;
        if !work.advance_deposit_cursor(context.origin.exchange_id, self.cursor, last).await? {
            return Err(IngestError::Overtaken);
        }
        let mut totals = Totals::default();
        invoices::write(batch, context, work.as_mut(), &mut totals).await?;
        work.commit().await?;
        kill_point::reach("load.committed");
        Ok(totals)
    }

    /// Counts the quarantined rows that earlier tries wrote for these invoices, and reports them
    /// again. Claims are not counted here: the totals began with them.
    async fn count_written(
        &self,
        batch: &[ReadInvoice],
        context: &DepositContext,
        totals: &mut Totals,
    ) -> Result<(), IngestError> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(()) };
        let ordinals = (first.ordinal(), last.ordinal());
        let stored =
            self.store.quarantined_by_ordinals(context.origin.exchange_id, ordinals).await?;
        let stored: HashMap<u64, Quarantined> =
            stored.into_iter().map(|row| (row.ordinal, row)).collect();
        for invoice in batch {
            match (stored.get(&invoice.ordinal()), invoice) {
                (Some(row), invoice) => count_quarantined(row, invoice, totals),
                (None, ReadInvoice::Quarantined(read)) => totals.overrule(&read.0),
                (None, ReadInvoice::Claim(_) | ReadInvoice::Notice(_)) => {}
            }
        }
        Ok(())
    }
}

/// Counts a quarantined row and reports it: with the faults read now where this version would
/// quarantine the invoice too, else with the codes of the row.
fn count_quarantined(row: &Quarantined, read: &ReadInvoice, totals: &mut Totals) {
    match read {
        _ if is_duplicate(row) => duplicates::report(row, totals),
        ReadInvoice::Quarantined(read) => totals.count_quarantined(row, read.1.clone()),
        ReadInvoice::Claim(_) | ReadInvoice::Notice(_) => {
            totals.count_quarantined(row, unwritten(row));
        }
    }
}

fn unwritten(row: &Quarantined) -> UnwrittenInvoice {
    let reasons =
        row.codes.iter().map(|code| (code.clone(), "Facture mise de côté".to_owned())).collect();
    UnwrittenInvoice {
        ps: row.ps.clone(),
        lot: row.lot.clone(),
        invoice_number: row.invoice_number.clone(),
        reasons,
    }
}
