//! A decision as its sender writes it, and the checks of its fields: the same for gRPC and for the
//! queue of decisions.

use super::request::{Decision, DecisionKind};
use crate::domain::civil_time::read_day;
use crate::domain::masking::{holds_identity, is_line_end, is_unseen};
use crate::domain::{FreeText, PartKind, Reason, RefusedText};
use crate::limits::MAX_FIELD_CHARS;
use noemie_parsers::types::Montant;
use std::fmt::Display;
use time::Date;

/// Largest number of reasons of a decision: a return file has no room for more.
pub const MAX_REASONS: usize = 20;

/// A decision as its sender writes it: the message `Decision` of the protos.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionMessage {
    /// The claim (UUID).
    pub claim_id: String,
    /// `amc` (also when empty) or `amo`.
    pub part: String,
    /// Idempotency key, empty when none is given.
    pub idempotency_key: String,
    /// Version of the claim on which the decision rests.
    pub expected_version: Option<i64>,
    /// Kind; `None` when the message gives none, or several.
    pub kind: Option<KindMessage>,
}

/// The kind of a decision as its sender writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KindMessage {
    /// The part is accepted.
    Accept,
    /// The part is rejected.
    Reject {
        /// Reasons.
        reasons: Vec<ReasonMessage>,
    },
    /// The decision is postponed.
    Defer {
        /// Reasons.
        reasons: Vec<ReasonMessage>,
    },
    /// A reject is withdrawn.
    Reopen {
        /// Why.
        reason: String,
    },
    /// The part is paid.
    Pay {
        /// Reference of the transfer.
        transfer_reference: String,
        /// Date of the transfer, `2026-11-21`.
        transfer_date: String,
        /// Amount, centimes.
        amount_centimes: i64,
    },
    /// Money is taken back.
    Recover {
        /// Reference of the movement.
        reference: String,
        /// Amount, centimes.
        amount_centimes: i64,
    },
}

/// A reason as its sender writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReasonMessage {
    /// Code.
    pub code: String,
    /// French label; empty for the label of the table of codes.
    pub label: String,
    /// Rank of the line, from 1; `None` concerns the whole invoice.
    pub line: Option<i32>,
}

/// A wrong field of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongField {
    /// Path of the field, for example `decision.pay.transfer_date`.
    pub field: String,
    /// What is wrong. The value itself is not repeated.
    pub description: String,
    /// Whether the field holds what may be a NIR or a bank account.
    pub is_identity: bool,
}

impl DecisionMessage {
    /// Returns the decision, or every wrong field. `decided_by` is the name that the caller states.
    pub fn check(&self, decided_by: Option<FreeText>) -> Result<Decision, Vec<WrongField>> {
        let mut check = Checks::default();
        let claim_id = self.claim_id.parse().ok();
        if claim_id.is_none() {
            check.add("decision.claim_id", "expected a UUID");
        }
        let part = if self.part.is_empty() { Some(PartKind::Amc) } else { code(&self.part) };
        if part.is_none() {
            check.add("decision.part", "expected one of amc, amo");
        }
        let expected_version = self.expected_version.map(|version| check.version(version));
        let key = &self.idempotency_key;
        let idempotency_key = (!key.is_empty())
            .then(|| check.typed("decision.idempotency_key", key.as_str().try_into()))
            .flatten();
        let kind = self.kind.as_ref().and_then(|kind| check.kind(kind));
        if self.kind.is_none() {
            check.add("decision.kind", "give one of accept, reject, defer, reopen, pay, recover");
        }
        match (claim_id, part, kind, check.0.is_empty()) {
            (Some(claim_id), Some(part), Some(kind), true) => {
                Ok(Decision { claim_id, part, kind, expected_version, idempotency_key, decided_by })
            }
            _ => Err(check.0),
        }
    }
}

fn code(part: &str) -> Option<PartKind> {
    PartKind::from_code(part).filter(|part| *part != PartKind::Unknown)
}

/// The wrong fields found so far.
#[derive(Default)]
struct Checks(Vec<WrongField>);

impl Checks {
    fn add(&mut self, field: &str, description: impl Display) {
        self.push(field, description.to_string(), false);
    }

    fn push(&mut self, field: &str, description: String, is_identity: bool) {
        self.0.push(WrongField { field: field.to_owned(), description, is_identity });
    }

