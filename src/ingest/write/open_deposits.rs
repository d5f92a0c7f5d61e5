//! Deposits without receipt that hold invoices of this one.

use crate::domain::ExchangeId;
use crate::ingest::IngestError;
use crate::normalise::DepositContext;
use crate::store::{OpenDeposit, UnitOfWork};
use std::collections::HashSet;

/// Returns [`IngestError::BlockedBy`] if one of these exchanges is a staged deposit that this one
/// has to wait for: a staged deposit may be abandoned, so that no invoice may be refused as a
/// duplicate of one of its invoices.
///
/// A deposit in one transaction rolls back and waits for every staged deposit. Of two staged
/// deposits only the younger waits, because otherwise they would wait for each other. The older
/// quarantines common invoices as duplicates; if the younger is abandoned, these invoices wait for
/// a resend. Every deposit waits for a deposit that is being withdrawn.
pub(super) async fn wait_for_open(
    exchanges: impl IntoIterator<Item = ExchangeId>,
    context: &DepositContext,
    work: &mut dyn UnitOfWork,
) -> Result<(), IngestError> {
    let own = context.origin.exchange_id;
    let others: HashSet<ExchangeId> = exchanges.into_iter().filter(|id| *id != own).collect();
    if others.is_empty() {
        return Ok(());
    }
    let has_priority = |open: &&OpenDeposit| {
        others.contains(&open.id) && (!context.is_staged || open.withdrawn || open.id < own)
    };
    match work.open_deposits().await?.iter().find(has_priority) {
        Some(open) => Err(IngestError::BlockedBy { exchange: open.id }),
        None => Ok(()),
    }
}
