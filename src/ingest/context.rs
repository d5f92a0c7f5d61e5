//! The context in which the file of a deposit is read.

use super::Ingest;
use crate::normalise::{DepositContext, Origin};
use crate::store::StagedDeposit;
use std::sync::Arc;

impl Ingest {
    /// Returns the context of a deposit.
    pub(super) fn context(&self, deposit: &StagedDeposit, is_staged: bool) -> DepositContext {
        DepositContext {
            origin: Origin {
                exchange_id: deposit.id,
                sender: deposit.sender.clone(),
                received_at: deposit.received_at,
                lane: deposit.lane,
                calendar: self.clock.calendar(),
            },
            archive_name: deposit.archive_name.clone(),
            archive: Arc::clone(&self.archive),
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
            batch_size: self.limits.batch,
            is_staged,
        }
    }
}
