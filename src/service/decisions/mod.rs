//! Records decisions of workers about one part of one claim: decision, state and event in one
//! transaction.
//!
//! A decision repeated under its key, or without a key for the state that the part already has,
//! writes nothing and gets the same answer. A decision that the life cycle forbids writes nothing.
//! A claim outside the scope of the caller is answered like a claim that does not exist.

mod apply;
mod request;

pub use request::{DecideError, Decision, DecisionKind, DecisionOutcome, Warning};

use super::view::ClaimView;
use crate::clock::{Clock, SharedClock};
use crate::domain::{
    Actor, Caller, Claim, ClaimEvent, ClaimPart, DecisionAuthor, DecisionId, EventId, FactSource,
    RecordedDecision,
};
use crate::kill_point;
use crate::store::{PartChange, SharedStore, Store, StoreError, UnitOfWork};
use apply::{apply, check_amount, check_same_content, check_transition, warning_of};

/// Largest number of transactions tried for one decision: a conflict with another change (two calls
/// with one key, a deadlock, a busy file) begins a new one.
const MAX_ATTEMPTS: u32 = 3;

/// Records decisions for callers.
#[derive(Clone)]
pub struct Decisions {
    store: SharedStore,
    clock: SharedClock,
}

/// A recorded decision, with the view of its claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The claim after the decision.
    pub view: ClaimView,
    /// The event; `None` when the part already had this state and content.
    pub event_id: Option<EventId>,
    /// Whether the decision was recorded before, so that this call wrote nothing.
    pub repeated: bool,
    /// Warning for the caller.
    pub warning: Option<Warning>,
}

impl Decisions {
    /// Records decisions in a store.
    #[must_use]
    pub fn new(store: SharedStore, clock: SharedClock) -> Self {
        Self { store, clock }
    }

    /// Records a decision and returns its claim.
    pub async fn record(
        &self,
        caller: &Caller,
        decision: &Decision,
    ) -> Result<Recorded, DecideError> {
        let clock = self.clock.as_ref();
        let outcome = decide(self.store.as_ref(), clock, caller, decision).await?;
        Ok(Recorded {
            view: ClaimView::of_claim(&outcome.claim, &[], clock.now()),
            event_id: outcome.event_id,
            repeated: outcome.repeated,
            warning: outcome.warning,
        })
    }
}

/// Records a decision.
#[tracing::instrument(
    name = "decisions.decide",
    skip_all,
    fields(claim_id = %decision.claim_id, part = decision.part.as_str(), caller = caller.name)
)]
pub async fn decide(
    store: &dyn Store,
    clock: &dyn Clock,
    caller: &Caller,
    decision: &Decision,
) -> Result<DecisionOutcome, DecideError> {
    let mut attempt = 1;
    loop {
        match decide_once(store, clock, caller, decision).await {
            Err(DecideError::Store(error)) if error.worth_a_retry() && attempt < MAX_ATTEMPTS => {
                attempt += 1
            }
            outcome => return outcome,
        }
    }
}

