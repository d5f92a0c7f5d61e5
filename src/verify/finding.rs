//! What a verification found.

use crate::domain::ExchangeId;
use serde::Serialize;

/// Longest list of findings kept; the count goes on.
const LONGEST_LIST: usize = 1_000;

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// A receipt is not the one that was chained, or a link before it is gone.
    ReceiptAltered,
    /// The receipt of a link is gone.
    ReceiptMissing,
    /// The last receipts of the chain are gone.
    ChainCut,
    /// An exchange with a verdict stands in no link.
    ReceiptNotChained,
    /// The raw file cannot be read any more.
    ArchiveUnreadable,
    /// The raw file is not the one that was deposited.
    ArchiveAltered,
    /// The file read again says something else than the exchange.
    ExchangeDiffers,
    /// The books are gone, or are not those of the file read again.
    LedgerDiffers,
    /// The ARL is gone or does not open.
    ArlUnreadable,
    /// An invoice of the file is neither a claim nor put aside.
    InvoiceLost,
    /// A claim is not what the file says.
    ClaimDiffers,
    /// An invoice put aside is not what the file says.
    AsideDiffers,
    /// A claim or an invoice put aside without invoice in the file.
    ClaimInvented,
    /// The events of a claim have holes.
    EventsMissing,
    /// A note: the controls of this version would judge otherwise than the receipt did.
    JudgedOtherwise,
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub code: Kind,
    /// Exchange, when one is concerned.
    pub exchange: Option<ExchangeId>,
    /// Where and how, without persons.
    pub detail: String,
}

/// What was looked at and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Links of the chain.
    pub receipts: u64,
    /// Raw files read again.
    pub files: u64,
    /// Invoices compared.
    pub invoices: u64,
    /// How many findings there are.
    pub finding_count: u64,
    /// The findings, at most 1,000.
    pub findings: Vec<Finding>,
    /// How many notes there are.
    pub note_count: u64,
    /// What fits, and would be judged otherwise today; at most 1,000.
    pub notes: Vec<Finding>,
}

impl Verification {
    /// Whether nothing was found. Notes are no findings: what was acknowledged stands.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.finding_count == 0
    }

    pub(super) fn find(
        &mut self,
        code: Kind,
        exchange: Option<ExchangeId>,
        detail: impl Into<String>,
    ) {
        self.finding_count += 1;
        if self.findings.len() < LONGEST_LIST {
            self.findings.push(Finding { code, exchange, detail: detail.into() });
        }
    }

    /// Notes that the controls of this version judge otherwise than the receipt did.
    pub(super) fn note(&mut self, exchange: ExchangeId, detail: impl Into<String>) {
        self.note_count += 1;
        if self.notes.len() < LONGEST_LIST {
            self.notes.push(Finding {
                code: Kind::JudgedOtherwise,
                exchange: Some(exchange),
                detail: detail.into(),
            });
        }
    }
}
