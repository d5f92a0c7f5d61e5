//! From the domain's values to the messages: names and units only, nothing is decided here.

mod conventionnement;
mod exchange;
mod status;

pub(super) use conventionnement::{convention_version, lookup_answer};
pub(super) use exchange::{anomaly, exchange, ledger, quarantined, report, return_file};
pub(super) use status::{claim, dre_status, event, person, quarantined_status};

use crate::domain::PageToken;
use time::{Date, OffsetDateTime};

/// An instant as protobuf keeps it.
pub(super) fn timestamp(at: OffsetDateTime) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.unix_timestamp(),
        nanos: i32::try_from(at.nanosecond()).unwrap_or(0),
    }
}

/// Where the next page starts; empty on the last page.
pub(super) fn page_token(next: Option<PageToken>) -> String {
    next.map(|token| token.to_string()).unwrap_or_default()
}

/// `2026-11-21`, or empty.
fn day(date: Option<Date>) -> String {
    date.map(|d| d.to_string()).unwrap_or_default()
}

/// A count or offset. No count of ours reaches 2^63; one that would is shown as the largest.
fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A small count.
fn small(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
