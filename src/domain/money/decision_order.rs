//! Orders the decisions of a part: by their days, never by their arrival.

use super::{Outcome, OutcomeKind, OutcomeSource};
use crate::domain::{FreeText, PartState};

/// Returns the decisions among outcomes, in order. A decision that several files repeat appears
/// once. A payment is no decision.
#[must_use]
pub fn decisions<'a>(outcomes: &[&'a Outcome]) -> Vec<&'a Outcome> {
    let mut found: Vec<&Outcome> =
        outcomes.iter().copied().filter(|o| rank_of_kind(o.kind).is_some()).collect();
    found.sort_by(|a, b| place(a).cmp(&place(b)));
    let mut kept: Vec<&Outcome> = Vec::with_capacity(found.len());
    for decision in found {
        if !kept.iter().any(|first| is_told_again(first, decision)) {
            kept.push(decision);
        }
    }
    kept
}

/// Returns the state that decisions in order give to a part: `received` without a decision, and
/// after a reject was withdrawn.
#[must_use]
pub fn decided_state(decisions: &[&Outcome]) -> PartState {
    let Some(last) = decisions.last() else { return PartState::Received };
    match last.kind {
        OutcomeKind::Accepted => PartState::Accepted,
        OutcomeKind::Deferred => PartState::Deferred,
        OutcomeKind::Rejected if follows_acceptance(decisions) => {
            PartState::RejectedAfterAcceptance
        }
        OutcomeKind::Rejected => PartState::Rejected,
        _ => PartState::Received,
    }
}

/// Returns whether the last decision that is no reject is an acceptance.
fn follows_acceptance(decisions: &[&Outcome]) -> bool {
    let before = decisions.iter().rev().find(|d| d.kind != OutcomeKind::Rejected);
    before.is_some_and(|d| d.kind == OutcomeKind::Accepted)
}

/// Returns the sort key of a decision: day, returns before workers, kind among returns, then file
/// and rank, or version of the claim. Two workers may decide on one version: the ids of their
/// decisions, which follow their instants, order them.
fn place(decision: &Outcome) -> impl Ord + use<'_> {
    let is_worker = decision.source == OutcomeSource::Worker;
    let kind = if is_worker { 0 } else { rank_of_kind(decision.kind).unwrap_or(0) };
    let file = if is_worker { "" } else { decision.told_by.as_str() };
    (decision.day, is_worker, kind, file, decision.ordinal, decision.rank, &decision.told_by)
}

const fn rank_of_kind(kind: OutcomeKind) -> Option<u8> {
    match kind {
        OutcomeKind::Deferred => Some(0),
        OutcomeKind::Accepted => Some(1),
        OutcomeKind::Rejected => Some(2),
        OutcomeKind::Reopened => Some(3),
        OutcomeKind::Paid | OutcomeKind::Untreated | OutcomeKind::Unknown => None,
    }
}

/// Returns whether a source repeats the decision of another one: the same payer, transfer, lot,
/// kind and codes. Each decision of a worker is a decision of its own.
fn is_told_again(first: &Outcome, again: &Outcome) -> bool {
    let codes =
        |o: &Outcome| -> Vec<FreeText> { o.reasons.iter().map(|r| r.code.clone()).collect() };
    let transfer = |o: &Outcome| o.transfer.as_ref().map(|t| (t.day, t.reference()));
    first.source != OutcomeSource::Worker
        && again.source != OutcomeSource::Worker
        && (first.kind, &first.payer, &first.lot) == (again.kind, &again.payer, &again.lot)
        && transfer(first) == transfer(again)
        && codes(first) == codes(again)
}
