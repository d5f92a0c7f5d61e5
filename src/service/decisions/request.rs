//! Decisions as workers ask for them, their outcome, and the reasons of a refusal.

use crate::domain::{
    Claim, ClaimId, DecisionCode, EventId, FreeText, IdempotencyKey, PartKind, PartState, Reason,
    Reference, Role,
};
use crate::store::StoreError;
use noemie_parsers::types::Montant;
use serde_json::json;
use time::Date;

/// A decision of a worker about one part of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The claim.
    pub claim_id: ClaimId,
    /// The part; a worker of the insurer decides about the AMC part.
    pub part: PartKind,
    /// Kind, with its content.
    pub kind: DecisionKind,
    /// Version of the claim on which the decision rests; `None` holds on any version.
    pub expected_version: Option<u64>,
    /// Idempotency key, chosen by the caller.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Name of the person or program that decides, as the caller states it.
    pub decided_by: Option<FreeText>,
}

impl Decision {
    /// Returns the digest that tells a repetition from another decision under the same key.
    /// `decided_by` and `expected_version` are left out: a retry may come from another worker
    /// process, which read the claim again.
    pub(super) fn digest(&self) -> String {
        let reasons = |reasons: &[Reason]| {
            reasons.iter().map(|r| json!([r.code, r.label, r.line])).collect::<Vec<_>>()
        };
        let code = self.kind.code().as_str();
        let kind = match &self.kind {
            DecisionKind::Accept => json!([code]),
            DecisionKind::Reject { reasons: list } | DecisionKind::Defer { reasons: list } => {
                json!([code, reasons(list)])
            }
            DecisionKind::Reopen { reason } => json!([code, reason]),
            DecisionKind::Pay { reference, date, amount } => {
                json!([code, reference, date.to_string(), amount.centimes()])
            }
            DecisionKind::Recover { amount, reference } => {
                json!([code, reference, amount.centimes()])
            }
        };
        let content = json!([self.claim_id, self.part.as_str(), kind]).to_string();
        blake3::hash(content.as_bytes()).to_hex().to_string()
    }
}

/// The kind of a decision, with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionKind {
    /// The part is accepted; the payment follows.
    Accept,
    /// The part is rejected.
    Reject {
        /// Reasons, at least one.
        reasons: Vec<Reason>,
    },
    /// The decision is postponed.
    Defer {
        /// Reasons, possibly none.
        reasons: Vec<Reason>,
    },
    /// A reject was a mistake and is withdrawn: the part is received again.
    Reopen {
        /// Why, for the professional; not empty.
        reason: FreeText,
    },
    /// The part is paid by a bank transfer.
    Pay {
        /// Reference or label of the transfer.
        reference: Reference,
        /// Date of the transfer.
        date: Date,
        /// Amount, more than 0; less than asked is a partial payment.
        amount: Montant,
    },
    /// A payment is recovered.
    Recover {
        /// Amount taken back, more than 0, at most what was paid.
        amount: Montant,
        /// Reference of the movement.
        reference: Reference,
    },
}

impl DecisionKind {
    /// Returns the code under which the decision is recorded.
    #[must_use]
    pub const fn code(&self) -> DecisionCode {
        match self {
            Self::Accept => DecisionCode::Accept,
            Self::Reject { .. } => DecisionCode::Reject,
            Self::Defer { .. } => DecisionCode::Defer,
            Self::Reopen { .. } => DecisionCode::Reopen,
            Self::Pay { .. } => DecisionCode::Pay,
            Self::Recover { .. } => DecisionCode::Recover,
        }
    }
}

/// The outcome of a recorded decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionOutcome {
    /// The claim after the decision.
    pub claim: Claim,
    /// The event; `None` when the part already had this state and content.
    pub event_id: Option<EventId>,
    /// Whether the decision was recorded before, so that this call wrote nothing.
    pub repeated: bool,
    /// Warnings for the caller.
    pub warnings: Vec<Warning>,
}

