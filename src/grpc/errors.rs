//! Converts failures to statuses: a gRPC code, a stable reason and a text, never a cause.
//!
//! | code | when | detail |
//! |---|---|---|
//! | `INVALID_ARGUMENT` | wrong input | `BadRequest` with every wrong field |
//! | `PERMISSION_DENIED` | a deposit in the name of another sender | `ErrorInfo` |
//! | `NOT_FOUND` | no such claim, invoice, exchange or return | `ErrorInfo` |
//! | `FAILED_PRECONDITION` | the state forbids the decision | `ErrorInfo` with the states |
//! | `OUT_OF_RANGE` | a resume token that other data or another stream gave | `ErrorInfo` |
//! | `ALREADY_EXISTS` | idempotency key used for another request | `ErrorInfo` |
//! | `ABORTED` | another version of the claim; a staged deposit was abandoned | `ErrorInfo` |
//! | `RESOURCE_EXHAUSTED` | a limit of size, calls, uploads, or of the disk | `ErrorInfo` |
//! | `DEADLINE_EXCEEDED` | a request or an upload came too slowly | `ErrorInfo` |
//! | `UNAVAILABLE` | database away or busy, a staged deposit in the way, the clock | `ErrorInfo` |
//! | `INTERNAL` | a fault of the gateway | an id in the message; the log has id and chain |

use super::ERROR_DOMAIN;
use super::proto;
use crate::clock::Clock;
use crate::error_chain::Chain;
use crate::service::decisions::refusal::{Refusal, RefusalCode};
use crate::service::decisions::{DecideError, DecisionKind};
use crate::service::deposits::IngestError;
use crate::service::error::{is_database_away, is_unavailable};
use crate::service::events::ResumeError;
use std::collections::HashMap;
use std::error::Error;
use std::io::ErrorKind;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Returns a status with its stable reason.
pub(super) fn with_reason(code: Code, reason: &str, message: impl Into<String>) -> Status {
    with_metadata(code, reason, message, [])
}

/// Returns a status with its stable reason, and values for programs.
pub(super) fn with_metadata<const N: usize>(
    code: Code,
    reason: &str,
    message: impl Into<String>,
    metadata: [(&str, &str); N],
) -> Status {
    let metadata: HashMap<String, String> =
        metadata.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    Status::with_error_details(
        code,
        message,
        ErrorDetails::with_error_info(reason, ERROR_DOMAIN, metadata),
    )
}

/// Returns `NOT_FOUND` for a `claim`, `exchange` or `return`.
pub(super) fn not_found(what: &str, id: impl std::fmt::Display) -> Status {
    with_reason(Code::NotFound, &format!("{what}_not_found"), format!("{what} {id} not found"))
}

/// Returns `INTERNAL`, or `UNAVAILABLE` when the database is away or busy. The caller gets an id,
/// the log gets the id and the chain of causes.
pub(super) fn internal(clock: &dyn Clock, error: &(dyn Error + 'static)) -> Status {
    let error_id = clock.new_id();
    if is_database_away(error) {
        // `service::health` logs as an error that the database is away, once for all calls.
        tracing::info!(%error_id, error = %Chain(error), "call not answered");
    } else {
        tracing::error!(%error_id, error = %Chain(error), "internal error");
    }
    if is_unavailable(error) {
        return with_reason(
            Code::Unavailable,
            "database_unavailable",
            format!("the database is away or busy, try again ({error_id})"),
        );
    }
    with_reason(Code::Internal, "internal", format!("internal error {error_id}"))
}

/// Returns the status of a deposit without receipt.
pub(super) fn of_deposit(clock: &dyn Clock, error: &IngestError) -> Status {
    error.count();
    match error {
        IngestError::SenderOutsideScope => {
            with_reason(Code::PermissionDenied, "sender_outside_scope", error.to_string())
        }
        IngestError::KeyReused => {
            with_reason(Code::AlreadyExists, "idempotency_key_reused", error.to_string())
        }
        IngestError::TooManyUploads { .. } => {
            with_reason(Code::ResourceExhausted, "too_many_uploads", error.to_string())
        }
        IngestError::TooLarge { .. } => {
            with_reason(Code::ResourceExhausted, "file_too_large", error.to_string())
        }
        IngestError::BlockedBy { .. } => with_reason(
            Code::Unavailable,
            "invoices_being_written",
            "another deposit, whose invoices are being written, has the same invoices or \
             remittance: send this one again later",
        ),
        IngestError::WithdrawnByLaterVersion { .. } => {
            with_reason(Code::Unavailable, "withdrawn_by_later_version", error.to_string())
        }
        IngestError::ClockBehind { .. } => with_reason(
            Code::Unavailable,
            "clock_behind",
            "the clock of the gateway is behind its latest receipt, an operator has to set it \
             right: send the file again later",
        ),
        IngestError::Overtaken => with_reason(Code::Unavailable, "overtaken", error.to_string()),
        IngestError::Abandoned => {
            with_reason(Code::Aborted, "deposit_abandoned", error.to_string())
        }
        IngestError::Store(cause) => internal(clock, cause),
        IngestError::Archive { source, .. }
            if matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) =>
        {
            // The log gets it as an internal error: an operator has to make room.
            let status = internal(clock, error);
            with_reason(
                Code::ResourceExhausted,
                "archive_full",
                format!(
                    "no room left in the archive: nothing was kept, try again later ({})",
                    status.message()
                ),
            )
        }
        IngestError::Archive { .. } => internal(clock, error),
    }
}

