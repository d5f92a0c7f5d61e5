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
use time::{Date, OffsetDateTime};

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
            let reason = Reason::of_invoice(REOPENED.into(), reason.clone());
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
        paying_caisse: None,
        amc_handling: String::new(),
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

/// Refuses a reject without reason, an amount of 0 or less, a payment above the amount asked or on
/// a day far from the claim or from `today`, and a recovery above the larger of what was asked and
/// what was paid.
pub(super) fn check(
    claim: &Claim,
    before: &ClaimPart,
    kind: &DecisionKind,
    today: Date,
) -> Result<(), DecideError> {
    if let DecisionKind::Pay { date, .. } = kind {
        check_date(claim, *date, today)?;
    }
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

/// Refuses a transfer long before the invoice or its receipt, or long after today: a slip of the
/// hand that the search by date would never find.
fn check_date(claim: &Claim, date: Date, today: Date) -> Result<(), DecideError> {
    let received = paris_date(claim.received_at);
    let invoiced = claim.invoice_date.map_or(received, |day| day.min(received));
    let first = invoiced.saturating_sub(Transfer::OLDEST);
    let last = today.saturating_add(Transfer::LATEST);
    if (first..=last).contains(&date) {
        Ok(())
    } else {
        Err(DecideError::DateOutOfRange { date, first, last })
    }
}

/// Refuses a reason that names a line beyond the last one.
pub(super) fn check_lines(kind: &DecisionKind, lines: usize) -> Result<(), DecideError> {
    let is_beyond = |line: u32| usize::try_from(line).map_or(true, |line| line > lines);
    let named = reasons_of(kind).iter().enumerate();
    let mut named = named.filter_map(|(index, reason)| Some((index, reason.line?)));
    match named.find(|(_, line)| is_beyond(*line)) {
        Some((index, line)) => Err(DecideError::UnknownLine { index, line, lines }),
        None => Ok(()),
    }
}

/// Returns the reasons of a reject or a deferral.
pub(super) fn reasons_of(kind: &DecisionKind) -> &[Reason] {
    match kind {
        DecisionKind::Reject { reasons } | DecisionKind::Defer { reasons } => reasons,
        _ => &[],
    }
}

fn check_reasons(reasons: &[Reason]) -> Result<(), DecideError> {
    if reasons.is_empty() { Err(DecideError::ReasonMissing) } else { Ok(()) }
}

/// Returns the warning about a decision: less paid than asked, or less recovered than paid.
pub(super) fn warning_of(claim: &Claim, decision: &Decision) -> Option<Warning> {
    let part = claim.part(decision.part)?;
    match &decision.kind {
        DecisionKind::Pay { .. } => match part.state {
            PartState::PartlyPaid => Some(Warning::PartialPayment),
            PartState::Overpaid => Some(Warning::PaidAbove),
            _ => None,
        },
        DecisionKind::Recover { .. } => {
            (part.paid > Montant::ZERO).then_some(Warning::PartialRecovery)
        }
        DecisionKind::Accept
        | DecisionKind::Reject { .. }
        | DecisionKind::Defer { .. }
        | DecisionKind::Reopen { .. } => None,
    }
}
