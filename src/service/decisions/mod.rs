//! Records decisions of workers about one part of one claim: decision, state and event in one
//! transaction.
//!
//! A decision repeated under its key, or told once more without a key, writes nothing and gets the
//! same answer. A payment or a recovery is a fact: it is kept whatever else was told about the
//! part, and flagged where it does not fit. A decision that names the version of the claim on which
//! it rests is refused when the claim has another one. A claim outside the scope of the caller is
//! answered like a claim that does not exist.

mod apply;
pub mod message;
pub mod refusal;
mod request;

pub use request::{DecideError, Decision, DecisionKind, DecisionOutcome, Warning};

use super::view::ClaimView;
use crate::clock::{Clock, SharedClock};
use crate::domain::civil_time::paris_date;
use crate::domain::{
    Actor, Caller, Claim, ClaimId, ClaimPart, DecisionAuthor, DecisionId, EventId, FactSource,
    Outcome, PartState, ReasonCodes, RecordedDecision,
};
use crate::kill_point;
use crate::settle::{Settled, settle};
use crate::store::{SharedStore, Store, StoreError, UnitOfWork};
use apply::{check, check_lines, check_version, is_told, outcome, reasons_of, warning_of};
use std::sync::Arc;

/// Largest number of transactions tried for one decision: a conflict with another change (two calls
/// with one key, a deadlock, a busy file) begins a new one.
const MAX_ATTEMPTS: u32 = 3;

/// Records decisions for callers.
#[derive(Clone)]
pub struct Decisions {
    store: SharedStore,
    clock: SharedClock,
    codes: Arc<ReasonCodes>,
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
    /// Warnings for the caller.
    pub warnings: Vec<Warning>,
}

impl Decisions {
    /// Records decisions in a store, with the codes of reasons that the gateway knows.
    #[must_use]
    pub fn new(store: SharedStore, clock: SharedClock) -> Self {
        Self { store, clock, codes: Arc::default() }
    }

    /// Checks the codes of reasons against another table.
    #[must_use]
    pub fn with_codes(self, codes: Arc<ReasonCodes>) -> Self {
        Self { codes, ..self }
    }

    /// Returns the table of the codes of reasons.
    #[must_use]
    pub fn codes(&self, _caller: &Caller) -> &ReasonCodes {
        &self.codes
    }

    /// Records a decision and returns its claim. A reason without label gets that of its code.
    pub async fn record(
        &self,
        caller: &Caller,
        decision: &Decision,
    ) -> Result<Recorded, DecideError> {
        let clock = self.clock.as_ref();
        // The label may be written otherwise in the table when the decision is repeated: the digest
        // is that of the decision as asked.
        let digest = decision.digest();
        let (decision, unknown) = self.with_labels(decision)?;
        let outcome = decide_as(self.store.as_ref(), clock, caller, &decision, &digest).await?;
        Ok(Recorded {
            view: ClaimView::of_claim(&outcome.claim, &[], clock.now()),
            event_id: outcome.event_id,
            repeated: outcome.repeated,
            warnings: outcome.warnings.into_iter().chain(unknown).collect(),
        })
    }

    /// Returns the decision with the labels that its reasons leave empty, and a warning where a
    /// code is not known. A code that is not known is refused where an insurer registered its
    /// codes.
    fn with_labels(&self, decision: &Decision) -> Result<(Decision, Option<Warning>), DecideError> {
        let mut decision = decision.clone();
        let mut warning = None;
        let (DecisionKind::Reject { reasons } | DecisionKind::Defer { reasons }) =
            &mut decision.kind
        else {
            return Ok((decision, None));
        };
        for (index, reason) in reasons.iter_mut().enumerate() {
            match self.codes.label(reason.code.as_str()) {
                Some(label) if reason.label.is_empty() => reason.label = label.clone(),
                Some(_) => {}
                None if self.codes.refuses_others() => {
                    let examples = self.codes.examples();
                    return Err(DecideError::UnknownReason { index, examples });
                }
                None => warning = Some(Warning::UnknownReasonCode),
            }
        }
        Ok((decision, warning))
    }
}

/// Records a decision, with its reasons as they are.
pub async fn decide(
    store: &dyn Store,
    clock: &dyn Clock,
    caller: &Caller,
    decision: &Decision,
) -> Result<DecisionOutcome, DecideError> {
    decide_as(store, clock, caller, decision, &decision.digest()).await
}