    fn typed<T>(&mut self, field: &str, text: Result<T, RefusedText>) -> Option<T> {
        let refuse = |refused: RefusedText| {
            let is_identity = matches!(refused, RefusedText::Identity { .. });
            self.push(field, refused.to_string(), is_identity);
        };
        text.map_err(refuse).ok()
    }

    fn version(&mut self, version: i64) -> u64 {
        let version = u64::try_from(version).unwrap_or(0);
        if version == 0 {
            self.add("decision.expected_version", "must be at least 1");
        }
        version
    }

    /// Returns the kind; `None` when a reference was refused.
    fn kind(&mut self, kind: &KindMessage) -> Option<DecisionKind> {
        Some(match kind {
            KindMessage::Accept => DecisionKind::Accept,
            KindMessage::Reject { reasons } => {
                if reasons.is_empty() {
                    self.add("decision.reject.reasons", "a reject has at least one reason");
                }
                DecisionKind::Reject { reasons: self.reasons("decision.reject.reasons", reasons) }
            }
            KindMessage::Defer { reasons } => {
                DecisionKind::Defer { reasons: self.reasons("decision.defer.reasons", reasons) }
            }
            KindMessage::Reopen { reason } => {
                let field = "decision.reopen.reason";
                if reason.trim().is_empty() {
                    self.add(field, "say why the part is reopened");
                }
                DecisionKind::Reopen { reason: self.free_text(field, reason) }
            }
            KindMessage::Pay { transfer_reference, transfer_date, amount_centimes } => {
                let reference = transfer_reference.as_str().try_into();
                let reference = self.typed("decision.pay.transfer_reference", reference);
                let date = self.date("decision.pay.transfer_date", transfer_date);
                let amount = self.amount("decision.pay.amount_centimes", *amount_centimes);
                DecisionKind::Pay { reference: reference?, date, amount }
            }
            KindMessage::Recover { reference, amount_centimes } => {
                let amount = self.amount("decision.recover.amount_centimes", *amount_centimes);
                let reference = reference.as_str().try_into();
                let reference = self.typed("decision.recover.reference", reference);
                DecisionKind::Recover { amount, reference: reference? }
            }
        })
    }

    fn reasons(&mut self, field: &str, reasons: &[ReasonMessage]) -> Vec<Reason> {
        if reasons.len() > MAX_REASONS {
            self.add(field, format!("at most {MAX_REASONS}"));
        }
        let mut read = Vec::with_capacity(reasons.len().min(MAX_REASONS));
        for (i, reason) in reasons.iter().enumerate().take(MAX_REASONS) {
            self.code(&format!("{field}[{i}].code"), &reason.code);
            let label = self.free_text(&format!("{field}[{i}].label"), &reason.label);
            let line = reason.line.map(|line| {
                let line = u32::try_from(line).unwrap_or(0);
                if line == 0 {
                    self.add(&format!("{field}[{i}].line"), "must be at least 1");
                }
                line
            });
            let code = reason.code.as_str().into();
            read.push(Reason { line, ..Reason::of_invoice(code, label) });
        }
        read
    }

    fn code(&mut self, field: &str, text: &str) {
        let give = "the code of a reason, for example R12";
        let refused = if text.is_empty() {
            RefusedText::Empty
        } else if text.chars().count() > MAX_FIELD_CHARS {
            RefusedText::TooLong(MAX_FIELD_CHARS)
        } else if text.chars().any(|c| is_line_end(c) || is_unseen(c)) {
            RefusedText::Control
        } else if holds_identity(text) {
            RefusedText::Identity { give }
        } else {
            return;
        };
        self.typed::<()>(field, Err(refused));
    }

    /// Returns a text that a person typed, with NIR and bank accounts masked.
    fn free_text(&mut self, field: &str, text: &str) -> FreeText {
        if text.chars().count() > FreeText::MAX_CHARS {
            self.add(field, RefusedText::TooLong(FreeText::MAX_CHARS));
            return FreeText::default();
        }
        FreeText::new(text)
    }

    fn date(&mut self, field: &str, text: &str) -> Date {
        read_day(text).unwrap_or_else(|| {
            self.add(field, "expected a date such as 2026-11-21");
            Date::MIN
        })
    }

    fn amount(&mut self, field: &str, centimes: i64) -> Montant {
        if centimes <= 0 {
            self.add(field, "must be more than 0 centimes");
        }
        Montant::from_centimes(centimes)
    }
}
