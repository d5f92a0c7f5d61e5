//! Decisions as callers send them, checked and turned into the domain's.

use super::ask::{LONGEST_FIELD, Violations};
use super::proto;
use super::proto::decision::Kind;
use crate::domain::{PartKind, Reason};
use crate::service::decisions::{Decision, DecisionKind};
use noemie_parsers::types::Montant;
use tonic::Status;

/// Reasons of one decision: a return file has no room for more.
const MOST_REASONS: usize = 20;
/// Reference of a transfer: what fits in the label of a bank statement.
const LONGEST_REFERENCE: usize = 64;

/// Checks every field; `decided_by` comes from the door.
pub(super) fn decision(decision: &proto::Decision, decided_by: &str) -> Result<Decision, Status> {
    let mut check = Violations::default();
    let claim_id = check.parse("decision.claim_id", &decision.claim_id, "a UUID");
    let part = check
        .code("decision.part", &decision.part, PartKind::from_code, "amc, amo")
        .unwrap_or(PartKind::Amc);
    let idempotency_key =
        check.text("decision.idempotency_key", &decision.idempotency_key, LONGEST_FIELD);
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
        _ => Err(super::ask::one_violation("decision", "incomplete")),
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
                LONGEST_REFERENCE,
            ),
            date: check.date("decision.pay.transfer_date", &pay.transfer_date),
            amount: amount(check, "decision.pay.amount_centimes", pay.amount_centimes),
        },
        Kind::Recover(recover) => DecisionKind::Recover {
            amount: amount(check, "decision.recover.amount_centimes", recover.amount_centimes),
            reference: check.required(
                "decision.recover.reference",
                &recover.reference,
                LONGEST_REFERENCE,
            ),
        },
    }
}

fn reasons(check: &mut Violations, field: &str, reasons: &[proto::Reason]) -> Vec<Reason> {
    if reasons.len() > MOST_REASONS {
        check.add(field, format!("at most {MOST_REASONS}"));
    }
    let mut read = Vec::with_capacity(reasons.len());
    for (i, reason) in reasons.iter().enumerate() {
        let code = check.required(&format!("{field}[{i}].code"), &reason.code, LONGEST_FIELD);
        let label = check.text(&format!("{field}[{i}].label"), &reason.label, 2 * LONGEST_FIELD);
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
