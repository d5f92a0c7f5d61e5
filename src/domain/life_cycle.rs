//! States of a part of a claim, and the status of the claim.
//!
//! The state of a part follows from the outcomes of its invoice
//! ([`money::position`](super::money::position())); no transition is forbidden, because a payer may
//! tell anything in any order.

use super::codes::open_coded;

open_coded! {
    /// State of one part of a claim.
    PartState {
        /// Committed; the payer has not decided.
        Received = "received", "Reçue, en cours de traitement";
        /// Accepted by the insurer, payment to come.
        Accepted = "accepted", "Acceptée, paiement à venir";
        /// Rejected, with reasons: the invoice may be sent again as a new attempt.
        Rejected = "rejected", "Rejetée";
        /// Rejected although it had been accepted.
        RejectedAfterAcceptance = "rejected_after_acceptance", "Rejetée après acceptation";
        /// Postponed by the payer; the invoice must not be sent again.
        Deferred = "deferred", "Différée par le payeur, ne pas renvoyer";
        /// Paid as asked.
        Paid = "paid", "Payée";
        /// Less was paid than asked.
        PartlyPaid = "partly_paid", "Payée en partie";
        /// More was paid than asked.
        Overpaid = "overpaid", "Payée au-delà du montant demandé";
        /// Paid, then taken back.
        Recovered = "recovered", "Payée puis récupérée";
        /// The invoice asks nothing of this insurer.
        NotRequested = "not_requested", "Non demandée";
        /// A later attempt of the invoice replaces this one.
        Superseded = "superseded", "Remplacée par un nouvel envoi";
        /// Another sender sent the invoice before; the desk has to decide about this copy.
        HeldOtherSender = "held_other_sender", "En attente, déjà transmise par un autre émetteur";
        /// The desk decided that this copy of another sender's invoice is not treated.
        Dismissed = "dismissed", "Écartée, facture déjà transmise";
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
        /// A part is paid at least in part, and something is missing.
        PartlyPaid = "partly_paid", "Partiellement payée";
        /// A part is paid, the other one is rejected.
        PaidAndRejected = "paid_and_rejected", "Une part payée, l'autre rejetée";
        /// Every part asked is paid.
        Paid = "paid", "Payée";
        /// A part is rejected and none is paid.
        Rejected = "rejected", "Rejetée";
        /// A payment was taken back.
        Recovered = "recovered", "Payée puis récupérée";
        /// More was paid for a part than was asked.
        Overpaid = "overpaid", "Payée au-delà du montant demandé";
        /// A later attempt of the invoice replaces this one.
        Superseded = "superseded", "Remplacée par un nouvel envoi";
        /// Another sender sent the invoice before; the desk has to decide about this copy.
        HeldOtherSender = "held_other_sender", "En attente, déjà transmise par un autre émetteur";
        /// The desk decided that this copy of another sender's invoice is not treated.
        Dismissed = "dismissed", "Écartée, facture déjà transmise";
    }
}

/// Returns whether events tell of the state: nobody works on a part that is not asked, nor on a
/// copy that is held or dismissed.
#[must_use]
pub const fn has_event(state: PartState) -> bool {
    !matches!(state, PartState::NotRequested | PartState::HeldOtherSender | PartState::Dismissed)
}

/// Returns whether a state is a reject.
#[must_use]
pub const fn is_reject(state: PartState) -> bool {
    matches!(state, PartState::Rejected | PartState::RejectedAfterAcceptance)
}

/// Returns whether the same invoice sent again is a duplicate of an attempt with parts in these
/// states. An attempt may be corrected when a part is rejected and unpaid, or when its money was
/// taken back. A copy that is held or dismissed is never live.
#[must_use]
pub const fn is_live(amo: PartState, amc: PartState) -> bool {
    !allows_resend(amo) && !allows_resend(amc)
}

const fn allows_resend(state: PartState) -> bool {
    is_reject(state)
        || matches!(
            state,
            PartState::Recovered
                | PartState::Superseded
                | PartState::HeldOtherSender
                | PartState::Dismissed
        )
}

/// Returns whether money of the part was paid and not wholly taken back.
#[must_use]
pub const fn is_paid(state: PartState) -> bool {
    matches!(state, PartState::Paid | PartState::PartlyPaid | PartState::Overpaid)
}

/// Returns the status of a claim. Precedence: an unknown state of a part, a copy of another
/// sender's invoice, a later attempt, a payment above what was asked, recovery, payment, reject,
/// deferral, acceptance.
#[must_use]
pub fn status(amo: PartState, amc: PartState) -> ClaimStatus {
    let asked: Vec<PartState> =
        [amo, amc].into_iter().filter(|s| *s != PartState::NotRequested).collect();
    let any = |states: &[PartState]| asked.iter().any(|s| states.contains(s));
    let all = |states: &[PartState]| !asked.is_empty() && asked.iter().all(|s| states.contains(s));
    let rejected = [PartState::Rejected, PartState::RejectedAfterAcceptance];
    if any(&[PartState::Unknown]) {
        ClaimStatus::Unknown
    } else if any(&[PartState::HeldOtherSender]) {
        ClaimStatus::HeldOtherSender
    } else if any(&[PartState::Dismissed]) {
        ClaimStatus::Dismissed
    } else if any(&[PartState::Superseded]) {
        ClaimStatus::Superseded
    } else if any(&[PartState::Overpaid]) {
        ClaimStatus::Overpaid
    } else if any(&[PartState::Recovered]) {
        ClaimStatus::Recovered
    } else if all(&[PartState::Paid]) {
        ClaimStatus::Paid
    } else if any(&[PartState::Paid, PartState::PartlyPaid]) {
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
        assert_eq!(status(PartlyPaid, NotRequested), ClaimStatus::PartlyPaid);
        assert_eq!(status(Paid, Overpaid), ClaimStatus::Overpaid);
        assert_eq!(status(Superseded, Superseded), ClaimStatus::Superseded);
        assert_eq!(status(HeldOtherSender, HeldOtherSender), ClaimStatus::HeldOtherSender);
        assert_eq!(status(Dismissed, Dismissed), ClaimStatus::Dismissed);
        assert_eq!(status(Unknown, Paid), ClaimStatus::Unknown);
    }

    #[test]
    fn an_attempt_is_corrected_when_a_part_is_rejected_or_taken_back() {
        assert!(!is_live(Rejected, Received), "the AMO part alone");
        assert!(!is_live(Paid, RejectedAfterAcceptance));
        assert!(!is_live(Recovered, Paid));
        assert!(is_live(Paid, Deferred) && is_live(Received, PartlyPaid));
        assert!(!is_live(HeldOtherSender, HeldOtherSender) && !is_live(Dismissed, Dismissed));
        assert!(is_live(Received, Unknown), "the same invoice stays a duplicate");
    }
}
