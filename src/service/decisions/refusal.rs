//! Refused decisions as their senders are told: the same code, reason and fields over gRPC and in
//! the answers of the queue.

use super::message::WrongField;
use super::request::{DecideError, DecisionKind};

/// Code of a refusal, one of those of gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// A field is wrong.
    InvalidArgument,
    /// The claim does not exist.
    NotFound,
    /// The idempotency key was used for another decision.
    AlreadyExists,
    /// The caller may not decide about the part.
    PermissionDenied,
    /// The state of the part forbids the decision.
    FailedPrecondition,
    /// The claim changed since the sender read it.
    Aborted,
}

impl RefusalCode {
    /// Returns the name of the code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
        }
    }
}

/// A refused decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Code.
    pub code: RefusalCode,
    /// Stable reason.
    pub reason: &'static str,
    /// Text for people, in English.
    pub message: String,
    /// Wrong fields, when the reason is `invalid_field` or `identity_refused`.
    pub fields: Vec<WrongField>,
    /// Details with stable names.
    pub metadata: Vec<(&'static str, String)>,
}

impl Refusal {
    /// Returns the refusal of a message with wrong fields.
    #[must_use]
    pub fn of_fields(fields: Vec<WrongField>) -> Self {
        let holds_identity = fields.iter().any(|wrong| wrong.is_identity);
        let texts: Vec<String> =
            fields.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.description)).collect();
        Self {
            code: RefusalCode::InvalidArgument,
            reason: if holds_identity { "identity_refused" } else { "invalid_field" },
            message: texts.join("; "),
            fields,
            metadata: Vec::new(),
        }
    }

    fn of_field(field: impl Into<String>, error: &DecideError) -> Self {
        let description = error.to_string();
        Self::of_fields(vec![WrongField { field: field.into(), description, is_identity: false }])
    }
}

impl DecideError {
    /// Returns the refusal that the sender of a decision of this kind is told; `None` when the
    /// database failed, so that the same decision may pass later.
    #[must_use]
    pub fn refusal(&self, kind: &DecisionKind) -> Option<Refusal> {
        let code = kind.code().as_str();
        let plain = |code, reason, metadata| Refusal {
            code,
            reason,
            message: self.to_string(),
            fields: Vec::new(),
            metadata,
        };
        Some(match self {
            Self::UnknownClaim(_) => plain(RefusalCode::NotFound, "claim_not_found", Vec::new()),
            Self::UnknownPart => Refusal::of_field("decision.part", self),
            Self::Held => plain(RefusalCode::FailedPrecondition, "held_other_sender", Vec::new()),
            Self::KeyReused => {
                plain(RefusalCode::AlreadyExists, "idempotency_key_reused", Vec::new())
            }
            Self::PartNotAllowed { part, role } => plain(
                RefusalCode::PermissionDenied,
                "part_not_allowed",
                vec![("part", part.as_str().to_owned()), ("role", role.as_str().to_owned())],
            ),
            Self::LaterVersion { part } => plain(
                RefusalCode::FailedPrecondition,
                "later_version",
                vec![("part", part.as_str().to_owned())],
            ),
            Self::AmountOutOfRange { .. } => {
                Refusal::of_field(format!("decision.{code}.amount_centimes"), self)
            }
            Self::DateOutOfRange { .. } => {
                Refusal::of_field(format!("decision.{code}.transfer_date"), self)
            }
            Self::ReasonMissing => Refusal::of_field(format!("decision.{code}.reasons"), self),
            Self::UnknownLine { index, .. } => {
                Refusal::of_field(format!("decision.{code}.reasons[{index}].line"), self)
            }
            Self::UnknownReason { index, .. } => {
                Refusal::of_field(format!("decision.{code}.reasons[{index}].code"), self)
            }
            Self::StaleVersion { expected, version } => plain(
                RefusalCode::Aborted,
                "stale_version",
                vec![("version", version.to_string()), ("expected_version", expected.to_string())],
            ),
            Self::NotRejected { part, state } => plain(
                RefusalCode::FailedPrecondition,
                "not_rejected",
                vec![("part", part.as_str().to_owned()), ("state", state.as_str().to_owned())],
            ),
            Self::Store(_) => return None,
        })
    }
}
