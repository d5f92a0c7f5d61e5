//! Checks of what callers send: every wrong field of a request is named in one answer.

use super::LARGEST_BATCH;
use crate::domain::PageToken;
use crate::domain::page::{DEFAULT_PAGE, LARGEST_PAGE};
use std::fmt::Display;
use std::str::FromStr;
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Longest text that a caller may send in one field, characters; identifiers and names are much
/// shorter.
pub(super) const LONGEST_FIELD: usize = 128;

/// The wrong fields of one request. A getter that finds its field wrong notes it and answers a
/// placeholder, which [`finish`](Self::finish) keeps from being used.
#[derive(Default)]
pub(super) struct Violations(ErrorDetails);

impl Violations {
    /// Notes a wrong field.
    pub(super) fn add(&mut self, field: &str, description: impl Into<String>) {
        self.0.add_bad_request_violation(field, description);
    }

    /// The end of the checks: `INVALID_ARGUMENT` when any field was wrong.
    pub(super) fn finish(self) -> Result<(), Status> {
        let Some(bad) = self.0.bad_request() else { return Ok(()) };
        let fields: Vec<String> = bad
            .field_violations
            .iter()
            .map(|v| format!("{}: {}", v.field, v.description))
            .collect();
        Err(Status::with_error_details(Code::InvalidArgument, fields.join("; "), self.0))
    }

    /// A value that must parse: an identifier, a code.
    pub(super) fn parse<T: FromStr>(
        &mut self,
        field: &str,
        text: &str,
        expected: &str,
    ) -> Option<T> {
        let value = text.parse().ok();
        if value.is_none() {
            self.add(field, format!("expected {expected}"));
        }
        value
    }

    /// Likewise, when an empty field means "not given".
    pub(super) fn parse_optional<T: FromStr>(
        &mut self,
        field: &str,
        text: &str,
        expected: &str,
    ) -> Option<T> {
        if text.is_empty() { None } else { self.parse(field, text, expected) }
    }

    /// A stable code among those of an enum; empty means "not given".
    pub(super) fn code<T>(
        &mut self,
        field: &str,
        text: &str,
        read: impl Fn(&str) -> Option<T>,
        known: &str,
    ) -> Option<T> {
        if text.is_empty() {
            return None;
        }
        let value = read(text);
        if value.is_none() {
            self.add(field, format!("expected one of {known}"));
        }
        value
    }

    /// A short text: no control characters, at most `longest` characters.
    pub(super) fn text(&mut self, field: &str, text: &str, longest: usize) -> String {
        if text.chars().count() > longest {
            self.add(field, format!("longer than {longest} characters"));
        } else if text.chars().any(char::is_control) {
            self.add(field, "control characters are not allowed");
        }
        text.to_owned()
    }

    /// A short text that must be there.
    pub(super) fn required(&mut self, field: &str, text: &str, longest: usize) -> String {
        if text.is_empty() {
            self.add(field, "must not be empty");
        }
        self.text(field, text, longest)
    }

    /// A short text; empty means "not given".
    pub(super) fn optional(&mut self, field: &str, text: &str) -> Option<String> {
        if text.is_empty() { None } else { Some(self.text(field, text, LONGEST_FIELD)) }
    }

    /// A calendar date, `2026-11-21`.
    pub(super) fn date(&mut self, field: &str, text: &str) -> Date {
        Date::parse(text, format_description!("[year]-[month]-[day]")).unwrap_or_else(|_| {
            self.add(field, "expected a date such as 2026-11-21");
            Date::MIN
        })
    }

    /// An instant; absent means "not given".
    pub(super) fn instant(
        &mut self,
        field: &str,
        at: Option<prost_types::Timestamp>,
    ) -> Option<OffsetDateTime> {
        let at = at?;
        let nanos = i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
        let instant = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
        if instant.is_none() {
            self.add(field, "instant out of range");
        }
        instant
    }

    /// Size of a page: the default for 0, never more than the largest.
    pub(super) fn page_size(&mut self, size: i32) -> usize {
        match usize::try_from(size) {
            Ok(0) => DEFAULT_PAGE,
            Ok(size) => size.min(LARGEST_PAGE),
            Err(_) => {
                self.add("page_size", "must not be negative");
                DEFAULT_PAGE
            }
        }
    }

    /// Where a page starts; empty means the first one.
    pub(super) fn page_token(&mut self, token: &str) -> Option<PageToken> {
        self.parse_optional("page_token", token, "the next_page_token of the page before")
    }
}

/// `INVALID_ARGUMENT` for one field.
pub(super) fn one_violation(field: &str, description: impl Into<String>) -> Status {
    let mut violations = Violations::default();
    violations.add(field, description);
    violations.finish().expect_err("one field was just noted")
}

/// The identifier in `field`, when it is the only thing that can be wrong. Noted in the span that
/// declares the field, and only once read: a caller may send anything in its place.
pub(super) fn id<T: FromStr + Display>(field: &str, text: &str) -> Result<T, Status> {
    let id = text.parse().map_err(|_| one_violation(field, "expected a UUID"))?;
    tracing::Span::current().record(field, tracing::field::display(&id));
    Ok(id)
}

/// Metadata by which a caller names itself, until mTLS does.
pub(super) const CALLER: &str = "x-noemie-caller";

/// Who calls, when it says so.
pub(super) fn caller(metadata: &MetadataMap) -> Result<Option<String>, Status> {
    let Some(value) = metadata.get(CALLER) else { return Ok(None) };
    let Ok(name) = value.to_str() else {
        return Err(one_violation(CALLER, "only visible ASCII characters"));
    };
    let mut check = Violations::default();
    let name = check.optional(CALLER, name);
    check.finish()?;
    Ok(name)
}

/// The number of items of a batch.
pub(super) fn batch(field: &str, items: usize) -> Result<(), Status> {
    if items > LARGEST_BATCH {
        Err(one_violation(field, format!("at most {LARGEST_BATCH} items")))
    } else {
        Ok(())
    }
}

/// The stable codes of an enum, for the text of a violation.
pub(super) fn codes<T: Copy>(all: &[T], code: impl Fn(T) -> &'static str) -> String {
    all.iter().map(|value| code(*value)).collect::<Vec<_>>().join(", ")
}