/// Returns the status of a stream that does not continue after its token.
pub(super) fn of_resume(clock: &dyn Clock, error: &ResumeError) -> Status {
    let reason = match error {
        ResumeError::Expired => "resume_token_expired",
        ResumeError::Ahead => "resume_token_ahead",
        ResumeError::OtherFilter => "resume_token_of_other_filter",
        ResumeError::Store(cause) => return internal(clock, cause),
    };
    with_reason(Code::OutOfRange, reason, error.to_string())
}

/// Returns the status of a decision of this kind that was not recorded.
pub(super) fn of_decision(clock: &dyn Clock, kind: &DecisionKind, error: &DecideError) -> Status {
    match (error.refusal(kind), error) {
        (Some(refusal), _) => of_refusal(refusal),
        (None, DecideError::Store(cause)) => internal(clock, cause),
        (None, error) => internal(clock, error),
    }
}

/// Returns the status of a refused decision.
pub(super) fn of_refusal(refusal: Refusal) -> Status {
    let code = match refusal.code {
        RefusalCode::InvalidArgument => Code::InvalidArgument,
        RefusalCode::NotFound => Code::NotFound,
        RefusalCode::AlreadyExists => Code::AlreadyExists,
        RefusalCode::PermissionDenied => Code::PermissionDenied,
        RefusalCode::FailedPrecondition => Code::FailedPrecondition,
        RefusalCode::Aborted => Code::Aborted,
    };
    if !refusal.fields.is_empty() {
        return super::check::status_of(refusal.fields);
    }
    let metadata = refusal.metadata.into_iter().map(|(name, value)| (name.to_owned(), value));
    let details = ErrorDetails::with_error_info(
        refusal.reason,
        ERROR_DOMAIN,
        metadata.collect::<HashMap<_, _>>(),
    );
    Status::with_error_details(code, refusal.message, details)
}

/// Returns the failure of one item of a batch, for the answer.
pub(super) fn item(status: &Status) -> proto::ItemError {
    let details = status.get_error_details();
    let reason =
        details.error_info().map_or_else(|| "invalid_field".to_owned(), |info| info.reason.clone());
    proto::ItemError {
        code: code_name(status.code()).to_owned(),
        reason,
        message: status.message().to_owned(),
        metadata: details.error_info().map(|info| info.metadata.clone()).unwrap_or_default(),
    }
}

/// Returns the name of a code that this service answers with.
const fn code_name(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::NotFound => "NOT_FOUND",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::Aborted => "ABORTED",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::Unavailable => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::ExchangeId;

    #[test]
    fn a_deposit_that_meets_a_staged_deposit_is_told_to_come_again() {
        let held = IngestError::BlockedBy { exchange: ExchangeId(SystemClock.new_id()) };
        let status = of_deposit(&SystemClock, &held);
        let details = status.get_error_details();
        let info = details.error_info().expect("a reason");
        assert_eq!(
            (status.code(), info.reason.as_str()),
            (Code::Unavailable, "invoices_being_written")
        );
    }
}
