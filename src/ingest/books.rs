//! The books of an exchange while it is being loaded: every record goes into exactly one column.

use crate::domain::{Claim, Finding, Ledger, Quarantined, Severity};
use crate::outgoing::arl::NotLoaded;
use crate::store::Written;
use noemie_parsers::types::Montant;
use noemie_xray::LONGEST_LIST;

/// Most invoices that an ARL tells one by one; the report has them all.
pub(super) const LONGEST_ASIDE: usize = 5_000;

/// Counts in records (or entities), and in invoices.
#[derive(Debug, Default)]
pub(super) struct Books {
    ledger: Ledger,
    /// Claims inserted, or returns matched.
    pub(super) accepted: u64,
    /// Invoices put aside.
    pub(super) quarantined: u64,
    /// Invoices already known.
    pub(super) duplicates: u64,
    /// Returns that match nothing.
    pub(super) unmatched: u64,
    /// Sums over inserted claims.
    pub(super) total: Montant,
    /// Sums over inserted claims.
    pub(super) amo: Montant,
    /// Sums over inserted claims.
    pub(super) amc: Montant,
    /// Findings that only the store could make (duplicates, impossible transitions), at most
    /// [`LONGEST_LIST`].
    pub(super) findings: Vec<Finding>,
    /// How many there were.
    pub(super) found: u64,
    /// Invoices not loaded, at most [`LONGEST_ASIDE`].
    pub(super) aside: Vec<NotLoaded>,
    /// First and last records of the claims that this version would have put aside, in the order of
    /// the file, at most [`LONGEST_LIST`].
    overruled: Vec<(u64, u64)>,
}

impl Books {
    /// Books of a file in which the first pass read `read` records.
    pub(super) fn new(read: u64) -> Self {
        Self { ledger: Ledger { read, ..Ledger::default() }, ..Self::default() }
    }

    /// Enters the claims that earlier tries of a load wrote.
    pub(super) fn begin_with(&mut self, written: &Written) {
        self.accepted += written.claims;
        self.ledger.accepted += written.records;
        self.total += written.total;
        self.amo += written.amo;
        self.amc += written.amc;
    }

    /// Enters the books of a batch.
    pub(super) fn add(&mut self, batch: Self) {
        self.accepted += batch.accepted;
        self.quarantined += batch.quarantined;
        self.duplicates += batch.duplicates;
        self.unmatched += batch.unmatched;
        self.ledger.accepted += batch.ledger.accepted;
        self.ledger.quarantined += batch.ledger.quarantined;
        self.ledger.duplicates += batch.ledger.duplicates;
        self.ledger.unmatched += batch.ledger.unmatched;
        self.total += batch.total;
        self.amo += batch.amo;
        self.amc += batch.amc;
        let listed = batch.findings.len() as u64;
        batch.findings.into_iter().for_each(|finding| self.find(finding));
        self.found += batch.found - listed;
        batch.aside.into_iter().for_each(|aside| self.tell(aside));
    }

    /// Notes a claim that stands although this version would have put its invoice aside.
    pub(super) fn overrule(&mut self, invoice: &Quarantined) {
        if self.overruled.len() < LONGEST_LIST {
            self.overruled.push((
                invoice.first_record,
                invoice.first_record + u64::from(invoice.record_count),
            ));
        }
    }

    /// Whether a finding costs an invoice that is a claim all the same: it is not told.
    pub(super) fn overrules(&self, finding: &Finding) -> bool {
        let Some(record) = finding.record.filter(|_| finding.severity == Severity::Invoice) else {
            return false;
        };
        let before = self.overruled.partition_point(|(first, _)| *first <= record);
        before > 0 && record < self.overruled[before - 1].1
    }

    /// A loaded invoice or a matched return.
    pub(super) fn accept(&mut self, records: u64) {
        self.accepted += 1;
        self.ledger.accepted += records;
    }

    /// A claim that is written.
    pub(super) fn accept_claim(&mut self, claim: &Claim) {
        self.accept(u64::from(claim.record_count));
        self.total += claim.total;
        self.amo += claim.amo.asked;
        self.amc += claim.amc.asked;
    }

    /// A quarantined invoice.
    pub(super) fn quarantine(&mut self, records: u64) {
        self.quarantined += 1;
        self.ledger.quarantined += records;
    }

    /// An invoice already known.
    pub(super) fn duplicate(&mut self, records: u64) {
        self.duplicates += 1;
        self.ledger.duplicates += records;
    }

    /// A return that matches nothing.
    pub(super) fn unmatch(&mut self, records: u64) {
        self.unmatched += 1;
        self.ledger.unmatched += records;
    }

    /// Records outside invoices, as the second pass counted them.
    pub(super) fn envelope(&mut self, records: u64) {
        self.ledger.envelope += records;
    }

    /// A file of which nothing is loaded: all its records stay in the archive.
    pub(super) fn envelope_is_rest(&mut self) {
        self.ledger.envelope = self.ledger.read;
    }

    /// Notes a finding: a file of a million duplicates must not fill the memory.
    pub(super) fn find(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < LONGEST_LIST {
            self.findings.push(finding);
        }
    }

    /// Tells an invoice that is not loaded.
    pub(super) fn tell(&mut self, aside: NotLoaded) {
        if self.aside.len() < LONGEST_ASIDE {
            self.aside.push(aside);
        }
    }

    /// The books to be checked in the commit.
    pub(super) fn ledger(&self) -> Ledger {
        self.ledger
    }
}
