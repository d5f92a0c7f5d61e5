//! Recorded decisions of workers: kind, instant and author.

use super::codes::open_coded;
use super::{Caller, ClaimId, DecisionId, EventId, FreeText, PartKind, Proof, Role};
use time::OffsetDateTime;

open_coded! {
    /// Code of the kind of a decision.
    DecisionCode {
        /// The part is accepted; the payment follows.
        Accept = "accept", "Acceptation";
        /// The part is rejected.
        Reject = "reject", "Rejet";
        /// The decision is postponed.
        Defer = "defer", "Report";
        /// A reject was a mistake and is withdrawn.
        Reopen = "reopen", "Réouverture";
        /// The part is paid.
        Pay = "pay", "Paiement";
        /// A payment is recovered.
        Recover = "recover", "Récupération";
    }
}

/// Author of a decision: the caller as it was proven, and the name that it states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionAuthor {
    /// Name of the caller.
    pub caller_name: String,
    /// Proof of that name.
    pub proof: Proof,
    /// Role of the caller.
    pub role: Role,
    /// Person or program that decides, as the caller states it; not proven.
    pub stated: Option<FreeText>,
}

impl DecisionAuthor {
    /// Returns the author of a decision of a caller.
    #[must_use]
    pub fn of(caller: &Caller, stated: Option<FreeText>) -> Self {
        let Caller { name, proof, role, .. } = caller;
        Self { caller_name: name.clone(), proof: *proof, role: *role, stated }
    }
}

/// A recorded decision. Its event has amounts, transfers and reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDecision {
    /// Identifier.
    pub id: DecisionId,
    /// Claim.
    pub claim_id: ClaimId,
    /// Part of the claim.
    pub part: PartKind,
    /// Kind.
    pub kind: DecisionCode,
    /// Event of the decision; `None` when the part already had the state and content.
    pub event_id: Option<EventId>,
    /// Idempotency key, when the caller gave one.
    pub idempotency_key: Option<String>,
    /// Digest of the request: another digest under the same key is another request.
    pub request_digest: String,
    /// Author.
    pub author: DecisionAuthor,
    /// Instant.
    pub decided_at: OffsetDateTime,
}