/// Records a decision under the digest of what was asked.
#[tracing::instrument(
    name = "decisions.decide",
    skip_all,
    fields(claim_id = %decision.claim_id, part = decision.part.as_str(), caller = caller.name)
)]
async fn decide_as(
    store: &dyn Store,
    clock: &dyn Clock,
    caller: &Caller,
    decision: &Decision,
    digest: &str,
) -> Result<DecisionOutcome, DecideError> {
    if !caller.role.may_decide(decision.part) {
        return Err(DecideError::PartNotAllowed { role: caller.role, part: decision.part });
    }
    let mut attempt = 1;
    loop {
        match decide_once(store, clock, caller, decision, digest).await {
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
    digest: &str,
) -> Result<DecisionOutcome, DecideError> {
    let mut work = store.begin().await?;
    if let Some(outcome) = already_recorded(work.as_mut(), caller, decision, digest).await? {
        return Ok(outcome);
    }
    let mut attempts = lock_attempts(work.as_mut(), decision.claim_id).await?;
    // Of two calls with the same key, the second waited for the lock of the claim: the first may
    // have recorded the decision meanwhile.
    if let Some(outcome) = already_recorded(work.as_mut(), caller, decision, digest).await? {
        return Ok(outcome);
    }
    let claim = claim_of(&attempts, caller, decision)?;
    if claim.hold.is_some() {
        return Err(DecideError::Held);
    }
    let before = claim.part(decision.part).ok_or(DecideError::UnknownPart)?.clone();
    let mut row = new_row(clock, caller, decision, digest.to_owned());
    check(claim, &before, &decision.kind, paris_date(row.decided_at))?;
    if reasons_of(&decision.kind).iter().any(|reason| reason.line.is_some()) {
        check_lines(&decision.kind, work.lines_of(&[claim.id]).await?.len())?;
    }
    let outcome = outcome(claim, decision, row.id, row.decided_at);
    let told = work.outcomes_of(&[claim.id]).await?;
    if before.state == PartState::Unknown || told.iter().any(Outcome::is_of_later_version) {
        return Err(DecideError::LaterVersion { part: decision.part });
    }
    if is_told(&outcome, &told) {
        let claim = claim.clone();
        // A repetition without key cannot be recognised a second time, and leaves no row.
        if row.idempotency_key.is_some() {
            work.insert_decision(&row).await?;
        }
        work.commit().await?;
        let warnings = warnings_of(&claim, decision);
        return Ok(DecisionOutcome { claim, event_id: None, repeated: true, warnings });
    }
    check_version(claim, decision, &told)?;
    work.insert_outcomes(&[outcome]).await?;
    let source =
        FactSource { actor: Actor::author(&row.author), exchange_id: None, at: row.decided_at };
    let settled = settle(&mut attempts, &source, clock, work.as_mut()).await?;
    let is_its = |s: &&Settled| s.claim_id == decision.claim_id && s.part == decision.part;
    row.event_id = settled.iter().find(is_its).map(|settled| settled.event_id);
    work.insert_decision(&row).await?;
    kill_point::reach("decide.written");
    work.commit().await?;
    kill_point::reach("decide.committed");
    let claim = claim_of(&attempts, caller, decision)?.clone();
    log_decision(&row, &before, &claim);
    let warnings = warnings_of(&claim, decision);
    Ok(DecisionOutcome { claim, event_id: row.event_id, repeated: false, warnings })
}

fn warnings_of(claim: &Claim, decision: &Decision) -> Vec<Warning> {
    warning_of(claim, decision).into_iter().collect()
}

/// Returns the row of a decision that produces no event yet.
fn new_row(
    clock: &dyn Clock,
    caller: &Caller,
    decision: &Decision,
    request_digest: String,
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
        decided_at: clock.now(),
    }
}

fn log_decision(row: &RecordedDecision, before: &ClaimPart, after: &Claim) {
    tracing::info!(
        from = before.state.as_str(),
        to = after.part(row.part).map(|part| part.state.as_str()),
        decision_id = %row.id,
        decided_by = row.author.stated.as_ref().map(|name| name.as_str()),
        proof = row.author.proof.as_str(),
        event_id = row.event_id.map(tracing::field::display),
        "decision recorded"
    );
}

/// Locks every attempt of the invoice of a claim until the end of the transaction. Attempts of a
/// staged deposit, which nobody sees, are left out.
async fn lock_attempts(
    work: &mut dyn UnitOfWork,
    claim: ClaimId,
) -> Result<Vec<Claim>, StoreError> {
    let keys = work.invoice_keys(&[claim]).await?;
    let mut attempts = work.lock_attempts(&keys).await?;
    let open = work.open_deposits().await?;
    attempts.retain(|claim| open.iter().all(|deposit| deposit.id != claim.exchange_id));
    Ok(attempts)
}

/// Returns the claim of a decision among the attempts of its invoice.
fn claim_of<'a>(
    attempts: &'a [Claim],
    caller: &Caller,
    decision: &Decision,
) -> Result<&'a Claim, DecideError> {
    attempts
        .iter()
        .find(|claim| claim.id == decision.claim_id && caller.scope.covers_claim(claim))
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
    let attempts = lock_attempts(work, decision.claim_id).await?;
    let claim = claim_of(&attempts, caller, decision)?.clone();
    let warnings = warnings_of(&claim, decision);
    Ok(Some(DecisionOutcome { claim, event_id: recorded.event_id, repeated: true, warnings }))
}
