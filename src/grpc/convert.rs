//! Converts views and values of the domain to messages: names and units only.

mod conventionnement;
mod exchange;
mod return_match;
mod status;
mod transfer;

pub(super) use conventionnement::{convention_version, lookup_answer};
pub(super) use exchange::{exchange, exchange_report, receipt, report, return_file};
pub(super) use return_match::{recorded_match, unmatched_return};
pub(super) use status::{dre_status, event, full_claim, recorded, shared_status};

pub(super) use transfer::{transfer, transfer_details};

use exchange::quarantined;

use crate::domain::{FilterDigest, PageToken};
use time::{Date, OffsetDateTime};

/// Converts an instant.
pub(super) fn timestamp(at: OffsetDateTime) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.unix_timestamp(),
        nanos: i32::try_from(at.nanosecond()).unwrap_or(0),
    }
}

/// Returns the token of the next page of a listing with this filter; empty on the last page.
pub(super) fn page_token(next: Option<PageToken>, filter: FilterDigest) -> String {
    next.map(|token| token.bound_to(filter).to_string()).unwrap_or_default()
}

/// Returns a date as `2026-11-21`, or an empty text.
fn day(date: Option<Date>) -> String {
    date.map(|d| d.to_string()).unwrap_or_default()
}

/// Converts a count or offset. A value above 2^63 becomes the largest; no count comes near.
fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Converts a small count.
fn small(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
