//! Deletes the rows of a staged deposit: an operator abandons it, or the gateway writes it anew.
//!
//! A process that finds the withdrawal flag deletes rows before anything else, so that a kill
//! during a withdrawal costs only time.

use crate::domain::ExchangeId;
use crate::domain::Scope;
use crate::ingest::retry::{MAX_TRIES, POLL_INTERVAL};
use crate::ingest::{Ingest, IngestError};
use crate::kill_point;
use crate::store::{RemovedRows, StagedDeposit, Withdrawal};

/// Most polls of a deposit that another process writes, while it is abandoned: five minutes. A
/// process that reads a large file notices the flag at the end of the read.
const MAX_POLLS: u32 = 600;

/// Refuses a deposit that a later version withdraws for a reason that this version does not know.
pub(super) fn check_known(staged: &StagedDeposit) -> Result<(), IngestError> {
    if staged.withdrawal == Some(Withdrawal::Unknown) {
        return Err(IngestError::WithdrawnByLaterVersion { exchange: staged.id });
    }
    Ok(())
}

impl Ingest {
    /// Abandons a staged deposit: its exchange, remittances and rows are deleted. The archive file
    /// stays, and the same bytes may be deposited again. Returns `None` when no such deposit is
    /// staged. `over` is false when another process did not release the lease in time: that process
    /// or the next resume ends the withdrawal.
    pub async fn abandon(&self, id: ExchangeId) -> Result<Option<RemovedRows>, IngestError> {
        if !self.flag_withdrawal(id, Withdrawal::Abandon).await? {
            return Ok(None);
        }
        if let Some(staged) = self.store.staged_deposit(id).await? {
            check_known(&staged)?;
        }
        kill_point::reach("abandon.marked");
        for _ in 0..MAX_POLLS {
            if let Some(_lease) = self.store.try_deposit_lease(id).await? {
                let removed = self.finish_withdrawal(id).await?;
                return Ok(Some(RemovedRows { over: self.is_gone(id).await?, ..removed }));
            }
            // The process that held the lease may have ended the withdrawal.
            if self.store.staged_deposit(id).await?.is_none() {
                return Ok(Some(RemovedRows {
                    over: self.is_gone(id).await?,
                    ..RemovedRows::default()
                }));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(Some(RemovedRows::default()))
    }

    /// Deletes the rows of a staged deposit that stays reserved. The caller holds the lease.
    pub(super) async fn restart(&self, id: ExchangeId) -> Result<(), IngestError> {
        if !self.flag_withdrawal(id, Withdrawal::Restart).await? {
            return Err(IngestError::Overtaken);
        }
        self.finish_withdrawal(id).await.map(|_| ())
    }

    async fn flag_withdrawal(&self, id: ExchangeId, why: Withdrawal) -> Result<bool, IngestError> {
        let mut work = self.store.begin().await?;
        let is_flagged = work.withdraw_deposit(id, why).await?;
        work.commit().await?;
        Ok(is_flagged)
    }

    /// Deletes the rows of a deposit whose withdrawal flag is set, batch by batch. The caller holds
    /// the lease.
    pub(super) async fn finish_withdrawal(
        &self,
        id: ExchangeId,
    ) -> Result<RemovedRows, IngestError> {
        let mut all = RemovedRows::default();
        while let Some(step) = self.remove_batch(id).await? {
            all.claims += step.claims;
            all.quarantined += step.quarantined;
            all.freed += step.freed;
            all.copies.extend(step.copies);
            kill_point::reach("abandon.step");
            if step.over {
                all.over = true;
                break;
            }
        }
        Ok(all)
    }

    /// Deletes one batch of rows, and tries again when the transaction conflicts with another one.
    async fn remove_batch(&self, id: ExchangeId) -> Result<Option<RemovedRows>, IngestError> {
        let mut tries = 1;
        loop {
            match self.try_remove_batch(id).await {
                Err(failure) if failure.is_conflict() && tries < MAX_TRIES => tries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn try_remove_batch(&self, id: ExchangeId) -> Result<Option<RemovedRows>, IngestError> {
        let mut work = self.store.begin().await?;
        let step = work.remove_staged_rows(id, self.limits.batch).await?;
        work.commit().await?;
        Ok(step)
    }

    /// Returns whether neither a staged deposit nor a receipt has this id.
    async fn is_gone(&self, id: ExchangeId) -> Result<bool, IngestError> {
        Ok(self.store.staged_deposit(id).await?.is_none()
            && self.store.exchange(&Scope::everything(), id).await?.is_none())
    }
}
