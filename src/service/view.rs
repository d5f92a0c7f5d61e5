//! The views that edges show: one of a claim, for gRPC, command line and what comes. A view holds
//! neither sealed bytes nor identity tokens.

use crate::domain::PartKind;
use crate::domain::money::Movement;
use crate::domain::next_step::{due_at, is_overdue, next_step};
use crate::domain::{
    Claim, ClaimId, ClaimLine, ClaimPart, ExchangeId, Flow, Lane, Quarantined, Reason,
    RecordedDecision, ReturnFile, ReturnId, ReturnKind, Token,
};
pub use crate::vault::PersonRecord;
use noemie_parsers::types::Montant;
use time::{Date, OffsetDateTime};

/// Code of the state of an invoice that waits in quarantine. An invoice becomes a claim, with a
/// [`ClaimStatus`](crate::domain::ClaimStatus), when its corrected resend is accepted.
const QUARANTINED: &str = "quarantined";

/// An invoice as edges show it: a claim, or an invoice that waits in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimView {
    /// Code of the claim status, or `quarantined`.
    pub state: &'static str,
    /// French label of the state.
    pub label: &'static str,
    /// Next step, by whom and by when: one French sentence.
    pub next_step: String,
    /// Instant at which the limit of the AMC part ends; `None` when the part does not wait.
    pub due_at: Option<OffsetDateTime>,
    /// Whether this limit has passed and the part still waits.
    pub overdue: bool,
    /// The claim; `None` for an invoice in quarantine.
    pub claim: Option<ClaimDetails>,
    /// Movements of money of the parts, by day; empty in listings, and where the money is unknown
    /// to this version.
    pub movements: Vec<(PartKind, Movement)>,
    /// Exchange that brought the invoice.
    pub exchange_id: ExchangeId,
    /// Lane of that exchange.
    pub lane: Lane,
    /// PS number.
    pub ps: String,
    /// Invoice number.
    pub invoice_number: String,
    /// Lot number.
    pub lot: String,
    /// The invoice in quarantine, or the latest copy of the claim's invoice that was quarantined
    /// after the claim was accepted.
    pub quarantine: Option<Quarantined>,
}

/// The fields of a claim that an invoice in quarantine does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimDetails {
    /// Identifier.
    pub id: ClaimId,
    /// Name of the depositor.
    pub sender: String,
    /// Flow.
    pub flow: Flow,
    /// Complement of the titre de recette, empty when none.
    pub invoice_complement: String,
    /// Date of the invoice.
    pub invoice_date: Option<Date>,
    /// AMC number, or empty.
    pub amc_number: String,
    /// AMO organism: grand régime, caisse, centre.
    pub amo_organism: String,
    /// Total billed.
    pub total: Montant,
    /// AMO part: state, amounts, transfer, reasons.
    pub amo: ClaimPart,
    /// AMC part: state, amounts, transfer, reasons.
    pub amc: ClaimPart,
    /// Instant at which the deposit was committed.
    pub received_at: OffsetDateTime,
    /// Earlier attempt of the invoice that this one replaces.
    pub corrects: Option<ClaimId>,
    /// Later attempt of the invoice that replaces this one.
    pub corrected_by: Option<ClaimId>,
    /// Version: the `sequence` of the last event of the claim.
    pub version: u64,
    /// Limit for the answer of the AMC as sent (AAMMJJHH), empty when none.
    pub date_limite_reponse_amc: String,
    /// Norm code of the lot.
    pub norm_code: String,
    /// Rank of the logical file in the exchange, from 1.
    pub logical_file: u32,
    /// Rank of the invoice in the exchange, from 1.
    pub ordinal: u64,
    /// First physical record of the invoice, from 1.
    pub first_record: u64,
    /// Number of records of the invoice.
    pub record_count: u32,
    /// Token of the insured person, as in events.
    pub person: Token,
}

impl ClaimView {
    /// Returns the view of a claim, with the latest later copy among `waiting`: quarantined
    /// invoices with the claim's PS and invoice number.
    #[must_use]
    pub fn of_claim(claim: &Claim, waiting: &[Quarantined], now: OffsetDateTime) -> Self {
        let status = claim.status();
        let view = Self {
            state: status.as_str(),
            label: status.libelle(),
            next_step: next_step(claim, now),
            due_at: due_at(claim),
            overdue: is_overdue(claim, now),
            claim: Some(ClaimDetails::of(claim)),
            movements: Vec::new(),
            exchange_id: claim.exchange_id,
            lane: claim.lane,
            ps: claim.ps.clone(),
            invoice_number: claim.invoice_number.clone(),
            lot: claim.lot.clone(),
            quarantine: None,
        };
        view.with_quarantine(claim, waiting)
    }

