//! Checks the decisions of requests and converts them for the service.

use super::check::{MAX_FIELD_CHARS, Violations};
use super::proto;
use super::proto::decision::Kind;
use crate::domain::{PartKind, Reason};
use crate::service::decisions::{Decision, DecisionKind};
use noemie_parsers::types::Montant;
use tonic::Status;

/// Largest number of reasons of a decision: a return file has no room for more.
const MAX_REASONS: usize = 20;
/// Largest number of characters of the reference of a transfer: the label of a bank statement has
/// no room for more.
const MAX_REFERENCE_CHARS: usize = 64;

/// Checks every field of a decision; `decided_by` is the name stated by the caller.
pub(super) fn decision(decision: &proto::Decision, decided_by: &str) -> Result<Decision, Status> {
    let mut check = Violations::default();
    let claim_id = check.parse("decision.claim_id", &decision.claim_id, "a UUID");
    let part = check
        .code("decision.part", &decision.part, PartKind::from_code, "amc, amo")
        .unwrap_or(PartKind::Amc);
    let idempotency_key =
        check.text("decision.idempotency_key", &decision.idempotency_key, MAX_FIELD_CHARS);
    let kind = decision.kind.as_ref().map(|given| kind(&mut check, given));
    if kind.is_none() {
        check.add("decision.kind", "give one of accept, reject, defer, pay, recover");
    }
    check.finish()?;
    match (claim_id, kind) {
        (Some(claim_id), Some(kind)) => Ok(Decision {
            claim_id,
            part,
            kind,
            idempotency_key,
            decided_by: decided_by.to_owned(),
        }),
        _ => Err(super::check::one_violation("decision", "incomplete")),
    }
}

fn kind(check: &mut Violations, kind: &Kind) -> DecisionKind {
    match kind {
        Kind::Accept(proto::Accept {}) => DecisionKind::Accept,
        Kind::Reject(reject) => {
            if reject.reasons.is_empty() {
                check.add("decision.reject.reasons", "a reject has at least one reason");
            }
            DecisionKind::Reject {
                reasons: reasons(check, "decision.reject.reasons", &reject.reasons),
            }
        }
        Kind::Defer(defer) => DecisionKind::Defer {
            reasons: reasons(check, "decision.defer.reasons", &defer.reasons),
        },
        Kind::Pay(pay) => DecisionKind::Pay {
            reference: check.required(
                "decision.pay.transfer_reference",
                &pay.transfer_reference,
                MAX_REFERENCE_CHARS,
            ),
            date: check.date("decision.pay.transfer_date", &pay.transfer_date),
            amount: amount(check, "decision.pay.amount_centimes", pay.amount_centimes),
        },
        Kind::Recover(recover) => DecisionKind::Recover {
            amount: amount(check, "decision.recover.amount_centimes", recover.amount_centimes),
            reference: check.required(
                "decision.recover.reference",
                &recover.reference,
                MAX_REFERENCE_CHARS,
            ),
        },
    }
}

fn reasons(check: &mut Violations, field: &str, reasons: &[proto::Reason]) -> Vec<Reason> {
    if reasons.len() > MAX_REASONS {
        check.add(field, format!("at most {MAX_REASONS}"));
    }
    let mut read = Vec::with_capacity(reasons.len());
    for (i, reason) in reasons.iter().enumerate() {
        let code = check.required(&format!("{field}[{i}].code"), &reason.code, MAX_FIELD_CHARS);
        let label = check.text(&format!("{field}[{i}].label"), &reason.label, 2 * MAX_FIELD_CHARS);
        read.push(Reason { code, label });
    }
    read
}

fn amount(check: &mut Violations, field: &str, centimes: i64) -> Montant {
    if centimes <= 0 {
        check.add(field, "must be more than 0 centimes");
    }
    Montant::from_centimes(centimes)
}
