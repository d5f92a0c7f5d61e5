//! Resumes staged deposits whose process died or stopped.

use super::withdrawal;
use crate::domain::ExchangeId;
use crate::error_chain::Chain;
use crate::ingest::{Ingest, IngestError};
use crate::store::{StagedDeposit, StoreError, Withdrawal};
use std::collections::HashSet;
use tracing::{Instrument, info, info_span, warn};

/// Most deposits resumed in one run; the next run finds the rest.
const MAX_RESUMED: usize = 1_000;

impl Ingest {
    /// Resumes staged deposits, oldest first. Returns how many were closed. Deposits whose lease
    /// another process holds, and deposits in backoff, are left out.
    pub async fn resume(&self) -> Result<usize, IngestError> {
        let mut closed = 0;
        let deposits = self.store.staged_deposits(MAX_RESUMED).await?;
        let mut staged: HashSet<ExchangeId> = deposits.iter().map(|deposit| deposit.id).collect();
        self.backoffs.retain(&staged);
        for deposit in &deposits {
            // Staged deposits with `withdrawal` set skip the backoff: other deposits are blocked
            // until their rows are deleted. Those that wait for a later version do not.
            if !matches!(deposit.withdrawal, Some(Withdrawal::Restart | Withdrawal::Abandon))
                && !self.backoffs.is_due(deposit.id, self.clock.now(), &staged)
            {
                continue;
            }
            let span =
                info_span!("ingest.resume", exchange = %deposit.id, sender = %deposit.sender);
            match self.resume_one(deposit.id).instrument(span.clone()).await {
                Ok(is_closed) => {
                    self.backoffs.clear(deposit.id);
                    if is_closed {
                        staged.remove(&deposit.id);
                        closed += 1;
                    }
                }
                // A deposit that fails does not stop the others; the gauge of staged deposits shows
                // it.
                Err(failure) => {
                    if self.backoffs.start(deposit.id, self.clock.now(), &failure) {
                        span.in_scope(|| {
                            warn!(error = %Chain(&failure), "staged deposit could not \
                            be resumed, it is tried again after a backoff")
                        });
                    }
                }
            }
        }
        Ok(closed)
    }

    /// Resumes one deposit under its lease. Returns whether it was closed.
    async fn resume_one(&self, id: ExchangeId) -> Result<bool, IngestError> {
        let Some(_lease) = self.store.try_deposit_lease(id).await? else { return Ok(false) };
        // The deposit may have been closed or abandoned since it was listed.
        let Some(staged) = self.store.staged_deposit(id).await? else { return Ok(false) };
        withdrawal::check_known(&staged)?;
        if staged.withdrawal.is_some() {
            info!("finishing the withdrawal of a staged deposit");
            self.finish_withdrawal(id).await?;
            return Ok(false);
        }
        info!("resuming a staged deposit");
        self.finish(&staged).await.map(|()| true)
    }

    /// Writes and closes a staged deposit. Rows that another version wrote may not fit the file as
    /// this version reads it (an invoice more, a record less), and then the ledger does not
    /// balance: the rows are deleted, and a later run writes them anew.
    async fn finish(&self, staged: &StagedDeposit) -> Result<(), IngestError> {
        match self.write_and_close(staged, None, 0).await {
            Err(IngestError::Store(StoreError::Unbalanced(ledger))) => {
                self.restart(staged.id).await?;
                Err(StoreError::Unbalanced(ledger).into())
            }
            outcome => outcome.map(|_| ()),
        }
    }
}
