//! What a receipt says, for the chain of receipts.

use super::{Exchange, Ledger, ReturnFile};
use noemie_parsers::types::Montant;

/// A receipt in one text that never changes once committed: every column of the exchange, its
/// books, the digest of its ARL. The form is part of the chain: another one would break every link
/// made before.
#[must_use]
pub fn text(e: &Exchange, l: &Ledger, arl: &ReturnFile) -> String {
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
    // Databases keep microseconds.
    let at = e.received_at.unix_timestamp_nanos().div_euclid(1_000);
    let texts = [
        e.sender.as_str(),
        &e.file_name,
        &e.digest,
        &e.idempotency_key,
        e.norm_code(),
        e.packaging_code(),
        &e.archive_name,
        &arl.digest,
    ];
    let (channel, verdict) = (e.channel.as_str(), e.verdict.as_str());
    format!("{} {channel} {verdict} {at} {numbers:?} {books:?} {sums:?} {texts:?}", e.id)
}