/// Warning about a recorded decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// After this payment, less is paid than asked.
    PartialPayment,
    /// Less was recovered than paid.
    PartialRecovery,
    /// With this payment, more is paid than asked.
    PaidAbove,
    /// The code of a reason is not in the table of codes.
    UnknownReasonCode,
}

impl Warning {
    /// Stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PartialPayment => "partial_payment",
            Self::PartialRecovery => "partial_recovery",
            Self::PaidAbove => "paid_above",
            Self::UnknownReasonCode => "unknown_reason_code",
        }
    }

    /// French text.
    #[must_use]
    pub const fn libelle(self) -> &'static str {
        match self {
            Self::PartialPayment => "Montant payé inférieur au montant demandé",
            Self::PartialRecovery => "Montant récupéré inférieur au montant payé",
            Self::PaidAbove => "Montant payé supérieur au montant demandé",
            Self::UnknownReasonCode => "Code motif absent de la table des codes",
        }
    }
}

/// Reason for which a decision was not recorded. The transaction was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The part has a code that this version does not know.
    #[error("the decision names a part that this version does not know")]
    UnknownPart,
    /// The claim does not exist, or lies outside the scope of the caller.
    #[error("claim {0} not found")]
    UnknownClaim(ClaimId),
    /// The claim is a copy of another sender's invoice, which is not treated.
    #[error("the claim is a copy of another sender's invoice: release it first")]
    Held,
    /// The key was used for another decision.
    #[error("idempotency key already used for another decision")]
    KeyReused,
    /// A later version wrote outcomes of the part that this version does not know.
    #[error(
        "a later version of the gateway wrote about the {} part what this replica does not know: \
         nothing was recorded; ask a replica of that version",
        .part.as_str()
    )]
    LaterVersion {
        /// The part.
        part: PartKind,
    },
    /// The amount is zero, negative, or more than what is asked (or was paid, of a recovery).
    #[error(
        "the amount {} is not between 1 and {} centimes",
        .amount.centimes(),
        .limit.centimes()
    )]
    AmountOutOfRange {
        /// Amount given.
        amount: Montant,
        /// Largest amount possible.
        limit: Montant,
    },
    /// The date of the transfer is too far from the claim or from today.
    #[error("the date {date} is not between {first} and {last}")]
    DateOutOfRange {
        /// Date given.
        date: Date,
        /// First day possible.
        first: Date,
        /// Last day possible.
        last: Date,
    },
    /// A reason names a line that the claim does not have.
    #[error("the claim has {lines} lines, the reason names line {line}")]
    UnknownLine {
        /// Rank of the reason in the decision, from 0.
        index: usize,
        /// Line named.
        line: u32,
        /// Number of lines.
        lines: usize,
    },
    /// The code of a reason is not registered.
    #[error(
        "the code is not registered (registered codes include {examples}; \
         `noemie-gateway reasons` lists all); \
         an operator adds it to the file of the setting reason_codes"
    )]
    UnknownReason {
        /// Rank of the reason in the decision, from 0.
        index: usize,
        /// Some codes that are registered.
        examples: String,
    },
    /// The role of the caller may not decide about the part.
    #[error("the role {} may not decide about the {} part", .role.as_str(), .part.as_str())]
    PartNotAllowed {
        /// Role of the caller.
        role: Role,
        /// The part.
        part: PartKind,
    },
    /// The reject has no reason.
    #[error("a reject needs at least one reason")]
    ReasonMissing,
    /// The claim has another version than the one on which the decision rests.
    #[error("the claim has version {version}, the decision rests on version {expected}")]
    StaleVersion {
        /// Version on which the decision rests.
        expected: u64,
        /// Present version.
        version: u64,
    },
    /// The part to reopen is not rejected.
    #[error("the {} part is {}: only a rejected part is reopened", .part.as_str(), .state.as_str())]
    NotRejected {
        /// The part.
        part: PartKind,
        /// Its state.
        state: PartState,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
