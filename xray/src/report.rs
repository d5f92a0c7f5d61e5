//! The report of a file: counts, totals, verdict, and every anomaly with its position.

use noemie_parsers::outcome::{Finding, Norm, Packaging, Verdict};
use serde::Serialize;

/// The report of one physical file, as `validate --format json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// File name as given by the caller.
    pub file: String,
    /// `b2`, `noemie`, `concentrator`; absent when not recognised.
    pub norm: Option<Norm>,
    /// `blocks`, `crlf`, `lf`, `lines`; absent when not recognised.
    pub packaging: Option<Packaging>,
    /// Reason for the norm and the packaging recognised, in English.
    pub detected: String,
    /// Assumptions made where the file or the norm leaves a choice, each once, with the first
    /// record concerned. An assumption is no anomaly.
    pub assumptions: Vec<Assumption>,
    /// Outcome.
    pub verdict: Verdict,
    /// Whether a record is marked as a test or a demonstration (`T` or `D` in type 2, type 6 or the
    /// 000 of NOEMIE): a deposit goes to the test lane, unless its sender is set to real.
    pub test: bool,
    /// Logical files (000..999).
    pub logical_files: u64,
    /// Lots, or level-01 groups.
    pub lots: u64,
    /// Invoices, quarantined ones included.
    pub invoices: u64,
    /// Payment notices among the invoices of a DRE: they become no claim.
    pub payment_notices: u64,
    /// Lines (main types 3 and 4; entities 210).
    pub lines: u64,
    /// Physical records as read, 000 and 999 counted.
    pub records: u64,
    /// Entities of a NOEMIE file; 0 for the others.
    pub entities: u64,
    /// Invoices that a deposit would accept (0 for a refused file).
    pub accepted_invoices: u64,
    /// Numbers of the invoices that would be quarantined.
    pub quarantined_invoices: Vec<String>,
    /// Invoices that repeat one before them in the file: a deposit answers `DEJA_RECUE` for them
    /// (0 in the report of a deposit, where the store finds them).
    pub duplicate_invoices: u64,
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
    /// The anomalies, at most [`MAX_LISTED_FINDINGS`]: those that cost the whole file first, then
    /// in the order of the file.
    pub anomalies: Vec<Finding>,
}

impl Report {
    /// Norm and packaging as one text for people: `b2 (crlf)`, `non reconnu (-)`.
    #[must_use]
    pub fn format(&self) -> String {
        let norm = self.norm.map_or("non reconnu", Norm::as_str);
        format!("{norm} ({})", self.packaging.map_or("-", Packaging::as_str))
    }

    /// Adds a finding that refuses the whole file.
    pub fn refuse(&mut self, finding: Finding) {
        self.verdict = Verdict::Refused;
        self.anomaly_count += 1;
        self.anomalies.insert(0, finding);
        self.accepted_invoices = 0;
        self.quarantined_invoices.clear();
        self.duplicate_invoices = 0;
        self.total_centimes = 0;
        self.amo_centimes = 0;
        self.amc_centimes = 0;
        self.sums = self.sums.map(|_| ReturnSums::default());
    }
}

/// A choice made for the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Assumption {
    /// Stable code, `A…`.
    pub code: &'static str,
    /// First physical record concerned, 1-based.
    pub record: u64,
    /// The assumption and its reason, in French.
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
    /// Recovered (entity 250), centimes, positive.
    pub recovered: i64,
    /// Flat payments (entity 261), centimes.
    pub flat: i64,
}

/// Most anomalies kept for one file, so that a file of noise does not fill the memory. All are
/// counted.
pub const MAX_LISTED_FINDINGS: usize = 10_000;
