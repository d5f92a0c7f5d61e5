//! Findings and notes of a verification.

use super::losses::{self, Loss, ToTell};
use crate::domain::ExchangeId;
use serde::Serialize;
use std::collections::HashSet;
use uuid::Uuid;

/// Limit of the findings listed, and of the notes; all are counted.
const MAX_LISTED: usize = 1_000;

/// Kind of a finding or note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// The digest of a receipt differs from its link, or the link before it is missing.
    ReceiptAltered,
    /// The receipt of a link is missing.
    ReceiptMissing,
    /// The last receipts of the chain are missing.
    ChainCut,
    /// A file was delivered, and the database has lost its receipt: an older database was restored.
    ReceiptLost,
    /// The database does not reach the last witness line of the archive, or contradicts it.
    WitnessDiffers,
    /// A witness line does not fit its check value, or the witness file cannot be read.
    WitnessAltered,
    /// The archive has no raw file of a receipt: an older archive was restored.
    ArchiveLost,
    /// An exchange with a verdict has no link in the chain.
    ReceiptNotChained,
    /// The raw file cannot be read.
    ArchiveUnreadable,
    /// The raw file has another size or digest than the deposit.
    ArchiveAltered,
    /// Counts or sums of the exchange differ from the file.
    ExchangeDiffers,
    /// The ledger is missing, or differs from the ledger of the file.
    LedgerDiffers,
    /// The ARL is missing, does not open, or has another digest.
    ArlUnreadable,
    /// An invoice of the file is neither a claim nor quarantined.
    InvoiceLost,
    /// A claim differs from its invoice in the file.
    ClaimDiffers,
    /// A quarantined row differs from its invoice in the file.
    QuarantinedDiffers,
    /// A claim or a quarantined row has no invoice in the file.
    ClaimInvented,
    /// The sequence of a claim's events has holes.
    EventsMissing,
    /// An event differs from its claim, or the parts of a claim from its events.
    EventDiffers,
    /// A return file does not open, or differs from what its row says.
    ReturnFileAltered,
    /// A row of a journal (decisions, readings of persons, operations) is altered, missing or not
    /// chained.
    JournalAltered,
    /// The register or the conventions differ from what the last import left.
    TableAltered,
    /// A row, file or link was sealed under another vault key, so that nothing can be said of it:
    /// verify again with that key.
    OtherKey,
    /// The mark of the installation, or a sink of its events, was altered.
    MarkAltered,
    /// Events were published again without a step of the journal that says so, or the other way
    /// round.
    ResendsDiffer,
    /// Rows that belong together do not fit: the queue and the history of events, a quarantined
    /// invoice and the claim that it names.
    RowsDisagree,
    /// What a return file tells of transfers differs from its rows, or a transfer does not follow
    /// from what was told.
    TransferDiffers,
    /// The items of a transfer are not the amount that its files announce (a note).
    TransferUnexplained,
    /// The controls of this version judge otherwise than the receipt (a note).
    JudgedOtherwise,
    /// A loss that `restore finish` put on record (a note).
    LossKnown,
}

/// A finding or note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Kind.
    pub code: Kind,
    /// Exchange concerned, when there is one.
    pub exchange: Option<ExchangeId>,
    /// Details, without persons.
    pub detail: String,
}

/// Published events that one sink confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfirmedBySink {
    /// Number of the sink.
    pub sink: u64,
    /// Whether events go to this sink now.
    pub in_force: bool,
    /// Number of events.
    pub events: u64,
}

/// Result of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Links checked.
    pub receipts: u64,
    /// Raw files read.
    pub files: u64,
    /// Invoices compared.
    pub invoices: u64,
    /// Number of findings.
    pub finding_count: u64,
    /// Findings, at most 1,000.
    pub findings: Vec<Finding>,
    /// Published events by the sink that confirmed them last.
    pub sinks: Vec<ConfirmedBySink>,
    /// Number of notes.
    pub note_count: u64,
    /// Notes on rows that this version would judge otherwise, on losses on record, and on
    /// unexplained transfers, at most 1,000.
    pub notes: Vec<Finding>,
    /// Losses of a restore to tell senders, at most 1,000 deposits and files.
    pub to_tell: Vec<ToTell>,
    /// Identifiers of the losses among the findings.
    #[serde(skip)]
    pub losses: Vec<Uuid>,
    /// Identifiers of the losses that are on record.
    #[serde(skip)]
    pub(super) known: HashSet<Uuid>,
}

impl Verification {
    /// Returns whether there is no finding. A note is no finding, because a receipt that was given
    /// stays valid under later controls.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.finding_count == 0
    }

    /// Adds a finding.
    pub(super) fn find(
        &mut self,
        code: Kind,
        exchange: Option<ExchangeId>,
        detail: impl Into<String>,
    ) {
        self.finding_count += 1;
        if self.findings.len() < MAX_LISTED {
            self.findings.push(Finding { code, exchange, detail: detail.into() });
        }
    }

    /// Adds a loss with what to tell its sender: a finding, or a note when it is on record.
    pub(super) fn lose(
        &mut self,
        code: Kind,
        id: Uuid,
        exchange: Option<ExchangeId>,
        detail: String,
        (sender, loss): (&str, Loss),
    ) {
        if self.known.contains(&id) {
            return self.add_note(Kind::LossKnown, exchange, detail);
        }
        self.losses.push(id);
        losses::add(&mut self.to_tell, sender, loss);
        self.find(code, exchange, detail);
    }

    /// Adds a note on a row that this version would judge otherwise.
    pub(super) fn note(
        &mut self,
        exchange: impl Into<Option<ExchangeId>>,
        detail: impl Into<String>,
    ) {
        self.add_note(Kind::JudgedOtherwise, exchange.into(), detail.into());
    }

    /// Adds a note on a transfer that its files do not explain.
    pub(super) fn note_transfer(&mut self, detail: String) {
        self.add_note(Kind::TransferUnexplained, None, detail);
    }

    fn add_note(&mut self, code: Kind, exchange: Option<ExchangeId>, detail: String) {
        self.note_count += 1;
        if self.notes.len() < MAX_LISTED {
            self.notes.push(Finding { code, exchange, detail });
        }
    }
}
