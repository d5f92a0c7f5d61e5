//! The work list of answers without claim, and the recording of matches.

use super::check::Violations;
use super::errors::{not_found, with_metadata, with_reason};
use super::{Edge, convert, proto};
use crate::domain::{AnswerPlace, Caller, ClaimId, ExchangeId, FreeText};
use crate::service::matches::{
    MatchChange, MatchError, MatchRequest, UnmatchedQuery, UnmatchedToken, WorkListError,
};
use proto::record_return_match_request::Change;
use tonic::{Code, Status};

/// What is expected in the page token.
const TOKEN: &str = "the next_page_token of the page before, with the same filter";

/// Answers a page of the work list.
pub(super) async fn list(
    edge: &Edge,
    caller: &Caller,
    request: &proto::ListUnmatchedReturnsRequest,
) -> Result<proto::ListUnmatchedReturnsResponse, Status> {
    let mut check = Violations::default();
    let has_candidates = |code: &str| match code {
        "with" => Some(true),
        "without" => Some(false),
        _ => None,
    };
    let query = UnmatchedQuery {
        sender: check.optional("sender", &request.sender),
        ps: check.optional("ps", &request.ps),
        exchange_id: check.parse_optional::<ExchangeId>(
            "exchange_id",
            &request.exchange_id,
            "a UUID",
        ),
        received_from: check.instant("received_from", request.received_from),
        has_candidates: check.code(
            "candidates",
            &request.candidates,
            has_candidates,
            "with, without",
        ),
        is_by_hand: request.matched_by_hand,
    };
    let limit = check.page_size(request.page_size);
    let after: Option<UnmatchedToken> =
        check.parse_optional("page_token", &request.page_token, TOKEN);
    check.finish()?;
    let page = edge.service.matches.list(caller, &query, after.as_ref(), limit).await;
    let page = page.map_err(|failure| match failure {
        WorkListError::OtherToken => super::check::one_violation("page_token", TOKEN),
        WorkListError::Store(cause) => edge.internal(cause),
    })?;
    Ok(proto::ListUnmatchedReturnsResponse {
        returns: page.items.iter().map(convert::unmatched_return).collect(),
        next_page_token: page.next.map(|token| token.to_string()).unwrap_or_default(),
    })
}

/// Records a match, or takes one back.
pub(super) async fn record(
    edge: &Edge,
    caller: &Caller,
    decided_by: Option<FreeText>,
    request: &proto::RecordReturnMatchRequest,
) -> Result<proto::RecordReturnMatchResponse, Status> {
    let mut check = Violations::default();
    let exchange_id = check.parse::<ExchangeId>("exchange_id", &request.exchange_id, "a UUID");
    let ordinal = u64::try_from(request.ordinal).unwrap_or(0);
    if ordinal == 0 {
        check.add("ordinal", "counts from 1");
    }
    let change = match &request.change {
        Some(Change::ClaimId(id)) => {
            check.parse::<ClaimId>("claim_id", id, "a UUID").map(MatchChange::Match)
        }
        Some(Change::Undo(true)) => Some(MatchChange::Undo),
        Some(Change::Undo(false)) | None => {
            check.add("change", "give claim_id, or undo: true");
            None
        }
    };
    let why = check.why(&request.why);
    let expected_version =
        request.expected_version.map(|seen| u64::try_from(seen).unwrap_or(u64::MAX));
    check.finish()?;
    let (Some(exchange_id), Some(change)) = (exchange_id, change) else {
        return Err(super::check::one_violation("change", "incomplete"));
    };
    let answer = AnswerPlace { exchange_id, ordinal };
    let request = MatchRequest { answer, change, why, decided_by, expected_version };
    let recorded = edge.service.matches.record(caller, &request).await;
    recorded.map(convert::recorded_match).map_err(|failure| of_match(edge, failure))
}

/// Returns the status of a match that was not recorded.
fn of_match(edge: &Edge, failure: MatchError) -> Status {
    let message = failure.to_string();
    let refused = |reason| with_reason(Code::FailedPrecondition, reason, message.clone());
    match failure {
        MatchError::UnknownAnswer(_) => with_reason(Code::NotFound, "answer_not_found", message),
        MatchError::UnknownClaim(id) => not_found("claim", id),
        MatchError::Held(_) => refused("held_other_sender"),
        MatchError::OtherLane(_) => refused("other_lane"),
        MatchError::Quarantined => refused("answer_quarantined"),
        MatchError::MatchedExactly(_) => refused("matched_exactly"),
        MatchError::MatchedOtherwise(_) => refused("matched_otherwise"),
        MatchError::NotMatched => refused("not_matched"),
        MatchError::Stale { version } => with_metadata(
            Code::Aborted,
            "stale_version",
            message,
            [("version", version.to_string().as_str())],
        ),
        MatchError::ReasonMissing => super::check::one_violation("why", message),
        MatchError::Store(cause) => edge.internal(cause),
    }
}
