//! What is said of a file: counts, totals, verdict, and every anomaly with its place.

use crate::verdict::Verdict;
use noemie_parsers::anomaly::Anomaly;
use serde::Serialize;

/// The report of one physical file, as `validate --format json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// File name as given by the caller.
    pub file: String,
    /// `b2`, `noemie`, `concentrator`; absent when not recognised.
    pub norm: Option<&'static str>,
    /// `blocks`, `crlf`, `lf`, `lines`; absent when not recognised.
    pub packaging: Option<&'static str>,
    /// Why the norm and the packaging were so recognised.
    pub detected: String,
    /// What was assumed, where the file or the norm leaves a choice; each once, with the first
    /// record concerned. It costs nothing.
    pub assumptions: Vec<Assumption>,
    /// Outcome.
    pub verdict: Verdict,
    /// Logical files (000..999).
    pub logical_files: u64,
    /// Lots, or level-01 groups.
    pub lots: u64,
    /// Invoices, quarantined ones included.
    pub invoices: u64,
    /// Lines (main types 3 and 4; entities 210).
    pub lines: u64,
    /// Physical records as read, 000 and 999 counted.
    pub records: u64,
    /// Entities of a NOEMIE file; 0 for the others.
    pub entities: u64,
    /// Invoices that would be loaded (0 for a refused file).
    pub accepted_invoices: u64,
    /// Numbers of the invoices that would be quarantined.
    pub quarantined_invoices: Vec<String>,
    /// Billed, over accepted invoices (NOEMIE: sum of the 999).
    pub total_centimes: i64,
    /// Asked of the AMO, over accepted invoices (returns: paid).
    pub amo_centimes: i64,
    /// Asked of the AMC, over accepted invoices (returns: paid).
    pub amc_centimes: i64,
    /// Further sums of a return: `amo_asked`, `amo_paid`, `amc_asked`, `amc_paid`, `recovered`,
    /// `flat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sums: Option<ReturnSums>,
    /// Number of anomalies, including those past the limit of the list.
    pub anomaly_count: u64,
    /// The anomalies, at most [`LONGEST_LIST`].
    pub anomalies: Vec<Finding>,
}

impl Report {
    /// Adds a finding that refuses the whole file.
    pub fn refuse(&mut self, finding: Finding) {
        self.verdict = Verdict::Refused;
        self.anomaly_count += 1;
        self.anomalies.insert(0, finding);
        self.accepted_invoices = 0;
        self.quarantined_invoices.clear();
        self.total_centimes = 0;
        self.amo_centimes = 0;
        self.amc_centimes = 0;
        self.sums = self.sums.map(|_| ReturnSums::default());
    }
}

/// A choice made in the place of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Assumption {
    /// Stable code, `A…`.
    pub code: &'static str,
    /// First physical record concerned, 1-based.
    pub record: u64,
    /// What was assumed and why, in French.
    pub message: &'static str,
}

/// Sums of a return, over accepted invoices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub struct ReturnSums {
    /// AMO asked, centimes.
    pub amo_asked: i64,
    /// AMO paid, centimes.
    pub amo_paid: i64,
    /// AMC asked, centimes.
    pub amc_asked: i64,
    /// AMC paid, centimes.
    pub amc_paid: i64,
    /// Taken back (entity 250), centimes, positive.
    pub recovered: i64,
    /// Flat payments (entity 261), centimes.
    pub flat: i64,
}

/// Longest list of anomalies kept for one file: a file of noise must not fill the memory. The count
/// goes on.
pub const LONGEST_LIST: usize = 10_000;

/// One anomaly as reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable code.
    pub code: &'static str,
    /// `file`, `invoice` or `warning`.
    pub severity: &'static str,
    /// Control, for example `C30`.
    pub control: &'static str,
    /// Physical record, 1-based; absent when the file has none.
    pub record: Option<u64>,
    /// Record or entity type.
    pub record_type: String,
    /// Column in the record, 1-based; absent when the file has none.
    pub column: Option<u32>,
    /// Offset in the file, 0-based.
    pub offset: u64,
    /// Length in bytes.
    pub length: u32,
    /// Zone number and name.
    pub field: String,
    /// Value found, masked when personal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// French text.
    pub message: String,
    /// Number of the invoice concerned, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
}

impl Finding {
    /// The reported form of an anomaly.
    #[must_use]
    pub fn new(anomaly: Anomaly, invoice: Option<String>) -> Self {
        let field = if anomaly.zone_no.is_empty() {
            anomaly.field.to_owned()
        } else {
            format!("{} {}", anomaly.zone_no, anomaly.field)
        };
        Self {
            code: anomaly.code.as_str(),
            severity: anomaly.severity.as_str(),
            control: anomaly.code.control(),
            record: (anomaly.record > 0).then_some(anomaly.record),
            record_type: anomaly.record_type,
            column: (anomaly.column > 0).then_some(anomaly.column),
            offset: anomaly.offset,
            length: anomaly.length,
            field,
            value: anomaly.value,
            message: anomaly.message,
            invoice,
        }
    }
}
