//! The effect of a decision on a part of a claim, in pure functions.

use super::request::{DecideError, Decision, DecisionKind, Warning};
use crate::domain::life_cycle::may_become;
use crate::domain::{Claim, ClaimPart, PartState};
use noemie_parsers::types::Montant;
use time::OffsetDateTime;

/// Returns the part after a decision, whether the life cycle allows the transition or not.
pub(super) fn apply(
    before: &ClaimPart,
    kind: &DecisionKind,
    now: OffsetDateTime,
) -> Result<ClaimPart, DecideError> {
    let mut part = ClaimPart { updated_at: now, ..before.clone() };
    match kind {
        DecisionKind::Accept => {
            part.state = PartState::Accepted;
            part.reasons.clear();
        }
        DecisionKind::Reject { reasons } => {
            if reasons.is_empty() {
                return Err(DecideError::ReasonMissing);
            }
            let was_accepted =
                matches!(before.state, PartState::Accepted | PartState::RejectedAfterAcceptance);
            part.state =
                if was_accepted { PartState::RejectedAfterAcceptance } else { PartState::Rejected };
            part.reasons.clone_from(reasons);
        }
        DecisionKind::Defer { reasons } => {
            part.state = PartState::Deferred;
            part.reasons.clone_from(reasons);
        }
        DecisionKind::Pay { reference, date, amount } => {
            part.state = PartState::Paid;
            part.paid = *amount;
            part.transfer_reference = Some(reference.into());
            part.transfer_date = Some(*date);
            part.reasons.clear();
        }
        DecisionKind::Recover { amount, reference } => {
            part.state = PartState::Recovered;
            // A repeated recovery is recognised by its reference: the amount that had been paid is
            // no longer known.
            part.paid = if before.state == PartState::Recovered {
                before.paid
            } else {
                before.paid - *amount
            };
            part.transfer_reference = Some(reference.into());
        }
    }
    Ok(part)
}

/// Refuses a decision for the state that the part already has, unless its content is the same: then
/// the decision is a repetition.
pub(super) fn check_same_content(
    before: &ClaimPart,
    wanted: &ClaimPart,
) -> Result<(), DecideError> {
    let same = before.paid == wanted.paid
        && before.transfer_reference == wanted.transfer_reference
        && before.transfer_date == wanted.transfer_date
        && before.reasons == wanted.reasons;
    // An acceptance has no content that could differ.
    if same || wanted.state == PartState::Accepted {
        Ok(())
    } else {
        Err(DecideError::DecidedOtherwise { part: before.kind, state: before.state })
    }
}

/// Refuses a transition that the life cycle does not have.
pub(super) fn check_transition(before: &ClaimPart, after: &ClaimPart) -> Result<(), DecideError> {
    if may_become(before.state, after.state) {
        return Ok(());
    }
    let (part, from, to) = (after.kind, before.state, after.state);
    Err(DecideError::IllegalTransition { part, from, to })
}

/// Refuses an amount of 0 or less, above the amount asked, or above the amount paid.
pub(super) fn check_amount(before: &ClaimPart, kind: &DecisionKind) -> Result<(), DecideError> {
    let (amount, limit) = match kind {
        DecisionKind::Pay { amount, .. } => (*amount, before.asked),
        DecisionKind::Recover { amount, .. } => (*amount, before.paid),
        DecisionKind::Accept | DecisionKind::Reject { .. } | DecisionKind::Defer { .. } => {
            return Ok(());
        }
    };
    if amount > Montant::ZERO && amount <= limit {
        Ok(())
    } else {
        Err(DecideError::AmountOutOfRange { amount, limit })
    }
}

/// Returns the warning about a decision: less paid than asked, or less recovered than paid. A
/// repetition gets the same warning, because the amount asked never changes.
pub(super) fn warning_of(claim: &Claim, decision: &Decision) -> Option<Warning> {
    let part = claim.part(decision.part)?;
    match &decision.kind {
        DecisionKind::Pay { amount, .. } => {
            (*amount < part.asked).then_some(Warning::PartialPayment)
        }
        DecisionKind::Recover { .. } => {
            (part.paid > Montant::ZERO).then_some(Warning::PartialRecovery)
        }
        DecisionKind::Accept | DecisionKind::Reject { .. } | DecisionKind::Defer { .. } => None,
    }
}
