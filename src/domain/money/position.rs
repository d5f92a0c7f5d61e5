//! Computes the position of a part (state, sum, gap and flags) from the outcomes of its invoice.
//!
//! The first row that holds is the state (s is the sum of the movements):
//!
//! | state | when |
//! |---|---|
//! | `held_other_sender`, `dismissed` | the attempt is a copy of another sender's invoice |
//! | `superseded` | a later attempt replaces this one |
//! | `not_requested` | nothing is asked, and there is no movement |
//! | `overpaid` | s > asked |
//! | `paid` | s = asked > 0 |
//! | `partly_paid` | 0 < s < asked |
//! | `recovered` | money moved for this attempt, and s ≤ 0; or s < 0 |
//! | `accepted`, `deferred`, `rejected`, `rejected_after_acceptance` | the last decision |
//! | `received` | otherwise |

use super::decision_order::{decided_state, decisions};
use super::{Flag, GapReason, Movement, Outcome, OutcomeKind, OutcomeSource, movements};
use crate::domain::{Caisse, ClaimId, PartKind, PartState, Reason};
use noemie_parsers::types::Montant;

/// A part of an attempt, as it was asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The attempt.
    pub claim_id: ClaimId,
    /// The part.
    pub kind: PartKind,
    /// Amount asked, centimes.
    pub amount: Montant,
    /// Insurer of the invoice; empty when the file names none.
    pub amc_number: &'a str,
    /// Grand regime, caisse and centre of the invoice; empty where payers are not compared with it.
    pub amo_organism: &'a str,
    /// Whether the attempt is the one that counts for its invoice.
    pub standing: Standing,
}

/// Whether an attempt is the one that counts for its invoice, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The attempt counts.
    Current,
    /// A later attempt replaces it.
    Superseded,
    /// It is a copy of another sender's invoice, about which the desk has to decide.
    Held,
    /// It is a copy of another sender's invoice, and is not treated.
    Dismissed,
}

impl Standing {
    /// Returns the state of both parts of an attempt that does not count; `None` when it counts.
    const fn state(self) -> Option<PartState> {
        match self {
            Self::Current => None,
            Self::Superseded => Some(PartState::Superseded),
            Self::Held => Some(PartState::HeldOtherSender),
            Self::Dismissed => Some(PartState::Dismissed),
        }
    }
}

/// State, sum, gap and flags of a part, as they follow from the outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// State.
    pub state: PartState,
    /// Sum of the movements.
    pub sum: Montant,
    /// Movements, by day.
    pub movements: Vec<Movement>,
    /// Why the sum is not the amount asked; `None` when it is, and for an attempt that does not
    /// count.
    pub gap: Option<GapReason>,
    /// Flags, in the order of [`Flag::ALL`].
    pub flags: Vec<Flag>,
    /// Reasons of the last decision, or, where money moved, of the last payment that has some.
    pub reasons: Vec<Reason>,
    /// Whether the payer's answer or money is still awaited, so that the part may be overdue.
    pub is_awaited: bool,
}

/// Returns the position of a part. `outcomes` are those of the invoice, of every attempt.
#[must_use]
pub fn position(asked: Asked<'_>, outcomes: &[Outcome]) -> Position {
    let of_part: Vec<&Outcome> = outcomes.iter().filter(|o| o.part == asked.kind).collect();
    let of_attempt: Vec<&Outcome> =
        of_part.iter().copied().filter(|o| o.claim_id == Some(asked.claim_id)).collect();
    let decided = decisions(&of_attempt);
    if let Some(state) = asked.standing.state() {
        return not_current(state, &decided);
    }
    let movements = movements(&of_part, asked.amc_number);
    let sum: Montant = movements.iter().map(|m| m.amount).sum();
    let decided_state = decided_state(&decided);
    // Money of earlier attempts that was wholly taken back is not money of this one.
    let has_moved = sum != Montant::ZERO || of_attempt.iter().any(|o| o.amount != Montant::ZERO);
    let state = state(asked, sum, has_moved, decided_state);
    let was_paid = of_attempt.iter().any(|o| o.kind == OutcomeKind::Paid);
    let counted = if has_moved { movements.as_slice() } else { &[] };
    let gap = gap(asked.amount, sum, counted, &of_part);
    Position {
        state,
        sum,
        gap,
        flags: flags(asked, sum, &movements, &of_part, decided_state),
        reasons: reasons(state, &decided, &of_part),
        is_awaited: is_waiting(state) && !was_paid,
        movements,
    }
}

/// Returns the position of an attempt that does not count for its invoice: the money of the invoice
/// and its flags are those of the current attempt.
fn not_current(state: PartState, decided: &[&Outcome]) -> Position {
    Position {
        state,
        sum: Montant::ZERO,
        movements: Vec::new(),
        gap: None,
        flags: Vec::new(),
        reasons: decided.last().map(|d| d.reasons.clone()).unwrap_or_default(),
        is_awaited: false,
    }
}

fn state(asked: Asked<'_>, sum: Montant, has_moved: bool, decided: PartState) -> PartState {
    if asked.amount == Montant::ZERO && !has_moved {
        PartState::NotRequested
    } else if sum > asked.amount && sum > Montant::ZERO {
        PartState::Overpaid
    } else if sum == asked.amount && sum > Montant::ZERO {
        PartState::Paid
    } else if sum > Montant::ZERO {
        PartState::PartlyPaid
    } else if has_moved {
        PartState::Recovered
    } else {
        decided
    }
}

