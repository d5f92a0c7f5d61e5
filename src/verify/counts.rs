//! Counts and sums of a receipt beside those of its file and of the store.

use super::finding::{Kind, Verification};
use super::words;
use crate::domain::{Exchange, Norm, Verdict};
use noemie_parsers::types::Montant;
use noemie_xray::Examination;

/// Names of the counts of a file.
const COUNTS: [&str; 4] = ["logical files", "lots", "invoices", "lines"];
/// Names of the outcomes of invoices and returns.
pub(super) const OUTCOMES: [&str; 4] = ["accepted", "quarantined", "duplicates", "unmatched"];
/// Names of the sums.
pub(super) const SUMS: [&str; 3] = ["total", "AMO", "AMC"];

/// Norm; then the values of [`COUNTS`].
pub(super) type FileCounts = (&'static str, [u64; 4]);

/// Returns in words how the counts of a receipt differ from those of its file.
pub(super) fn differences(written: &FileCounts, read: &FileCounts) -> String {
    let norm = words::differences(["norm"], &[written.0], &[read.0]);
    let counts = words::differences(COUNTS, &written.1, &read.1);
    [norm, counts].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Returns the counts of the file as the receipt has them.
pub(super) fn written(e: &Exchange) -> FileCounts {
    (e.norm_code(), [e.logical_files, e.lots, e.invoices, e.lines])
}

/// Returns the counts of the file as it is read now.
pub(super) fn read(examination: &Examination) -> FileCounts {
    let r = &examination.report;
    (r.norm.map_or("", Norm::as_str), [r.logical_files, r.lots, r.invoices, r.lines])
}

/// Returns the invoices accepted, quarantined, duplicate and unmatched, as the receipt has them.
pub(super) const fn outcomes(e: &Exchange) -> [u64; 4] {
    [e.accepted, e.quarantined, e.duplicates, e.unmatched]
}

/// Returns the total, AMO and AMC sums of the receipt.
pub(super) const fn sums(e: &Exchange) -> [Montant; 3] {
    [e.total, e.amo, e.amc]
}

/// Returns the total, AMO and AMC sums of the file as it is read now.
pub(super) fn read_sums(examination: &Examination) -> [Montant; 3] {
    let r = &examination.report;
    [r.total_centimes, r.amo_centimes, r.amc_centimes].map(Montant::from_centimes)
}

/// Compares the verdict of the receipt with its counts. Where no invoice is quarantined, a fault
/// outside the invoices may have made the verdict partial.
pub(super) fn compare_verdict(
    exchange: &Exchange,
    examination: &Examination,
    verification: &mut Verification,
) {
    let some_unwritten = exchange.quarantined + exchange.duplicates > 0;
    match exchange.verdict {
        Verdict::Accepted if some_unwritten => verification.find(
            Kind::ExchangeDiffers,
            Some(exchange.id),
            "accepted as a whole, with invoices quarantined",
        ),
        Verdict::Partial if !some_unwritten && examination.report.verdict != Verdict::Partial => {
            verification.note(
                exchange.id,
                "accepted in part without an invoice quarantined, and would be accepted as a whole \
                 today",
            );
        }
        _ => {}
    }
}