/// Tries to record a decision in one transaction.
async fn decide_once(
    store: &dyn Store,
    clock: &dyn Clock,
    caller: &Caller,
    decision: &Decision,
) -> Result<DecisionOutcome, DecideError> {
    let digest = decision.digest();
    let mut work = store.begin().await?;
    if let Some(outcome) = already_recorded(work.as_mut(), caller, decision, &digest).await? {
        return Ok(outcome);
    }
    let mut claim = lock_claim(work.as_mut(), caller, decision).await?;
    // Of two calls with the same key, the second waited for the lock of the claim: the first may
    // have
    // recorded the decision meanwhile.
    if let Some(outcome) = already_recorded(work.as_mut(), caller, decision, &digest).await? {
        return Ok(outcome);
    }
    let before = claim.part(decision.part).ok_or(DecideError::UnknownPart)?.clone();
    let mut part = apply(&before, &decision.kind, clock.now())?;
    let mut row = new_row(clock, caller, decision, digest, &part);
    if part.state == before.state {
        check_same_content(&before, &part)?;
        // A repetition without key cannot be recognised a second time, and leaves no row.
        if row.idempotency_key.is_some() {
            work.insert_decision(&row).await?;
        }
        work.commit().await?;
        let warning = warning_of(&claim, decision);
        return Ok(DecisionOutcome { claim, event_id: None, repeated: true, warning });
    }
    check_transition(&before, &part)?;
    check_amount(&before, &decision.kind)?;
    part.updated_at = row.decided_at;
    claim.set_part(part.clone());
    let event_id = EventId(clock.new_id());
    row.event_id = Some(event_id);
    write(work.as_mut(), &row, &claim, &part, event_id).await?;
    kill_point::reach("decide.written");
    work.commit().await?;
    kill_point::reach("decide.committed");
    log_decision(&row, &before, &part);
    let warning = warning_of(&claim, decision);
    Ok(DecisionOutcome { claim, event_id: Some(event_id), repeated: false, warning })
}

/// Returns the row of a decision that produces no event yet.
fn new_row(
    clock: &dyn Clock,
    caller: &Caller,
    decision: &Decision,
    request_digest: String,
    part: &ClaimPart,
) -> RecordedDecision {
    RecordedDecision {
        id: DecisionId(clock.new_id()),
        claim_id: decision.claim_id,
        part: decision.part,
        kind: decision.kind.code(),
        event_id: None,
        idempotency_key: decision.idempotency_key.as_ref().map(ToString::to_string),
        request_digest,
        author: DecisionAuthor::of(caller, decision.decided_by.clone()),
        decided_at: part.updated_at,
    }
}

fn log_decision(row: &RecordedDecision, before: &ClaimPart, after: &ClaimPart) {
    tracing::info!(
        from = before.state.as_str(),
        to = after.state.as_str(),
        decision_id = %row.id,
        decided_by = row.author.stated.as_ref().map(|name| name.as_str()),
        proof = row.author.proof.as_str(),
        event_id = row.event_id.map(tracing::field::display),
        "decision recorded"
    );
}

/// Locks the claim of a decision until the end of the transaction.
async fn lock_claim(
    work: &mut dyn UnitOfWork,
    caller: &Caller,
    decision: &Decision,
) -> Result<Claim, DecideError> {
    let claim = work.lock_claim(decision.claim_id).await?;
    claim
        .filter(|claim| caller.scope.covers_claim(claim))
        .ok_or(DecideError::UnknownClaim(decision.claim_id))
}

/// Returns the outcome recorded under the key of a decision, if any.
async fn already_recorded(
    work: &mut dyn UnitOfWork,
    caller: &Caller,
    decision: &Decision,
    digest: &str,
) -> Result<Option<DecisionOutcome>, DecideError> {
    let Some(key) = &decision.idempotency_key else { return Ok(None) };
    let Some(recorded) = work.recorded_decision(&caller.name, key.as_str()).await? else {
        return Ok(None);
    };
    if recorded.request_digest != digest {
        return Err(DecideError::KeyReused);
    }
    let claim = lock_claim(work, caller, decision).await?;
    let warning = warning_of(&claim, decision);
    Ok(Some(DecisionOutcome { claim, event_id: recorded.event_id, repeated: true, warning }))
}

/// Writes state, event and decision.
async fn write(
    work: &mut dyn UnitOfWork,
    row: &RecordedDecision,
    claim: &Claim,
    part: &ClaimPart,
    event_id: EventId,
) -> Result<(), StoreError> {
    let source =
        FactSource { actor: Actor::author(&row.author), exchange_id: None, at: part.updated_at };
    let sequence = work.next_sequences(&[claim.id]).await?.first().map_or(1, |(_, next)| *next);
    work.update_parts(&[PartChange { claim_id: claim.id, part: part.clone() }]).await?;
    work.insert_events(&[ClaimEvent::of(claim, part, event_id, sequence, &source)]).await?;
    work.insert_decision(row).await
}
