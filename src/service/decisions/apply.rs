//! Makes the outcome of a decision about a part of a claim, in pure functions.

use super::request::{DecideError, Decision, DecisionKind, Warning};
use crate::domain::civil_time::paris_date;
use crate::domain::life_cycle::is_reject;
use crate::domain::money::decision_order::{decided_state, decisions};
use crate::domain::{
    Claim, ClaimPart, DecisionId, Outcome, OutcomeKind, OutcomeSource, PartKind, PartState, Reason,
    Transfer,
};
use noemie_parsers::types::Montant;
use time::OffsetDateTime;

/// Code of the reason of a reopening, beside which its text stands.
const REOPENED: &str = "REOUVERTURE";

/// Returns the outcome of a decision. Its rank is the version of the claim.
pub(super) fn outcome(
    claim: &Claim,
    decision: &Decision,
    id: DecisionId,
    now: OffsetDateTime,
) -> Outcome {
    let (kind, amount, reasons) = match &decision.kind {
        DecisionKind::Accept => (OutcomeKind::Accepted, Montant::ZERO, Vec::new()),
        DecisionKind::Reject { reasons } => (OutcomeKind::Rejected, Montant::ZERO, reasons.clone()),
        DecisionKind::Defer { reasons } => (OutcomeKind::Deferred, Montant::ZERO, reasons.clone()),
        DecisionKind::Reopen { reason } => {
            let reason = Reason { code: REOPENED.into(), label: reason.clone() };
            (OutcomeKind::Reopened, Montant::ZERO, vec![reason])
        }
        DecisionKind::Pay { amount, .. } => (OutcomeKind::Paid, *amount, Vec::new()),
        DecisionKind::Recover { amount, .. } => (OutcomeKind::Paid, -*amount, Vec::new()),
    };
    let payer = match decision.part {
        PartKind::Amo => claim.amo_organism.clone(),
        _ => claim.amc_number.clone(),
    };
    Outcome {
        source: OutcomeSource::Worker,
        told_in: id.0,
        told_by: id.to_string(),
        ordinal: claim.version,
        rank: 0,
        claim_id: Some(claim.id),
        part: decision.part,
        kind,
        day: paris_date(now),
        amount,
        asked: None,
        on_behalf_of: payer.clone(),
        payer,
        transfer: transfer(&decision.kind, now),
        lot: String::new(),
        reasons,
    }
}

fn transfer(kind: &DecisionKind, now: OffsetDateTime) -> Option<Transfer> {
    let (day, reference) = match kind {
        DecisionKind::Pay { reference, date, .. } => (*date, reference),
        DecisionKind::Recover { reference, .. } => (paris_date(now), reference),
        DecisionKind::Accept
        | DecisionKind::Reject { .. }
        | DecisionKind::Defer { .. }
        | DecisionKind::Reopen { .. } => return None,
    };
    Some(Transfer { day, raw_day: String::new(), label: reference.into() })
}

/// Returns whether a worker recorded this already for the attempt: the same movement, or the last
/// decision once more.
pub(super) fn is_told(outcome: &Outcome, told: &[Outcome]) -> bool {
    let of_part: Vec<&Outcome> =
        told.iter().filter(|o| o.claim_id == outcome.claim_id && o.part == outcome.part).collect();
    if outcome.kind == OutcomeKind::Paid {
        return of_part
            .iter()
            .any(|o| o.source == OutcomeSource::Worker && is_same_movement(o, outcome));
    }
    decisions(&of_part).last().is_some_and(|last| {
        last.source == OutcomeSource::Worker
            && last.kind == outcome.kind
            && last.reasons == outcome.reasons
    })
}

/// Returns whether two accounts of workers are one movement. The day of a recovery does not
/// count, because it is the day of the record.
fn is_same_movement(told: &Outcome, again: &Outcome) -> bool {
    let label = |o: &Outcome| o.transfer.as_ref().map(Transfer::reference);
    let day = |o: &Outcome| o.transfer.as_ref().map(|t| t.day);
    let is_recovery = again.amount < Montant::ZERO;
    told.kind == OutcomeKind::Paid
        && told.amount == again.amount
        && label(told) == label(again)
        && (is_recovery || day(told) == day(again))
}

/// Refuses a reject without reason, an amount of 0 or less, a payment above the amount asked, and a
/// recovery above the larger of what was asked and what was paid.
pub(super) fn check(before: &ClaimPart, kind: &DecisionKind) -> Result<(), DecideError> {
    let (amount, limit) = match kind {
        DecisionKind::Pay { amount, .. } => (*amount, before.asked),
        DecisionKind::Recover { amount, .. } => (*amount, before.asked.max(before.paid)),
        DecisionKind::Reject { reasons } => return check_reasons(reasons),
        DecisionKind::Accept | DecisionKind::Defer { .. } | DecisionKind::Reopen { .. } => {
            return Ok(());
        }
    };
    if amount > Montant::ZERO && amount <= limit {
        Ok(())
    } else {
        Err(DecideError::AmountOutOfRange { amount, limit })
    }
}

/// Refuses a decision that does not fit what was told before: one that rests on another version of
/// the claim, and the reopening of a part whose last decision is no reject. `told` has the outcomes
/// of the invoice.
pub(super) fn check_version(
    claim: &Claim,
    decision: &Decision,
    told: &[Outcome],
) -> Result<(), DecideError> {
    let version = claim.version;
    if let Some(expected) = decision.expected_version.filter(|expected| *expected != version) {
        return Err(DecideError::StaleVersion { expected, version });
    }
    let Some(part) = claim.part(decision.part) else { return Err(DecideError::UnknownPart) };
    if !matches!(decision.kind, DecisionKind::Reopen { .. }) {
        return Ok(());
    }
    let of_part: Vec<&Outcome> =
        told.iter().filter(|o| o.claim_id == Some(claim.id) && o.part == part.kind).collect();
    let is_rejected = is_reject(decided_state(&decisions(&of_part)));
    if is_rejected && part.state != PartState::Superseded {
        Ok(())
    } else {
        Err(DecideError::NotRejected { part: part.kind, state: part.state })
    }
}

fn check_reasons(reasons: &[Reason]) -> Result<(), DecideError> {
    if reasons.is_empty() { Err(DecideError::ReasonMissing) } else { Ok(()) }
}

/// Returns the warning about a decision: less paid than asked, or less recovered than paid.
pub(super) fn warning_of(claim: &Claim, decision: &Decision) -> Option<Warning> {
    let part = claim.part(decision.part)?;
    match &decision.kind {
        DecisionKind::Pay { amount, .. } => {
            (*amount < part.asked).then_some(Warning::PartialPayment)
        }
        DecisionKind::Recover { .. } => {
            (part.paid > Montant::ZERO).then_some(Warning::PartialRecovery)
        }
        DecisionKind::Accept
        | DecisionKind::Reject { .. }
        | DecisionKind::Defer { .. }
        | DecisionKind::Reopen { .. } => None,
    }
}
