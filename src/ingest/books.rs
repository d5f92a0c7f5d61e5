//! The books of an exchange while it is being loaded: every record goes into exactly one column.

use crate::domain::{Anomalie, Ledger};
use noemie_parsers::types::Montant;

/// An invoice that was not loaded, as the ARL tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// PS number.
    pub ps: String,
    /// Lot number.
    pub lot: String,
    /// Invoice number.
    pub invoice_number: String,
    /// Code and French text.
    pub reasons: Vec<(String, String)>,
}

/// Most invoices that an ARL tells one by one; the report has them all.
pub(super) const LONGEST_ASIDE: usize = 5_000;

/// Counts in records (or entities), and in invoices.
#[derive(Debug, Default)]
pub struct Books {
    ledger: Ledger,
    /// Claims inserted, or returns matched.
    pub accepted: u64,
    /// Invoices put aside.
    pub quarantined: u64,
    /// Invoices already known.
    pub duplicates: u64,
    /// Returns that match nothing.
    pub unmatched: u64,
    /// Sums over inserted claims.
    pub total: Montant,
    /// Sums over inserted claims.
    pub amo: Montant,
    /// Sums over inserted claims.
    pub amc: Montant,
    /// Findings that only the store could make: duplicates, impossible transitions.
    pub findings: Vec<Anomalie>,
    /// Invoices not loaded, at most [`LONGEST_ASIDE`].
    pub aside: Vec<Aside>,
}

impl Books {
    /// Books of a file in which the first pass read `read` records.
    pub fn new(read: u64) -> Self {
        Self { ledger: Ledger { read, ..Ledger::default() }, ..Self::default() }
    }

    /// A loaded invoice or a matched return.
    pub fn accept(&mut self, records: u64) {
        self.accepted += 1;
        self.ledger.accepted += records;
    }

    /// A quarantined invoice.
    pub fn quarantine(&mut self, records: u64) {
        self.quarantined += 1;
        self.ledger.quarantined += records;
    }

    /// An invoice already known.
    pub fn duplicate(&mut self, records: u64) {
        self.duplicates += 1;
        self.ledger.duplicates += records;
    }

    /// A return that matches nothing.
    pub fn unmatch(&mut self, records: u64) {
        self.unmatched += 1;
        self.ledger.unmatched += records;
    }

    /// Records outside invoices, as the second pass counted them.
    pub fn envelope(&mut self, records: u64) {
        self.ledger.envelope += records;
    }

    /// A file of which nothing is loaded: all its records stay in the archive.
    pub fn envelope_is_rest(&mut self) {
        self.ledger.envelope = self.ledger.read;
    }

    /// Tells an invoice that is not loaded.
    pub fn tell(&mut self, aside: Aside) {
        if self.aside.len() < LONGEST_ASIDE {
            self.aside.push(aside);
        }
    }

    /// The books to be checked in the commit.
    pub fn ledger(&self) -> Ledger {
        self.ledger
    }
}