const fn is_waiting(state: PartState) -> bool {
    matches!(state, PartState::Received | PartState::Accepted | PartState::Deferred)
}

fn gap(
    asked: Montant,
    sum: Montant,
    movements: &[Movement],
    outcomes: &[&Outcome],
) -> Option<GapReason> {
    // A payer that paid less names the amount that it was asked.
    let told_less = |o: &&&Outcome| {
        o.kind == OutcomeKind::Paid
            && o.amount > Montant::ZERO
            && o.asked.is_some_and(|asked| o.amount < asked)
    };
    if sum == asked {
        None
    } else if sum > asked {
        Some(GapReason::PaidAbove)
    } else if movements.iter().any(|m| m.amount < Montant::ZERO) {
        Some(GapReason::TakenBack)
    } else if outcomes.iter().find(told_less).is_some() {
        Some(GapReason::DifferenceAnnounced)
    } else {
        Some(GapReason::Awaited)
    }
}

fn flags(
    asked: Asked<'_>,
    sum: Montant,
    movements: &[Movement],
    outcomes: &[&Outcome],
    decided: PartState,
) -> Vec<Flag> {
    let rejected = matches!(decided, PartState::Rejected | PartState::RejectedAfterAcceptance);
    let caisse = Caisse::of_number(asked.amo_organism);
    let is_set = |flag: Flag| match flag {
        Flag::OverAsked => movements.iter().any(|m| m.amount > asked.amount),
        Flag::PaidTwice => sum > asked.amount && payments_left(movements) > 1,
        Flag::PaidAndRejected => sum > Montant::ZERO && rejected,
        Flag::TakenBackTooMuch => sum < Montant::ZERO,
        Flag::StateDisagrees => {
            outcomes.iter().any(|o| o.kind != OutcomeKind::Paid && o.amount != Montant::ZERO)
        }
        Flag::PaidZero => outcomes
            .iter()
            .any(|o| o.kind == OutcomeKind::Paid && o.amount == Montant::ZERO && asks(o, asked)),
        Flag::AskedDiffers => outcomes.iter().any(|o| asks_otherwise(o, asked)),
        Flag::OtherPayer => {
            outcomes.iter().any(|o| o.is_of_other_caisse(caisse.as_ref()))
                || asked.kind == PartKind::Amc
                    && movements.iter().any(|m| m.on_behalf_of != asked.amc_number)
        }
        Flag::MaybeTwice => movements.iter().any(|m| m.maybe_twice),
        Flag::SameByAmount => movements.iter().any(|m| m.same_by_amount),
        Flag::TransferDayUnreadable => {
            outcomes.iter().any(|o| o.transfer.as_ref().is_some_and(|t| !t.raw_day.is_empty()))
        }
        Flag::Unknown => false,
    };
    Flag::ALL.iter().copied().filter(|flag| is_set(*flag)).collect()
}

/// Returns the number of payments left when each take-back is set against one of its amount.
fn payments_left(movements: &[Movement]) -> usize {
    let mut payments: Vec<Montant> =
        movements.iter().map(|m| m.amount).filter(|a| *a > Montant::ZERO).collect();
    for taken_back in movements.iter().map(|m| -m.amount).filter(|a| *a > Montant::ZERO) {
        if let Some(index) = payments.iter().position(|paid| *paid == taken_back) {
            payments.swap_remove(index);
        }
    }
    payments.len()
}

/// Returns whether a payment of 0 is a contradiction: something was asked of this payer.
fn asks(outcome: &Outcome, asked: Asked<'_>) -> bool {
    asked.amount != Montant::ZERO || outcome.asked.is_some_and(|a| a != Montant::ZERO)
}

/// Returns whether a return names another amount asked than the attempt that it names.
fn asks_otherwise(outcome: &Outcome, asked: Asked<'_>) -> bool {
    outcome.source == OutcomeSource::Return
        && outcome.kind != OutcomeKind::Untreated
        && outcome.amount >= Montant::ZERO
        && outcome.claim_id == Some(asked.claim_id)
        && outcome.asked.is_some_and(|amount| amount != asked.amount)
}

/// Returns the reasons that a professional reads: those of the last decision, or, of a part that
/// is partly paid or recovered, those of the last payment that has some.
fn reasons(state: PartState, decided: &[&Outcome], outcomes: &[&Outcome]) -> Vec<Reason> {
    let paid = || {
        let mut payments: Vec<&&Outcome> = outcomes
            .iter()
            .filter(|o| o.kind == OutcomeKind::Paid && !o.reasons.is_empty())
            .collect();
        payments.sort_by_key(|o| (o.day, &o.told_by, o.ordinal, o.rank));
        payments.last().map(|o| o.reasons.clone())
    };
    match state {
        PartState::PartlyPaid | PartState::Recovered => paid().unwrap_or_default(),
        PartState::Paid | PartState::Overpaid | PartState::NotRequested => Vec::new(),
        _ => decided.last().map(|d| d.reasons.clone()).unwrap_or_default(),
    }
}
