//! Bank transfers at the end of a deposit: each one that the deposit tells is computed again from
//! what every file tells of it.

use super::{Ingest, IngestError};
use crate::domain::{BankTransfer, ExchangeId};
use crate::store::UnitOfWork;

impl Ingest {
    /// Writes the transfers that an exchange tells.
    pub(super) async fn settle_transfers(
        &self,
        exchange: ExchangeId,
        work: &mut dyn UnitOfWork,
    ) -> Result<(), IngestError> {
        let mut after = None;
        loop {
            let ids = work.transfers_told_in(exchange, after, self.limits.batch).await?;
            let Some(last) = ids.last().copied() else { return Ok(()) };
            let told = work.lock_transfers(&ids).await?;
            let transfers: Vec<BankTransfer> = told
                .into_iter()
                .filter_map(|(key, tellings)| BankTransfer::of(key, &tellings))
                .collect();
            work.update_transfers(&transfers).await?;
            after = Some(last);
        }
    }
}
