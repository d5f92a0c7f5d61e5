//! States of a part of a claim, its legal transitions, and the status of the claim.
//!
//! ```text
//!            ┌──────────► rejected (final; a resend is a new claim)
//! received ──┼─► accepted ─┬─► paid ─► recovered (final)
//!            ├─► deferred ─┘ │
//!            └───────────────┘      accepted ─► rejected_after_acceptance (final)
//! ```

use super::codes::open_coded;

open_coded! {
    /// State of one part of a claim. [`may_become`] has the transitions.
    PartState {
        /// Committed; the payer has not decided.
        Received = "received", "Reçue, en cours de traitement";
        /// Accepted by the insurer, payment to come.
        Accepted = "accepted", "Acceptée, paiement à venir";
        /// Rejected, with reasons. Final: the invoice may be sent again as a new claim.
        Rejected = "rejected", "Rejetée";
        /// Rejected although it had been accepted. Final.
        RejectedAfterAcceptance = "rejected_after_acceptance", "Rejetée après acceptation";
        /// Postponed by the payer; the invoice must not be sent again.
        Deferred = "deferred", "Différée par le payeur, ne pas renvoyer";
        /// Paid.
        Paid = "paid", "Payée";
        /// Paid, then taken back. Final.
        Recovered = "recovered", "Payée puis récupérée";
        /// The invoice asks nothing of this insurer.
        NotRequested = "not_requested", "Non demandée";
    }
}

open_coded! {
    /// Status of a claim, derived from its parts and never stored.
    ClaimStatus {
        /// No part is decided.
        Received = "received", "Reçue, en cours de traitement";
        /// A part is accepted; none is paid, rejected or deferred.
        Accepted = "accepted", "Acceptée, paiement à venir";
        /// A part is deferred, none is paid or rejected.
        Deferred = "deferred", "Différée par le payeur, ne pas renvoyer";
        /// A part is paid, the other one is not decided or not paid yet.
        PartlyPaid = "partly_paid", "Partiellement payée";
        /// A part is paid, the other one is rejected.
        PaidAndRejected = "paid_and_rejected", "Une part payée, l'autre rejetée";
        /// Every part asked is paid.
        Paid = "paid", "Payée";
        /// A part is rejected and none is paid.
        Rejected = "rejected", "Rejetée";
        /// A payment was taken back.
        Recovered = "recovered", "Payée puis récupérée";
    }
}

/// Returns whether a part may change from one state to another. A repeated state is no transition;
/// callers check for it first.
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

/// Returns whether the state has no successor.
#[must_use]
pub const fn is_final(state: PartState) -> bool {
    matches!(state, PartState::Rejected | PartState::RejectedAfterAcceptance | PartState::Recovered)
}

/// Returns whether a state is a reject.
#[must_use]
pub const fn is_reject(state: PartState) -> bool {
    matches!(state, PartState::Rejected | PartState::RejectedAfterAcceptance)
}

/// Returns whether the same invoice sent again is a duplicate of a claim with parts in these
/// states: the AMC part, or the AMO part when nothing is asked of the AMC, is not rejected.
#[must_use]
pub const fn is_live(amo: PartState, amc: PartState) -> bool {
    !is_reject(if matches!(amc, PartState::NotRequested) { amo } else { amc })
}

/// Returns whether the part waits for its payer, so that its due instant matters.
#[must_use]
pub const fn is_waiting(state: PartState) -> bool {
    matches!(state, PartState::Received | PartState::Accepted | PartState::Deferred)
}

/// Returns the status of a claim. Precedence: an unknown state of a part, recovery, payment,
/// reject, deferral, acceptance.
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
