//! Checks the decisions of requests and converts them for the service.

use super::check::Violations;
use super::proto;
use super::proto::decision::Kind;
use crate::domain::{FreeText, PartKind, Reason};
use crate::limits::{MAX_BATCH_ITEMS, MAX_FIELD_CHARS};
use crate::service::decisions::{Decision, DecisionKind};
use noemie_parsers::types::Montant;
use tonic::Status;

/// Largest number of reasons of a decision: a return file has no room for more.
const MAX_REASONS: usize = 20;

/// Refuses a batch whose decisions have more reasons than a full batch may have. Such a request is
/// a hundred times larger in memory than on the wire, and is kept while the batch is worked on.
pub(super) fn bounded(decisions: &[proto::Decision]) -> Result<(), Status> {
    let reasons = decisions.iter().map(|decision| match &decision.kind {
        Some(Kind::Reject(reject)) => reject.reasons.len(),
        Some(Kind::Defer(defer)) => defer.reasons.len(),
        _ => 0,
    });
    if reasons.sum::<usize>() > MAX_BATCH_ITEMS * MAX_REASONS {
        let most = format!("at most {MAX_REASONS} reasons a decision");
        return Err(super::check::one_violation("decisions", most));
    }
    Ok(())
}

/// Checks every field of a decision; `decided_by` is the name stated by the caller.
pub(super) fn decision(
    decision: &proto::Decision,
    decided_by: Option<&FreeText>,
) -> Result<Decision, Status> {
    let mut check = Violations::default();
    let claim_id = check.parse("decision.claim_id", &decision.claim_id, "a UUID");
    let part = check
        .code("decision.part", &decision.part, PartKind::from_code, "amc, amo")
        .unwrap_or(PartKind::Amc);
    let expected_version = decision
        .expected_version
        .map(|version| check.version("decision.expected_version", version));
    let idempotency_key =
        check.typed_optional("decision.idempotency_key", &decision.idempotency_key);
    let kind = decision.kind.as_ref().and_then(|given| kind(&mut check, given));
    if decision.kind.is_none() {
        check.add("decision.kind", "give one of accept, reject, defer, reopen, pay, recover");
    }
    check.finish()?;
    match (claim_id, kind) {
        (Some(claim_id), Some(kind)) => {
            let decided_by = decided_by.cloned();
            Ok(Decision { claim_id, part, kind, expected_version, idempotency_key, decided_by })
        }
        _ => Err(super::check::one_violation("decision", "incomplete")),
    }
}

/// Checks the fields of one kind; returns `None` when a reference was refused.
fn kind(check: &mut Violations, kind: &Kind) -> Option<DecisionKind> {
    Some(match kind {
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
        Kind::Reopen(reopen) => {
            let field = "decision.reopen.reason";
            let reason = check.free_text(field, &reopen.reason, FreeText::MAX_CHARS);
            if reason.as_str().trim().is_empty() {
                check.add_once(field, "say why the part is reopened");
            }
            DecisionKind::Reopen { reason }
        }
        Kind::Pay(pay) => {
            let reference = check.typed("decision.pay.transfer_reference", &pay.transfer_reference);
            let date = check.date("decision.pay.transfer_date", &pay.transfer_date);
            let amount = amount(check, "decision.pay.amount_centimes", pay.amount_centimes);
            DecisionKind::Pay { reference: reference?, date, amount }
        }
        Kind::Recover(recover) => {
            let amount = amount(check, "decision.recover.amount_centimes", recover.amount_centimes);
            let reference = check.typed("decision.recover.reference", &recover.reference);
            DecisionKind::Recover { amount, reference: reference? }
        }
    })
}

fn reasons(check: &mut Violations, field: &str, reasons: &[proto::Reason]) -> Vec<Reason> {
    if reasons.len() > MAX_REASONS {
        check.add(field, format!("at most {MAX_REASONS}"));
    }
    let mut read = Vec::with_capacity(reasons.len());
    for (i, reason) in reasons.iter().enumerate().take(MAX_REASONS) {
        let code = check.required(&format!("{field}[{i}].code"), &reason.code, MAX_FIELD_CHARS);
        let label = format!("{field}[{i}].label");
        let label = check.free_text(&label, &reason.label, FreeText::MAX_CHARS);
        read.push(Reason { code: code.into(), label });
    }
    read
}

fn amount(check: &mut Violations, field: &str, centimes: i64) -> Montant {
    if centimes <= 0 {
        check.add(field, "must be more than 0 centimes");
    }
    Montant::from_centimes(centimes)
}
