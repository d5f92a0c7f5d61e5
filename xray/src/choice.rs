//! Selection of the records to show, with the findings of each.

use noemie_parsers::outcome::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// Records shown from the start of a file in an overview: its head and its first invoices.
pub const FIRST: u64 = 40;

/// Most faulty records shown after [`FIRST`] in an overview: a page that a person can read.
pub const FAULTY_MAX: usize = 400;

/// Most records shown of a chosen invoice: the counter of a type 5 has three digits, and the margin
/// leaves room for a damaged invoice.
pub(crate) const INVOICE_MAX: usize = 2_000;

/// Records that the caller asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// The first [`FIRST`] records, and every record that has an anomaly.
    #[default]
    Overview,
    /// The physical record with this number, 1-based.
    Record(u64),
    /// The records of the invoices with this number.
    Invoice(String),
}

/// The choice applied to a file: numbers of the records to show, findings by record.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) choice: Choice,
    records: BTreeSet<u64>,
    findings: BTreeMap<u64, Vec<Finding>>,
    pub(crate) left_out: u64,
}

impl Wanted {
    pub(crate) fn new(choice: &Choice, found: &[Finding]) -> Self {
        let mut findings: BTreeMap<u64, Vec<Finding>> = BTreeMap::new();
        for finding in found {
            if let Some(record) = finding.record {
                findings.entry(record).or_default().push(finding.clone());
            }
        }
        let mut wanted =
            Self { choice: choice.clone(), records: BTreeSet::new(), findings, left_out: 0 };
        match choice {
            Choice::Overview => {
                wanted.records.extend(1..=FIRST);
                let beyond = || wanted.findings.keys().copied().filter(|r| *r > FIRST);
                wanted.left_out = beyond().skip(FAULTY_MAX).count() as u64;
                wanted.records.extend(beyond().take(FAULTY_MAX).collect::<Vec<_>>());
            }
            Choice::Record(record) => _ = wanted.records.insert(*record),
            Choice::Invoice(_) => {}
        }
        wanted
    }

    /// Returns whether an invoice is the chosen one; leading zeros do not count.
    pub(crate) fn is_invoice(&self, number: &str) -> bool {
        let bare = |n: &str| n.trim().trim_start_matches('0').to_owned();
        matches!(&self.choice, Choice::Invoice(asked) if bare(asked) == bare(number))
    }

    pub(crate) fn add(&mut self, record: u64) {
        if self.records.len() < INVOICE_MAX {
            self.records.insert(record);
        }
    }

    pub(crate) fn wants(&self, record: u64) -> bool {
        self.records.contains(&record)
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = u64> + '_ {
        self.records.iter().copied()
    }

    /// Returns the number of the last record to show. An invoice is looked for up to the end of the
    /// file.
    pub(crate) fn last(&self) -> u64 {
        if matches!(self.choice, Choice::Invoice(_)) {
            u64::MAX
        } else {
            self.records.last().copied().unwrap_or_default()
        }
    }

    pub(crate) fn findings(&self, record: u64) -> &[Finding] {
        self.findings.get(&record).map_or(&[], Vec::as_slice)
    }
}
