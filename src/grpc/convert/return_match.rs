//! Converts answers without claim, their candidates, and recorded matches.

use super::{count, day, timestamp};
use crate::domain::Outcome;
use crate::grpc::convert::status::{coded, dre_status, reason};
use crate::grpc::proto;
use crate::service::matches::{Candidate, RecordedChange, UnmatchedView};

/// Converts an answer without claim.
pub(in crate::grpc) fn unmatched_return(view: &UnmatchedView) -> proto::UnmatchedReturn {
    let (kept, answer) = (&view.kept, &view.kept.answer);
    let lot = view.outcomes.first().map(|outcome| outcome.lot.clone());
    let id = |id: Option<crate::domain::ClaimId>| id.map(|id| id.to_string()).unwrap_or_default();
    proto::UnmatchedReturn {
        exchange_id: kept.exchange_id.to_string(),
        ordinal: count(answer.ordinal),
        sender: kept.sender.clone(),
        received_at: Some(timestamp(kept.received_at)),
        days: view.days,
        ps: answer.ps.clone(),
        invoice_number: answer.invoice_number.clone(),
        invoice_complement: answer.invoice_complement.clone(),
        lot: lot.unwrap_or_default(),
        summary: answer.summary.clone(),
        parts: view.outcomes.iter().map(part).collect(),
        candidates: view.candidates.iter().map(candidate).collect(),
        matched_claim_id: id(kept.claim_id),
        conflicting_claim_id: id(kept.claim_id.and_then(|_| view.conflict())),
        version: count(kept.version),
    }
}

fn part(outcome: &Outcome) -> proto::UnmatchedPart {
    let transfer = outcome.transfer.as_ref();
    proto::UnmatchedPart {
        part: outcome.part.as_str().to_owned(),
        kind: outcome.kind.as_str().to_owned(),
        label: outcome.kind.libelle().to_owned(),
        amount_centimes: outcome.amount.centimes(),
        asked_centimes: outcome.asked.map(|asked| asked.centimes()),
        payer: outcome.payer.clone(),
        on_behalf_of: outcome.on_behalf_of.clone(),
        transfer_reference: transfer.map(|t| t.label.to_string()).unwrap_or_default(),
        transfer_date: day(transfer.map(|t| t.day)),
        reasons: outcome.reasons.iter().map(reason).collect(),
    }
}

fn candidate(candidate: &Candidate) -> proto::MatchCandidate {
    proto::MatchCandidate {
        claim_id: candidate.claim_id.to_string(),
        score: i32::from(candidate.likeness.score),
        reasons: candidate
            .likeness
            .reasons
            .iter()
            .map(|r| coded(r.as_str(), r.libelle()))
            .collect(),
        ps: candidate.ps.clone(),
        invoice_number: candidate.invoice_number.clone(),
        lot: candidate.lot.clone(),
        amc_number: candidate.amc_number.clone(),
        amo_centimes: candidate.amo.centimes(),
        amc_centimes: candidate.amc.centimes(),
        state: candidate.status.to_owned(),
        received_at: Some(timestamp(candidate.received_at)),
    }
}

/// Converts a recorded match.
pub(in crate::grpc) fn recorded_match(
    recorded: RecordedChange,
) -> proto::RecordReturnMatchResponse {
    proto::RecordReturnMatchResponse {
        repeated: recorded.match_id.is_none(),
        match_id: recorded.match_id.map(|id| id.to_string()).unwrap_or_default(),
        dre: Some(dre_status(recorded.view)),
        exact_claim_id: recorded.exact.map(|id| id.to_string()).unwrap_or_default(),
        version: count(recorded.version),
    }
}
