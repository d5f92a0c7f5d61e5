//! Copies of invoices that another sender sent before: requests, answers and errors.

use super::check::{self, Violations};
use super::errors::{internal, not_found, with_reason};
use super::{convert, proto};
use crate::clock::Clock;
use crate::domain::{ClaimId, FilterDigest, FreeText, HoldDecision, PageToken};
use crate::service::held_attempts::{DecideHeld, HeldError, HeldView, MAX_HELD};
use tonic::{Code, Status};

/// A checked request of a decision.
pub(super) struct Request {
    claim_id: ClaimId,
    decision: HoldDecision,
    why: FreeText,
}

impl Request {
    /// Checks a request.
    pub(super) fn read(request: &proto::ReleaseHeldAttemptRequest) -> Result<Self, Status> {
        let mut check = Violations::default();
        let claim_id = check.parse::<ClaimId>("claim_id", &request.claim_id, "a UUID");
        let known = check::codes(HoldDecision::ALL, HoldDecision::as_str);
        let decision = check.code("decision", &request.decision, HoldDecision::from_code, &known);
        let why = check.why(&request.why);
        check.finish()?;
        let Some(claim_id) = claim_id else {
            return Err(check::one_violation("claim_id", "expected a UUID"));
        };
        Ok(Self { claim_id, decision: decision.unwrap_or(HoldDecision::Released), why })
    }

    /// Returns the request for the service.
    pub(super) fn with_author<'a>(&'a self, author: Option<&'a FreeText>) -> DecideHeld<'a> {
        DecideHeld {
            claim_id: self.claim_id,
            decision: self.decision,
            why: &self.why,
            stated_author: author,
        }
    }
}

/// Returns the digest that binds page tokens to this listing.
pub(super) fn filter() -> FilterDigest {
    FilterDigest::new("held_attempts")
}

/// Returns the size and the start of a page.
pub(super) fn page(
    request: &proto::ListHeldAttemptsRequest,
) -> Result<(usize, Option<PageToken>), Status> {
    let mut check = Violations::default();
    let limit = check.page_size(request.page_size).min(MAX_HELD);
    let after = check.page_token(&request.page_token, filter());
    check.finish()?;
    Ok((limit, after))
}

/// Converts a held copy.
pub(super) fn held(view: HeldView) -> proto::HeldAttempt {
    proto::HeldAttempt {
        copy: Some(convert::dre_status(view.copy)),
        current: view.current.map(convert::dre_status),
        held_at: Some(convert::timestamp(view.held_at)),
        decide_by: Some(convert::timestamp(view.decide_by)),
    }
}

/// Returns the status of a listing or decision that failed.
pub(super) fn failure(clock: &dyn Clock, error: &HeldError) -> Status {
    let reason = match error {
        HeldError::NotAllowed { .. } => {
            return with_reason(Code::PermissionDenied, "not_of_desk", error.to_string());
        }
        HeldError::UnknownClaim(id) => return not_found("claim", id),
        HeldError::WhyMissing => return check::one_violation("why", "must not be empty"),
        HeldError::Store(cause) => return internal(clock, cause),
        HeldError::NotHeld(_) => "not_held",
        HeldError::AlreadyReleased { .. } => "already_released",
        HeldError::BeingWritten(_) => {
            return with_reason(Code::Unavailable, "invoices_being_written", error.to_string());
        }
    };
    with_reason(Code::FailedPrecondition, reason, error.to_string())
}
