//! The life cycle of a part of a claim, and the status of the whole.
//!
//! ```text
//!            ┌──────────► rejected (final; a resend is a new claim)
//! received ──┼─► accepted ─┬─► paid ─► recovered (final)
//!            ├─► deferred ─┘ │
//!            └───────────────┘      accepted ─► rejected_after_acceptance (final)
//! ```

use super::{ClaimStatus, PartState};

/// Whether a part may change from one state to another. A repeated state is no transition: callers
/// recognise it before they ask.
///
/// `deferred` may also be accepted, rejected or paid; `received` may be paid at once by an RSP.
#[must_use]
pub const fn may_become(from: PartState, to: PartState) -> bool {
    use PartState::{
        Accepted, Deferred, Paid, Received, Recovered, Rejected, RejectedAfterAcceptance,
    };
    matches!(
        (from, to),
        (Received, Accepted | Rejected | Deferred | Paid)
            | (Deferred, Accepted | Rejected | Paid)
            | (Accepted, Paid | RejectedAfterAcceptance | Deferred)
            | (Paid, Recovered)
    )
}

/// Whether the state has no successor.
#[must_use]
pub const fn is_final(state: PartState) -> bool {
    matches!(state, PartState::Rejected | PartState::RejectedAfterAcceptance | PartState::Recovered)
}

/// Whether a state is a reject.
#[must_use]
pub const fn is_reject(state: PartState) -> bool {
    matches!(state, PartState::Rejected | PartState::RejectedAfterAcceptance)
}

/// Whether a claim with parts in these states makes the same invoice a duplicate: its AMC part (the
/// AMO part when nothing is asked of the AMC) is not rejected.
#[must_use]
pub const fn is_live(amo: PartState, amc: PartState) -> bool {
    !is_reject(if matches!(amc, PartState::NotRequested) { amo } else { amc })
}

/// Whether the part waits for its payer: its due instant then counts.
#[must_use]
pub const fn is_waiting(state: PartState) -> bool {
    matches!(state, PartState::Received | PartState::Accepted | PartState::Deferred)
}

/// Returns the status of a claim. Precedence: unknown state of a part, recovered, then payment, then reject, then deferral, then
/// acceptance.
#[must_use]
pub fn status(amo: PartState, amc: PartState) -> ClaimStatus {
    let asked: Vec<PartState> =
        [amo, amc].into_iter().filter(|s| *s != PartState::NotRequested).collect();
    let any = |states: &[PartState]| asked.iter().any(|s| states.contains(s));
    let all = |states: &[PartState]| !asked.is_empty() && asked.iter().all(|s| states.contains(s));
    let rejected = [PartState::Rejected, PartState::RejectedAfterAcceptance];
    if any(&[PartState::Unknown]) {
        ClaimStatus::Unknown
    } else if any(&[PartState::Recovered]) {
        ClaimStatus::Recovered
    } else if all(&[PartState::Paid]) {
        ClaimStatus::Paid
    } else if any(&[PartState::Paid]) {
        if any(&rejected) { ClaimStatus::PaidAndRejected } else { ClaimStatus::PartlyPaid }
    } else if any(&rejected) {
        ClaimStatus::Rejected
    } else if any(&[PartState::Deferred]) {
        ClaimStatus::Deferred
    } else if any(&[PartState::Accepted]) {
        ClaimStatus::Accepted
    } else {
        ClaimStatus::Received
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PartState::*;

    #[test]
    fn final_states_have_no_successor() {
        for from in PartState::ALL {
            let successors = PartState::ALL.iter().filter(|to| may_become(*from, **to)).count();
            let nothing_asked = *from == NotRequested;
            assert_eq!(successors == 0, is_final(*from) || nothing_asked, "{from:?}");
        }
    }

    #[test]
    fn status_follows_both_parts() {
        assert_eq!(status(Received, Received), ClaimStatus::Received);
        assert_eq!(status(Paid, Received), ClaimStatus::PartlyPaid);
        assert_eq!(status(Paid, Rejected), ClaimStatus::PaidAndRejected);
        assert_eq!(status(Paid, Paid), ClaimStatus::Paid);
        assert_eq!(status(NotRequested, Paid), ClaimStatus::Paid);
        assert_eq!(status(Received, RejectedAfterAcceptance), ClaimStatus::Rejected);
        assert_eq!(status(Deferred, Accepted), ClaimStatus::Deferred);
        assert_eq!(status(Received, Accepted), ClaimStatus::Accepted);
        assert_eq!(status(Recovered, Paid), ClaimStatus::Recovered);
        assert_eq!(status(Unknown, Paid), ClaimStatus::Unknown);
    }

    #[test]
    fn an_unknown_state_never_changes_and_never_waits() {
        for to in PartState::ALL {
            assert!(!may_become(Unknown, *to) && !may_become(*to, Unknown), "{to:?}");
        }
        assert!(!is_waiting(Unknown) && !is_final(Unknown));
        assert!(is_live(Received, Unknown), "the same invoice stays a duplicate");
    }
}
