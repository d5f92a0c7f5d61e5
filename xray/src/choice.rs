//! Selection of the records to show, with the findings of each.

use crate::summary::Summary;
use noemie_parsers::outcome::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};

/// Records of an overview taken from the start of a file: its head and its first invoices.
pub const FIRST: u64 = 40;

/// Most faulty records shown in an overview: a page that a person can read.
pub const FAULTY_MAX: usize = 400;

/// Most sound records that a page folds away: with [`FAULTY_MAX`] they bound the size of a page.
pub const FOLDED_MAX: usize = 200;

/// Most records shown of a chosen invoice: the counter of a type 5 has three digits, and the margin
/// leaves room for a damaged invoice.
pub(crate) const INVOICE_MAX: usize = 2_000;

/// Records that the caller asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// The records that have an anomaly, those that hold them (000, lot, invoice), and around
    /// them, folded, the first [`FIRST`] records and the rest of the faulty invoices.
    #[default]
    Overview,
    /// The physical record with this number, 1-based.
    Record(u64),
    /// The records of the invoices with this number.
    Invoice(String),
}

/// Reason for which a record is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The record has an anomaly, or the caller asked for it.
    Chosen,
    /// The record holds a chosen one: 000, lot, invoice, group of a return.
    Context,
    /// A sound record around the others, drawn folded.
    Folded,
}

/// Record and column in it, both 1-based.
pub(crate) type Place = (u64, u32);

/// The choice applied to a file: numbers of the records to show, findings by record.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) choice: Choice,
    records: BTreeMap<u64, Role>,
    findings: BTreeMap<u64, Vec<Finding>>,
    /// Places of the findings of the chosen records.
    faults: BTreeSet<Place>,
    /// Columns, 0-based, of the groups that hold a fault, by record.
    groups: BTreeMap<u64, Vec<Range<usize>>>,
    folded: usize,
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
        let mut wanted = Self {
            choice: choice.clone(),
            records: BTreeMap::new(),
            findings,
            faults: BTreeSet::new(),
            groups: BTreeMap::new(),
            folded: 0,
            left_out: 0,
        };
        match choice {
            Choice::Overview => wanted.choose_faulty(found),
            Choice::Record(record) => wanted.add(*record),
            Choice::Invoice(_) => {}
        }
        wanted
    }

    /// Chooses the records of the listed findings, then the others as long as there is room.
    fn choose_faulty(&mut self, found: &[Finding]) {
        let summary = Summary::of(found);
        let listed = summary.groups.iter().flat_map(|group| group.listed());
        let others = summary.groups.iter().flat_map(|group| group.unlisted());
        for record in listed.chain(others).filter_map(|finding| finding.record) {
            if self.records.len() < FAULTY_MAX {
                self.records.insert(record, Role::Chosen);
            }
        }
        self.left_out = (self.findings.len() - self.records.len()) as u64;
        let chosen = found.iter().filter_map(|f| Some((f.record?, f.column.unwrap_or(1))));
        self.faults = chosen.filter(|(record, _)| self.records.contains_key(record)).collect();
        self.fold(1..=FIRST);
    }

    /// Returns whether an invoice is the chosen one; leading zeros do not count.
    pub(crate) fn is_invoice(&self, number: &str) -> bool {
        let bare = |n: &str| n.trim().trim_start_matches('0').to_owned();
        matches!(&self.choice, Choice::Invoice(asked) if bare(asked) == bare(number))
    }

    pub(crate) fn add(&mut self, record: u64) {
        if self.records.len() < INVOICE_MAX {
            self.records.insert(record, Role::Chosen);
        }
    }

    /// Adds columns of a record that holds a chosen one.
    pub(crate) fn hold(&mut self, record: u64, columns: Range<usize>) {
        let role = self.records.entry(record).or_insert(Role::Context);
        if *role == Role::Folded {
            *role = Role::Context;
        }
        self.groups.entry(record).or_default().push(columns);
    }

    /// Adds sound records, as long as there is room for them.
    pub(crate) fn fold(&mut self, records: RangeInclusive<u64>) {
        for record in records {
            if self.folded >= FOLDED_MAX {
                return;
            }
            if let std::collections::btree_map::Entry::Vacant(free) = self.records.entry(record) {
                free.insert(Role::Folded);
                self.folded += 1;
            }
        }
    }

    pub(crate) fn wants(&self, record: u64) -> bool {
        self.records.contains_key(&record)
    }

    pub(crate) fn records(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.records.keys().copied()
    }

    pub(crate) fn role(&self, record: u64) -> Role {
        self.records.get(&record).copied().unwrap_or(Role::Chosen)
    }

    /// Returns the columns of the groups of a record that hold a fault.
    pub(crate) fn groups(&self, record: u64) -> &[Range<usize>] {
        self.groups.get(&record).map_or(&[], Vec::as_slice)
    }

    /// Returns whether a fault stands in these places.
    pub(crate) fn has_fault(&self, places: Range<Place>) -> bool {
        places.start < places.end && self.faults.range(places).next().is_some()
    }

    /// Returns the place of the last fault of the chosen records.
    pub(crate) fn last_fault(&self) -> Option<Place> {
        self.faults.last().copied()
    }

    /// Returns the number of the last record to show. An invoice is looked for up to the end of the
    /// file.
    pub(crate) fn last(&self) -> u64 {
        if matches!(self.choice, Choice::Invoice(_)) {
            u64::MAX
        } else {
            self.records().next_back().unwrap_or_default()
        }
    }

    pub(crate) fn findings(&self, record: u64) -> &[Finding] {
        self.findings.get(&record).map_or(&[], Vec::as_slice)
    }

    /// Replaces the findings of a record by the same ones, masked.
    pub(crate) fn set_findings(&mut self, record: u64, masked: Vec<Finding>) {
        self.findings.insert(record, masked);
    }
}
