//! Checks of the fields of requests: one answer names every wrong field.

use super::ERROR_DOMAIN;
use crate::domain::civil_time::read_day;
use crate::domain::masking::{holds_identity, is_line_end, is_unseen};
use crate::domain::page::{DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS};
use crate::domain::{
    BoundPageToken, FileName, FilterDigest, FreeText, PageToken, RefusedText, ResumeToken,
};
use crate::limits::{MAX_BATCH_ITEMS, MAX_FIELD_CHARS};
use crate::service::decisions::message::WrongField;
use crate::service::events::Start;
use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;
use time::{Date, OffsetDateTime};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The wrong fields of one request. A getter that finds its field wrong adds it and returns a
/// placeholder; [`finish`](Self::finish) keeps the placeholder from being used.
#[derive(Default)]
pub(super) struct Violations(ErrorDetails);

/// Largest number of characters of the reason of an act that goes on record.
const MAX_WHY_CHARS: usize = 200;

/// Reason of a request in which a field that identifies something holds what may be a NIR or a bank
/// account.
const IDENTITY_REFUSED: &str = "identity_refused";

/// Reason of a request whose page token belongs to a listing with other filters.
const OTHER_PAGE_FILTER: &str = "page_token_of_other_filter";

impl Violations {
    /// Adds a wrong field.
    pub(super) fn add(&mut self, field: &str, description: impl Into<String>) {
        self.0.add_bad_request_violation(field, description);
    }

    /// Adds a wrong field, unless it is known to be wrong.
    pub(super) fn add_once(&mut self, field: &str, description: impl Into<String>) {
        let known = self.0.bad_request().is_some_and(|bad| {
            bad.field_violations.iter().any(|violation| violation.field == field)
        });
        if !known {
            self.add(field, description);
        }
    }

    /// Adds a refused text. The text itself is not repeated.
    fn refuse(&mut self, field: &str, refused: RefusedText) {
        if matches!(refused, RefusedText::Identity { .. }) {
            self.0.set_error_info(IDENTITY_REFUSED, ERROR_DOMAIN, HashMap::new());
        }
        self.add(field, refused.to_string());
    }

    /// Ends the checks with `INVALID_ARGUMENT` when a field was wrong.
    pub(super) fn finish(self) -> Result<(), Status> {
        if self.0.bad_request().is_some() { Err(self.status()) } else { Ok(()) }
    }

    /// Returns `INVALID_ARGUMENT` with every wrong field.
    pub(super) fn status(self) -> Status {
        let violations = self.0.bad_request().map(|bad| bad.field_violations.as_slice());
        let fields: Vec<String> = violations
            .unwrap_or_default()
            .iter()
            .map(|v| format!("{}: {}", v.field, v.description))
            .collect();
        Status::with_error_details(Code::InvalidArgument, fields.join("; "), self.0)
    }

    /// Returns a parsed value, such as an identifier; a text that does not parse is wrong.
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

    /// Returns a parsed value; an empty field is not given.
    pub(super) fn parse_optional<T: FromStr>(
        &mut self,
        field: &str,
        text: &str,
        expected: &str,
    ) -> Option<T> {
        if text.is_empty() { None } else { self.parse(field, text, expected) }
    }

    /// Returns the value of a stable code of an enum; an empty field is not given.
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

    /// Returns a text that a person typed, with NIR and bank accounts masked.
    pub(super) fn free_text(&mut self, field: &str, text: &str, max_chars: usize) -> FreeText {
        if text.chars().count() > max_chars {
            self.add(field, RefusedText::TooLong(max_chars).to_string());
            return FreeText::default();
        }
        FreeText::new(text)
    }

    /// Returns the reason of an act that goes on record.
    pub(super) fn why(&mut self, text: &str) -> FreeText {
        if text.trim().is_empty() {
            self.add("why", "must not be empty");
        }
        self.free_text("why", text, MAX_WHY_CHARS)
    }

    /// Returns the name of a file, with NIR and bank accounts masked.
    pub(super) fn file_name(&mut self, field: &str, name: &str) -> FileName {
        if name.chars().count() > MAX_FIELD_CHARS {
            self.add(field, RefusedText::TooLong(MAX_FIELD_CHARS).to_string());
            return FileName::default();
        }
        FileName::new(name)
    }

    /// Returns a key or a reference.
    pub(super) fn typed<T>(&mut self, field: &str, text: &str) -> Option<T>
    where
        T: for<'t> TryFrom<&'t str, Error = RefusedText>,
    {
        T::try_from(text).map_err(|refused| self.refuse(field, refused)).ok()
    }

    /// Returns a key or a reference; an empty field means that none is given.
    pub(super) fn typed_optional<T>(&mut self, field: &str, text: &str) -> Option<T>
    where
        T: for<'t> TryFrom<&'t str, Error = RefusedText>,
    {
        if text.is_empty() { None } else { self.typed(field, text) }
    }

    /// Returns a text of at most `max_chars` characters that names a thing: a text with control
    /// characters, a NIR or a bank account is refused.
    pub(super) fn text(&mut self, field: &str, text: &str, max_chars: usize) -> String {
        if text.chars().count() > max_chars {
            self.add(field, format!("longer than {max_chars} characters"));
        } else if text.chars().any(|c| is_line_end(c) || is_unseen(c)) {
            self.add(field, RefusedText::Control.to_string());
        } else if holds_identity(text) {
            self.refuse(field, RefusedText::Identity { give: replacement(field) });
        }
        text.to_owned()
    }

