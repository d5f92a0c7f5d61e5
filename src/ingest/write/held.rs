//! Copies of invoices that another sender sent before: written like new claims, and held until the
//! desk decides. Their sender is told nothing of the other one.

use crate::domain::held_attempt::DECISION_DAYS;
use crate::domain::{HeldAttempt, NewClaim};
use crate::ingest::IngestError;
use crate::normalise::DepositContext;
use crate::store::UnitOfWork;
use std::sync::Arc;

/// Writes copies of a batch. They make no events: nobody works on them.
pub(super) async fn write(
    copies: &[Arc<NewClaim>],
    context: &DepositContext,
    work: &mut dyn UnitOfWork,
) -> Result<(), IngestError> {
    if copies.is_empty() {
        return Ok(());
    }
    work.insert_claims(copies).await?;
    let held_at = context.origin.received_at;
    let decide_by = context.origin.calendar.deadline(held_at, DECISION_DAYS);
    let held = copies.iter().map(|copy| HeldAttempt {
        claim_id: copy.claim.id,
        held_at,
        decide_by,
        resolution: None,
    });
    work.insert_held(&held.collect::<Vec<_>>()).await?;
    Ok(())
}