    /// Returns the view with the latest later copy of the claim among quarantined invoices with its
    /// PS and invoice number.
    #[must_use]
    pub fn with_quarantine(self, claim: &Claim, waiting: &[Quarantined]) -> Self {
        let later = waiting.iter().filter(|invoice| invoice.at >= claim.received_at);
        Self { quarantine: later.max_by_key(|invoice| invoice.at).cloned(), ..self }
    }

    /// Returns whether a reason of a part names a line and no act.
    pub(super) fn lacks_acts(&self) -> bool {
        let parts = self.claim.iter().flat_map(|claim| [&claim.amo, &claim.amc]);
        parts.flat_map(|part| &part.reasons).any(Reason::lacks_act)
    }

    /// Fills in the acts of reasons without act from the lines of the claim.
    pub(super) fn name_acts(&mut self, lines: &[ClaimLine]) {
        for part in self.claim.iter_mut().flat_map(|claim| [&mut claim.amo, &mut claim.amc]) {
            part.name_acts(lines);
        }
    }

    /// Returns the view of an invoice of a lane that waits in quarantine.
    #[must_use]
    pub fn of_quarantined(invoice: &Quarantined, lane: Lane) -> Self {
        let codes = invoice.codes.join(", ");
        Self {
            state: QUARANTINED,
            label: "Mise de côté, à corriger et à renvoyer",
            next_step: format!("Corriger la facture ({codes}) et l'envoyer de nouveau."),
            due_at: None,
            overdue: false,
            claim: None,
            movements: Vec::new(),
            exchange_id: invoice.exchange_id,
            lane,
            ps: invoice.ps.clone(),
            invoice_number: invoice.invoice_number.clone(),
            lot: invoice.lot.clone(),
            quarantine: Some(invoice.clone()),
        }
    }
}

impl ClaimDetails {
    fn of(claim: &Claim) -> Self {
        Self {
            id: claim.id,
            sender: claim.sender.clone(),
            flow: claim.flow,
            invoice_complement: claim.invoice_complement.clone(),
            invoice_date: claim.invoice_date,
            amc_number: claim.amc_number.clone(),
            amo_organism: claim.amo_organism.clone(),
            total: claim.total,
            amo: claim.amo.clone(),
            amc: claim.amc.clone(),
            received_at: claim.received_at,
            corrects: claim.corrects,
            corrected_by: claim.corrected_by,
            version: claim.version,
            date_limite_reponse_amc: claim.date_limite_reponse_amc.clone(),
            norm_code: claim.norm_code.clone(),
            logical_file: claim.logical_file,
            ordinal: claim.ordinal,
            first_record: claim.first_record,
            record_count: claim.record_count,
            person: claim.person.clone(),
        }
    }
}

/// A claim with its lines and, for a caller entitled to it, its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullClaim {
    /// The claim.
    pub view: ClaimView,
    /// Lines, in the order of the invoice.
    pub lines: Vec<ClaimLine>,
    /// The last decisions about its parts, oldest first.
    pub decisions: Vec<RecordedDecision>,
    /// The person, or the reason for which the person is withheld.
    pub person: Result<PersonRecord, Withheld>,
}

/// Why the person of a claim is withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// The request names nobody who asks.
    NameMissing,
    /// The request gives no purpose.
    PurposeMissing,
}

/// A file made for a partner, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnView {
    /// Identifier.
    pub id: ReturnId,
    /// Kind.
    pub kind: ReturnKind,
    /// Recipient.
    pub recipient: String,
    /// Lane.
    pub lane: Lane,
    /// Exchange that the file answers.
    pub exchange_id: Option<ExchangeId>,
    /// File name.
    pub file_name: String,
    /// Digest of the bytes (BLAKE3, hexadecimal).
    pub digest: String,
    /// Instant at which the file was made.
    pub created_at: OffsetDateTime,
}

impl From<&ReturnFile> for ReturnView {
    fn from(file: &ReturnFile) -> Self {
        Self {
            id: file.id,
            kind: file.kind,
            recipient: file.recipient.clone(),
            lane: file.lane,
            exchange_id: file.exchange_id,
            file_name: file.file_name.clone(),
            digest: file.digest.clone(),
            created_at: file.created_at,
        }
    }
}
