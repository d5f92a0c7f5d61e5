//! Settles invoices: computes the parts of their attempts from the outcomes about them, and
//! writes the parts that changed with their events.

use crate::domain::life_cycle::is_reject;
use crate::domain::{
    Claim, ClaimEvent, ClaimId, ClaimPart, Clock, EventId, FactSource, Outcome, PartKind, Token,
};
use crate::store::{PartChange, StoreError, UnitOfWork};
use std::collections::HashMap;

/// A part that changed, with its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Attempt.
    pub(crate) claim_id: ClaimId,
    /// Part.
    pub(crate) part: PartKind,
    /// Event of the change.
    pub(crate) event_id: EventId,
}

/// Settles invoices. `attempts` has every attempt of each invoice, locked; `source` says who
/// made the outcomes change, and when. On return, `attempts` has the changed parts.
pub(crate) async fn settle(
    attempts: &mut [Claim],
    source: &FactSource,
    clock: &dyn Clock,
    work: &mut dyn UnitOfWork,
) -> Result<Vec<Settled>, StoreError> {
    let ids: Vec<ClaimId> = attempts.iter().map(|claim| claim.id).collect();
    let told = by_invoice(attempts, work.outcomes_of(&ids).await?);
    let mut changed: Vec<(usize, ClaimPart)> = Vec::new();
    for (index, claim) in attempts.iter().enumerate() {
        let outcomes = told.get(&claim.identity).map_or(&[][..], Vec::as_slice);
        let parts = claim.changed_parts(outcomes, source.at);
        changed.extend(parts.into_iter().map(|part| (index, part)));
    }
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    write(attempts, changed, source, clock, work).await
}

/// Groups outcomes by invoice: money of one attempt counts for every attempt.
pub(crate) fn by_invoice(
    attempts: &[Claim],
    outcomes: Vec<Outcome>,
) -> HashMap<Token, Vec<Outcome>> {
    let identities: HashMap<ClaimId, &Token> =
        attempts.iter().map(|claim| (claim.id, &claim.identity)).collect();
    let mut told: HashMap<Token, Vec<Outcome>> = HashMap::new();
    for outcome in outcomes {
        if let Some(identity) = outcome.claim_id.and_then(|id| identities.get(&id)) {
            told.entry((*identity).clone()).or_default().push(outcome);
        }
    }
    told
}

/// Writes the parts that changed, each with an event that shows the claim after that change.
async fn write(
    attempts: &mut [Claim],
    changed: Vec<(usize, ClaimPart)>,
    source: &FactSource,
    clock: &dyn Clock,
    work: &mut dyn UnitOfWork,
) -> Result<Vec<Settled>, StoreError> {
    let mut ids: Vec<ClaimId> = changed.iter().map(|(index, _)| attempts[*index].id).collect();
    ids.dedup();
    let mut sequences: HashMap<ClaimId, u64> =
        work.next_sequences(&ids).await?.into_iter().collect();
    let (mut parts, mut events, mut settled) = (Vec::new(), Vec::new(), Vec::new());
    for (index, part) in changed {
        let claim = &mut attempts[index];
        claim.set_part(part.clone());
        let sequence = sequences.entry(claim.id).or_insert(1);
        let event_id = EventId(clock.new_id());
        events.push(ClaimEvent::of(claim, &part, event_id, *sequence, source));
        claim.version = *sequence;
        *sequence += 1;
        settled.push(Settled { claim_id: claim.id, part: part.kind, event_id });
        parts.push(PartChange { claim_id: claim.id, part });
    }
    work.update_parts(&parts).await?;
    let rejected = |c: &&PartChange| c.part.kind == PartKind::Amc && is_reject(c.part.state);
    let rejects: Vec<ClaimId> = parts.iter().filter(rejected).map(|c| c.claim_id).collect();
    if let Some(exchange) = source.exchange_id {
        // The professional knows a reject that a return announces: no 580 repeats it.
        work.mark_rejects_returned(exchange, &rejects).await?;
    } else {
        // A worker's reject is reported in a 580, also when an earlier one was reported before.
        work.reset_reports(&rejects).await?;
    }
    work.insert_events(&events).await?;
    Ok(settled)
}
