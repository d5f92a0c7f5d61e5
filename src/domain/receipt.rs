//! The text of a receipt, which the chain of receipts signs.

use super::{Exchange, Ledger, ReturnFile};
use noemie_parsers::types::Montant;
use std::time::Duration;
use time::OffsetDateTime;

/// How far a clock may be behind the latest receipt without a note: replicas with synchronised
/// clocks differ by less.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);
/// How far a clock may be behind the latest receipt and still give receipts, each with a note.
pub const MAX_CLOCK_BEHIND: Duration = Duration::from_secs(5 * 60);

/// Returns how far a clock is behind the latest receipt; zero within the tolerance.
#[must_use]
pub fn clock_behind(now: OffsetDateTime, latest: OffsetDateTime) -> Duration {
    let behind = Duration::try_from(latest - now).unwrap_or_default();
    if behind < CLOCK_TOLERANCE { Duration::ZERO } else { behind }
}

/// Codes of an exchange as the database has them: a code of a later version is kept here, and its
/// enum reads as unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes {
    /// Channel.
    pub channel: String,
    /// Norm, empty when not recognised.
    pub norm: String,
    /// Packaging, empty when not recognised.
    pub packaging: String,
    /// Verdict.
    pub verdict: String,
}

impl Codes {
    /// Returns the codes of an exchange that this version writes.
    #[must_use]
    pub fn of(e: &Exchange) -> Self {
        Self {
            channel: e.channel.as_str().to_owned(),
            norm: e.norm_code().to_owned(),
            packaging: e.packaging_code().to_owned(),
            verdict: e.verdict.as_str().to_owned(),
        }
    }
}

/// Returns a receipt as one text: every column of the exchange, its ledger, the digest of its ARL,
/// `contents`, the digest of the other rows of the exchange, how far the clock was behind the
/// latest receipt, where it was, and the test lane.
/// The form of the text is part of the chain: with another form every existing link would be
/// broken.
#[must_use]
pub fn text(
    e: &Exchange,
    codes: &Codes,
    l: &Ledger,
    arl: &ReturnFile,
    (contents, behind_ms): (&str, u64),
) -> String {
    let numbers = [
        e.size,
        e.logical_files,
        e.lots,
        e.invoices,
        e.lines,
        e.accepted,
        e.quarantined,
        e.duplicates,
        e.unmatched,
        e.anomalies,
    ];
    let books = [l.read, l.accepted, l.quarantined, l.duplicates, l.unmatched, l.envelope];
    let sums = [e.total, e.amo, e.amc].map(Montant::centimes);
    // Both databases store microseconds.
    let at = e.received_at.unix_timestamp_nanos().div_euclid(1_000);
    let texts = [
        e.sender.as_str(),
        e.file_name.as_str(),
        &e.digest,
        &e.records_digest,
        &e.idempotency_key,
        &codes.norm,
        &codes.packaging,
        &e.archive_name,
        &arl.digest,
    ];
    let (channel, verdict) = (&codes.channel, &codes.verdict);
    let noted = if behind_ms == 0 { String::new() } else { format!(" behind {behind_ms}") };
    let lane = if e.lane.is_test() { " test" } else { "" };
    format!(
        "{} {channel} {verdict} {at} {numbers:?} {books:?} {sums:?} {texts:?} \
         {contents}{noted}{lane}",
        e.id
    )
}
