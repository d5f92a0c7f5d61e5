//! The batches of a load, each in a transaction of its own, behind those that earlier tries wrote.
//!
//! What is written stands, whatever the controls of this version say of it: a claim is in the books
//! as a claim, an invoice put aside as put aside. Only the rest is judged. A batch that another
//! change gets in the way of is tried again by itself, for the batches before it may be hours of
//! work.

use super::batch;
use super::books::Books;
use super::invoices::ReadInvoice;
use super::load_b2::WriteContext;
use super::{IngestError, TRIES};
use crate::domain::Quarantined;
use crate::kill_point;
use crate::store::{SharedStore, Written};
use std::collections::HashMap;
use std::time::Duration;
use tracing::{info, warn};

/// Time between two looks at a load that somebody else has in hand.
pub(super) const LOOK: Duration = Duration::from_millis(500);
/// Pause before a batch is tried again, times the number of tries.
const PAUSE: Duration = Duration::from_millis(50);

/// How far a load is.
pub(super) struct Progress {
    store: SharedStore,
    /// Rank of the last invoice that earlier tries wrote.
    written: u64,
    /// Where the mark of the load stands.
    mark: u64,
    /// Looks at an earlier load that holds invoices of this one, before this one is left to a later
    /// try.
    patience: u32,
}

impl Progress {
    pub(super) fn new(store: SharedStore, written: &Written, mark: u64, patience: u32) -> Self {
        Self { store, written: written.last, mark, patience }
    }

    /// Where the mark of the load stands now.
    pub(super) const fn mark(&self) -> u64 {
        self.mark
    }

    /// Books a batch, and writes what is not written of it.
    pub(super) async fn take(
        &mut self,
        mut batch: Vec<ReadInvoice>,
        loading: &WriteContext<'_>,
        books: &mut Books,
    ) -> Result<(), IngestError> {
        let rest = batch.split_off(batch.partition_point(|lu| lu.rank() <= self.written));
        self.stands(&batch, loading, books).await?;
        let Some(last) = rest.last().map(ReadInvoice::rank) else { return Ok(()) };
        let (mut tries, mut looks) = (1, 0);
        let entered = loop {
            match self.write(rest.clone(), last, loading).await {
                Err(IngestError::Held { exchange }) if looks < self.patience => {
                    if looks == 0 {
                        info!(behind = %exchange, "an earlier load holds invoices of this one, waiting for it");
                    }
                    looks += 1;
                    tokio::time::sleep(LOOK).await;
                }
                Err(failure) if failure.is_conflict() && tries < TRIES => {
                    warn!(tries, "another change got in the way, writing the batch again");
                    tokio::time::sleep(PAUSE * tries).await;
                    tries += 1;
                }
                entered => break entered?,
            }
        };
        self.mark = last;
        books.add(entered);
        Ok(())
    }

    async fn write(
        &self,
        batch: Vec<ReadInvoice>,
        last: u64,
        loading: &WriteContext<'_>,
    ) -> Result<Books, IngestError> {
        let mut work = self.store.begin().await?;
        if !work.advance_load(loading.exchange_id, self.mark, last).await? {
            return Err(IngestError::Overtaken);
        }
        let mut entered = Books::default();
        batch::write(batch, loading, work.as_mut(), &mut entered).await?;
        work.commit().await?;
        kill_point::reach("load.committed");
        Ok(entered)
    }

    /// Books what earlier tries put aside of these invoices, and tells it again. The claims among
    /// them are in the books already.
    async fn stands(
        &self,
        batch: &[ReadInvoice],
        loading: &WriteContext<'_>,
        books: &mut Books,
    ) -> Result<(), IngestError> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(()) };
        let stored = self.store.aside(loading.exchange_id, (first.rank(), last.rank())).await?;
        let stored: HashMap<u64, Quarantined> =
            stored.into_iter().map(|q| (q.ordinal, q)).collect();
        for lu in batch {
            match (stored.get(&lu.rank()), lu) {
                (Some(stored), lu) => batch::tell_again(stored, lu, books),
                (None, ReadInvoice::Quarantined(told)) => books.overrule(&told.0),
                (None, ReadInvoice::Claim(_)) => {}
            }
        }
        Ok(())
    }
}
