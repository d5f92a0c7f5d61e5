//! Exchanges: deposited files, their outcome, and the ledger that must balance.

use super::codes::open_coded;
use super::{ClaimId, ExchangeId, FileName, KeyId, Lane, ReturnId};
use noemie_parsers::outcome::{Norm, Packaging, Verdict};
use noemie_parsers::types::Montant;
use time::{Date, OffsetDateTime};

open_coded! {
    /// Channel by which a file was deposited.
    Channel {
        /// Drop directory.
        Drop = "drop", "Répertoire de dépôt";
        /// gRPC upload.
        Grpc = "grpc", "gRPC";
        /// Command line.
        Cli = "cli", "Ligne de commande";
    }
}

open_coded! {
    /// A kind of file made for a partner.
    ReturnKind {
        /// Acknowledgement of a deposit, positive or negative (profile provisional).
        Arl = "arl", "Accusé de réception logique";
        /// NOEMIE-PS 580: rejects of the insurer.
        Rejects580 = "noemie580", "Rejets NOEMIE 580";
    }
}

/// One deposited file and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Identifier.
    pub id: ExchangeId,
    /// Name of the depositor.
    pub sender: String,
    /// Lane, which the marks of the file and the settings of the depositor decide.
    pub lane: Lane,
    /// Channel of the deposit.
    pub channel: Channel,
    /// Name given by the sender; may be empty.
    pub file_name: FileName,
    /// Digest of the bytes (BLAKE3, hex).
    pub digest: String,
    /// Digest of the records (BLAKE3, hex), which does not depend on line ends; empty for a refused
    /// file.
    pub records_digest: String,
    /// The caller's idempotency key, empty when none.
    pub idempotency_key: String,
    /// Size in bytes.
    pub size: u64,
    /// Norm; `None` when not recognised.
    pub norm: Option<Norm>,
    /// Packaging; `None` when not recognised.
    pub packaging: Option<Packaging>,
    /// Outcome.
    pub verdict: Verdict,
    /// Logical files (000..999).
    pub logical_files: u64,
    /// Lots, or level-01 groups of a return.
    pub lots: u64,
    /// Invoices.
    pub invoices: u64,
    /// Lines (main types 3 and 4).
    pub lines: u64,
    /// Invoices written as claims (or returns matched to a claim).
    pub accepted: u64,
    /// Invoices quarantined.
    pub quarantined: u64,
    /// Invoices already known.
    pub duplicates: u64,
    /// Returns that match no claim.
    pub unmatched: u64,
    /// Billed, over accepted invoices.
    pub total: Montant,
    /// Asked of the AMO (or paid by it, in a return), over accepted invoices.
    pub amo: Montant,
    /// Asked of the AMC (or paid by it, in a return), over accepted invoices.
    pub amc: Montant,
    /// Number of anomalies found (all of them, even past the stored limit).
    pub anomalies: u64,
    /// Instant of the receipt.
    pub received_at: OffsetDateTime,
    /// Name of the encrypted raw file in the archive.
    pub archive_name: String,
}

impl Exchange {
    /// Returns the code of the norm as in receipts and in the database, empty when not recognised.
    #[must_use]
    pub fn norm_code(&self) -> &'static str {
        self.norm.map_or("", Norm::as_str)
    }

    /// Returns the code of the packaging, empty when not recognised.
    #[must_use]
    pub fn packaging_code(&self) -> &'static str {
        self.packaging.map_or("", Packaging::as_str)
    }
}

/// The ledger of one exchange (invariant 1):
/// `read = accepted + quarantined + duplicates + unmatched + envelope`, in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ledger {
    /// Physical records read (entities for a NOEMIE return).
    pub read: u64,
    /// In accepted claims (or returns matched).
    pub accepted: u64,
    /// In quarantined invoices.
    pub quarantined: u64,
    /// In duplicates.
    pub duplicates: u64,
    /// In returns that match no claim.
    pub unmatched: u64,
    /// Envelope: 000, 1, 6, 999, structural entities.
    pub envelope: u64,
}

impl Ledger {
    /// Returns whether every record read is in one of the other columns.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.read
            == self.accepted + self.quarantined + self.duplicates + self.unmatched + self.envelope
    }
}

/// An invoice that was not written, because of its faults or as a duplicate. An invoice with faults
/// waits for a corrected resend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Exchange of the invoice.
    pub exchange_id: ExchangeId,
    /// Rank of the invoice in the exchange, 1-based.
    pub ordinal: u64,
    /// PS number as sent.
    pub ps: String,
    /// Invoice number as sent.
    pub invoice_number: String,
    /// Lot number.
    pub lot: String,
    /// Codes of the anomalies for which it is quarantined, most frequent first, each once.
    pub codes: Vec<String>,
    /// First record of the invoice, 1-based.
    pub first_record: u64,
    /// Number of records.
    pub record_count: u32,
    /// Offset of the invoice in the raw file.
    pub offset: u64,
    /// Claim that the invoice repeats; `None` for an invoice with faults.
    pub duplicate_of: Option<ClaimId>,
    /// Claim of the corrected resend; `None` while the invoice waits.
    pub resolved_by: Option<ClaimId>,
    /// Instant of the quarantine.
    pub at: OffsetDateTime,
}

/// An invoice that became no claim, as the ARL lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnwrittenInvoice {
    /// PS number.
    pub ps: String,
    /// Lot number.
    pub lot: String,
    /// Invoice number.
    pub invoice_number: String,
    /// Code and French text.
    pub reasons: Vec<(String, String)>,
}

/// A file made for a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnFile {
    /// Identifier.
    pub id: ReturnId,
    /// Kind.
    pub kind: ReturnKind,
    /// Recipient: the sender of the deposit.
    pub recipient: String,
    /// Lane of the deposit, or of the claims whose rejects it reports.
    pub lane: Lane,
    /// Exchange that the file answers; `None` for a file of rejects.
    pub exchange_id: Option<ExchangeId>,
    /// File name, without data of a person.
    pub file_name: String,
    /// Digest of the bytes (BLAKE3, hex).
    pub digest: String,
    /// Bytes, encrypted by the vault (a 580 names persons).
    pub sealed: Vec<u8>,
    /// Identifier of the master key that sealed the bytes.
    pub key_id: KeyId,
    /// Instant at which the file was made.
    pub created_at: OffsetDateTime,
}

impl ReturnFile {
    /// Returns the context under which the vault seals the bytes: they open for this file only.
    #[must_use]
    pub fn seal_context(id: ReturnId) -> String {
        format!("return/{id}")
    }

    /// Returns the name of a file of rejects.
    #[must_use]
    pub fn rejects_name(id: ReturnId) -> String {
        format!("580_{id}.noemie")
    }
}

/// Returns the date of the parsers as a date of this crate; `None` when it does not exist.
#[must_use]
pub fn civil(date: noemie_parsers::types::Date) -> Option<Date> {
    let month = time::Month::try_from(date.mois()).ok()?;
    Date::from_calendar_date(i32::from(date.annee()), month, date.jour()).ok()
}
