//! Totals of a deposit while its invoices are written: each record counts in exactly one column of
//! the ledger.

use crate::domain::UnwrittenInvoice;
use crate::domain::{Claim, Finding, Ledger, Quarantined, Severity};
use crate::store::StagedProgress;
use noemie_parsers::types::Montant;
use noemie_xray::MAX_LISTED_FINDINGS;

/// Most invoices that an ARL lists one by one; the report has them all.
pub(in crate::ingest) const MAX_UNWRITTEN: usize = 5_000;

/// Counts in records (or entities) and in invoices, sums, anomalies and the invoices of the ARL.
#[derive(Debug, Default)]
pub(in crate::ingest) struct Totals {
    ledger: Ledger,
    /// Claims written, or returns matched.
    pub(in crate::ingest) accepted: u64,
    /// Invoices quarantined.
    pub(in crate::ingest) quarantined: u64,
    /// Invoices already known.
    pub(in crate::ingest) duplicates: u64,
    /// Returns that match no claim.
    pub(in crate::ingest) unmatched: u64,
    /// Billed, over the claims.
    pub(in crate::ingest) total: Montant,
    /// Asked of the AMO, over the claims.
    pub(in crate::ingest) amo: Montant,
    /// Asked of the AMC, over the claims.
    pub(in crate::ingest) amc: Montant,
    /// Findings that only the store could make (duplicates, impossible transitions), at most
    /// [`MAX_LISTED_FINDINGS`].
    pub(in crate::ingest) findings: Vec<Finding>,
    /// Number of these findings, the ones past the limit included.
    pub(in crate::ingest) finding_count: u64,
    /// Invoices not written, for the ARL, at most [`MAX_UNWRITTEN`].
    pub(in crate::ingest) unwritten: Vec<UnwrittenInvoice>,
    /// First and last records of the claims that an earlier version wrote and this version would
    /// quarantine, in the order of the file, at most [`MAX_LISTED_FINDINGS`].
    overruled: Vec<(u64, u64)>,
}

impl Totals {
    /// Returns the totals of a file in which the first pass read `read` records.
    pub(in crate::ingest) fn of_file(read: u64) -> Self {
        Self { ledger: Ledger { read, ..Ledger::default() }, ..Self::default() }
    }

    /// Adds the claims that earlier tries of a staged deposit wrote.
    pub(in crate::ingest) fn add_written(&mut self, written: &StagedProgress) {
        self.accepted += written.claims;
        self.ledger.accepted += written.records;
        self.total += written.total;
        self.amo += written.amo;
        self.amc += written.amc;
    }

    /// Adds the totals of a batch.
    pub(in crate::ingest) fn add_batch(&mut self, batch: Self) {
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
        batch.findings.into_iter().for_each(|finding| self.add_finding(finding));
        self.finding_count += batch.finding_count - listed;
        batch.unwritten.into_iter().for_each(|invoice| self.list_unwritten(invoice));
    }

    /// Counts a claim that is written.
    pub(in crate::ingest) fn count_claim(&mut self, claim: &Claim) {
        self.count_matched(u64::from(claim.record_count));
        self.total += claim.total;
        self.amo += claim.amo.asked;
        self.amc += claim.amc.asked;
    }

    /// Counts a return that is matched.
    pub(in crate::ingest) fn count_matched(&mut self, records: u64) {
        self.accepted += 1;
        self.ledger.accepted += records;
    }

    /// Counts an invoice that is quarantined for its faults, and lists it for the ARL.
    pub(in crate::ingest) fn count_quarantined(
        &mut self,
        invoice: &Quarantined,
        unwritten: UnwrittenInvoice,
    ) {
        self.count_quarantined_return(u64::from(invoice.record_count), unwritten);
    }

    /// Counts a return that is quarantined for its faults, and lists it for the ARL.
    pub(in crate::ingest) fn count_quarantined_return(
        &mut self,
        entities: u64,
        unwritten: UnwrittenInvoice,
    ) {
        self.quarantined += 1;
        self.ledger.quarantined += entities;
        self.list_unwritten(unwritten);
    }

    /// Counts an invoice already known.
    pub(in crate::ingest) fn count_duplicate(&mut self, records: u64) {
        self.duplicates += 1;
        self.ledger.duplicates += records;
    }

    /// Counts a return that matches no claim.
    pub(in crate::ingest) fn count_unmatched(&mut self, entities: u64) {
        self.unmatched += 1;
        self.ledger.unmatched += entities;
    }

    /// Counts records outside invoices.
    pub(in crate::ingest) fn count_envelope(&mut self, records: u64) {
        self.ledger.envelope += records;
    }

    /// Counts every record of the file as envelope: the file writes no invoice.
    pub(in crate::ingest) fn count_all_as_envelope(&mut self) {
        self.ledger.envelope = self.ledger.read;
    }

    /// Adds a finding. The list has a limit, for a file of a million duplicates must not fill the
    /// memory. All findings are counted.
    pub(in crate::ingest) fn add_finding(&mut self, finding: Finding) {
        self.finding_count += 1;
        if self.findings.len() < MAX_LISTED_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// Lists an invoice for the ARL.
    pub(in crate::ingest) fn list_unwritten(&mut self, invoice: UnwrittenInvoice) {
        if self.unwritten.len() < MAX_UNWRITTEN {
            self.unwritten.push(invoice);
        }
    }

    /// Notes an invoice that is a claim already although this version would quarantine it.
    pub(in crate::ingest) fn overrule(&mut self, invoice: &Quarantined) {
        if self.overruled.len() < MAX_LISTED_FINDINGS {
            self.overruled.push((
                invoice.first_record,
                invoice.first_record + u64::from(invoice.record_count),
            ));
        }
    }

    /// Returns whether a finding would cost an invoice that is a claim already. Such a finding is
    /// not reported: the claim stays.
    pub(in crate::ingest) fn overrules(&self, finding: &Finding) -> bool {
        let costs_invoice = finding.severity == Severity::Invoice;
        let Some(record) = finding.record.filter(|_| costs_invoice) else { return false };
        let before = self.overruled.partition_point(|(first, _)| *first <= record);
        before > 0 && record < self.overruled[before - 1].1
    }

    /// Returns the ledger, which the commit checks.
    pub(in crate::ingest) fn ledger(&self) -> Ledger {
        self.ledger
    }
}
