//! Converts the decisions of requests for the service, which checks their fields.

use super::proto;
use super::proto::decision::Kind;
use crate::limits::MAX_BATCH_ITEMS;
use crate::service::decisions::message::{
    DecisionMessage, KindMessage, MAX_REASONS, ReasonMessage,
};
use tonic::Status;

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

/// Converts a decision.
pub(super) fn message(decision: &proto::Decision) -> DecisionMessage {
    DecisionMessage {
        claim_id: decision.claim_id.clone(),
        part: decision.part.clone(),
        idempotency_key: decision.idempotency_key.clone(),
        expected_version: decision.expected_version,
        kind: decision.kind.as_ref().map(kind),
    }
}

fn kind(kind: &Kind) -> KindMessage {
    match kind {
        Kind::Accept(proto::Accept {}) => KindMessage::Accept,
        Kind::Reject(reject) => KindMessage::Reject { reasons: reasons(&reject.reasons) },
        Kind::Defer(defer) => KindMessage::Defer { reasons: reasons(&defer.reasons) },
        Kind::Reopen(reopen) => KindMessage::Reopen { reason: reopen.reason.clone() },
        Kind::Pay(pay) => KindMessage::Pay {
            transfer_reference: pay.transfer_reference.clone(),
            transfer_date: pay.transfer_date.clone(),
            amount_centimes: pay.amount_centimes,
        },
        Kind::Recover(recover) => KindMessage::Recover {
            reference: recover.reference.clone(),
            amount_centimes: recover.amount_centimes,
        },
    }
}

/// Converts one reason more than is allowed at most, so that the check sees that there are too
/// many.
fn reasons(reasons: &[proto::Reason]) -> Vec<ReasonMessage> {
    let converted = reasons.iter().take(MAX_REASONS + 1).map(|reason| ReasonMessage {
        code: reason.code.clone(),
        label: reason.label.clone(),
        line: reason.line,
    });
    converted.collect()
}