    /// Returns a text that must not be empty.
    pub(super) fn required(&mut self, field: &str, text: &str, max_chars: usize) -> String {
        if text.is_empty() {
            self.add(field, "must not be empty");
        }
        self.text(field, text, max_chars)
    }

    /// Returns a text; an empty field is not given.
    pub(super) fn optional(&mut self, field: &str, text: &str) -> Option<String> {
        if text.is_empty() { None } else { Some(self.text(field, text, MAX_FIELD_CHARS)) }
    }

    /// Returns an AMC number, 10 digits; an empty field is not given.
    pub(super) fn amc_number(&mut self, field: &str, text: &str) -> Option<String> {
        if !text.is_empty() && (text.len() != 10 || !text.bytes().all(|b| b.is_ascii_digit())) {
            self.add(field, "expected the 10 digits of an AMC number");
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Returns the start of a stream: after a token, or one of these starts by its code. Both empty
    /// mean the oldest event.
    pub(super) fn start(&mut self, token: &str, start: &str, known: &[(&str, Start)]) -> Start {
        let expected = "the resume_token of a message of this service";
        let token: Option<ResumeToken> = self.parse_optional("resume_token", token, expected);
        let codes: Vec<&str> = known.iter().map(|(code, _)| *code).collect();
        let read =
            |text: &str| known.iter().find(|(code, _)| *code == text).map(|(_, start)| *start);
        let chosen = self.code("start", start, read, &codes.join(", "));
        if token.is_some() && chosen.is_some() {
            self.add("start", "must be empty with a resume_token");
        }
        token.map(Start::After).or(chosen).unwrap_or(Start::Oldest)
    }

    /// Returns a calendar date, `2026-11-21`.
    pub(super) fn date(&mut self, field: &str, text: &str) -> Date {
        read_day(text).unwrap_or_else(|| {
            self.add(field, "expected a date such as 2026-11-21");
            Date::MIN
        })
    }

    /// Returns an instant; an absent field is not given.
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

    /// Returns the size of a page: the default for 0, at most the largest.
    pub(super) fn page_size(&mut self, size: i32) -> usize {
        match usize::try_from(size) {
            Ok(0) => DEFAULT_PAGE_ROWS,
            Ok(size) => size.min(MAX_PAGE_ROWS),
            Err(_) => {
                self.add("page_size", "must not be negative");
                DEFAULT_PAGE_ROWS
            }
        }
    }

    /// Returns the position of a page of a listing with this filter; an empty field is the first
    /// page. A token of another listing or filter is refused: it would give a wrong page.
    pub(super) fn page_token(&mut self, token: &str, filter: FilterDigest) -> Option<PageToken> {
        let expected = "the next_page_token of the page before";
        let token: BoundPageToken = self.parse_optional("page_token", token, expected)?;
        let position = token.position(filter);
        if position.is_none() {
            self.0.set_error_info(OTHER_PAGE_FILTER, ERROR_DOMAIN, HashMap::new());
            self.add("page_token", "belongs to a listing with other filters");
        }
        position
    }
}

/// Returns what a caller may give in a field instead of a text that looks like a NIR or an IBAN.
fn replacement(field: &str) -> &'static str {
    match field.rsplit('.').next().unwrap_or(field) {
        "recipient" => "the name of a sender",
        "ps" => "the number of the PS, 9 characters",
        "invoice_number" => "the number of the invoice alone, 9 digits",
        "identifier" => "a PS, FINESS or RPPS number",
        "amc_number" => "the number of the AMC, 10 digits",
        "domain" => "the code of a domain",
        "code" => "the code of a reason, for example R12",
        _ => "another text",
    }
}

/// Returns `INVALID_ARGUMENT` for the wrong fields of a decision.
pub(super) fn status_of(fields: Vec<WrongField>) -> Status {
    let mut violations = Violations::default();
    for wrong in fields {
        if wrong.is_identity {
            violations.0.set_error_info(IDENTITY_REFUSED, ERROR_DOMAIN, HashMap::new());
        }
        violations.add(&wrong.field, wrong.description);
    }
    violations.status()
}

/// Returns `INVALID_ARGUMENT` for one field.
pub(super) fn one_violation(field: &str, description: impl Into<String>) -> Status {
    let mut violations = Violations::default();
    violations.add(field, description);
    violations.status()
}

/// Returns the identifier of a request that has no other field to check. The span of the call gets
/// the parsed identifier, never the text, which may hold anything.
pub(super) fn id<T: FromStr + Display>(field: &str, text: &str) -> Result<T, Status> {
    let id = text.parse().map_err(|_| one_violation(field, "expected a UUID"))?;
    tracing::Span::current().record(field, tracing::field::display(&id));
    Ok(id)
}

/// Refuses a batch of more than [`MAX_BATCH_ITEMS`] items.
pub(super) fn batch(field: &str, items: usize) -> Result<(), Status> {
    if items > MAX_BATCH_ITEMS {
        Err(one_violation(field, format!("at most {MAX_BATCH_ITEMS} items")))
    } else {
        Ok(())
    }
}

/// Returns the stable codes of an enum, for the text of a violation.
pub(super) fn codes<T: Copy>(all: &[T], code: impl Fn(T) -> &'static str) -> String {
    all.iter().map(|value| code(*value)).collect::<Vec<_>>().join(", ")
}
