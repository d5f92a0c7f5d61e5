//! Stored invoices of an exchange with their lines and events, for comparison with the file they
//! came from.

use super::codec::{Instant, clean, code};
use super::error::StoreError;
use super::held_attempts::StoredHold;
use super::rows::LineRow;
use crate::domain::{
    Claim, ClaimId, ClaimLine, ClaimPart, ExchangeId, InvoiceKey, NewClaim, Outcome, PartKind,
    Quarantined,
};
use async_trait::async_trait;
use sqlx::FromRow;
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;
use uuid::Uuid;

/// A claim with everything that the store keeps of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInvoice {
    /// Claim and lines.
    pub new: NewClaim,
    /// Whether the same invoice sent again would be a duplicate.
    pub is_live: bool,
    /// Marks of the parts.
    pub marks: Vec<PartMarks>,
    /// Files that report rejects of the AMC part, in the order of their versions.
    pub reports: Vec<RejectReport>,
    /// Events, in order.
    pub events: Vec<StoredEvent>,
    /// Outcomes of the invoice, of every attempt.
    pub outcomes: Vec<StoredOutcome>,
    /// Row of a held attempt; `None` when the claim was never held.
    pub hold: Option<StoredHold>,
}

/// An outcome as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOutcome {
    /// The outcome.
    pub outcome: Outcome,
    /// Keyed digest of the row.
    pub key_check: String,
}

/// Columns of a part that no event repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartMarks {
    /// Part.
    pub kind: PartKind,
    /// End of the promise of the insurer; of the AMC part only.
    pub due_at: Option<OffsetDateTime>,
    /// Status of the claim as listings filter by it; of the AMC part only.
    pub claim_status: Option<String>,
    /// Whether instant, PS and sender are those of the claim.
    pub repeats_claim: bool,
    /// Return file or exchange that reported the last reject.
    pub reported_in: Option<Uuid>,
}

/// A file that reports the reject of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct RejectReport {
    /// Claim.
    pub claim_id: Uuid,
    /// Return file.
    pub return_id: Uuid,
    /// Version of the claim that the file shows.
    pub version: i64,
}

/// An event as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Identifier.
    pub event_id: Uuid,
    /// Rank in the life of the claim.
    pub sequence: i64,
    /// Code of the fact.
    pub kind: String,
    /// Name of the actor.
    pub actor_name: String,
    /// Code of the role of the actor.
    pub actor_role: String,
    /// Code of the proof of the name.
    pub actor_proof: String,
    /// Exchange that reported the fact.
    pub exchange_id: Option<Uuid>,
    /// Routing key.
    pub routing_key: String,
    /// Text that consumers get.
    pub payload: String,
    /// Instant of the fact.
    pub occurred_at: OffsetDateTime,
    /// Keyed digest of the row.
    pub key_check: String,
}

impl StoredInvoice {
    /// Returns the claim and lines expected for the invoice as it is read now. Values that the
    /// invoice does not determine are those of the store: identifier, sealed bytes, the claim that
    /// it corrects, the end of the promise, and the progress of the parts.
    #[must_use]
    pub fn expected_for(&self, read: &NewClaim) -> NewClaim {
        let (stored, c) = (&self.new.claim, &read.claim);
        let text = |text: &str| clean(text).into_owned();
        let part = |stored: &ClaimPart, read: &ClaimPart| ClaimPart {
            asked: read.asked,
            ..stored.clone()
        };
        let claim = Claim {
            id: stored.id,
            vault: stored.vault.clone(),
            corrects: stored.corrects,
            corrected_by: stored.corrected_by,
            version: stored.version,
            hold: stored.hold,
            due_at: stored.due_at,
            lot: text(&c.lot),
            ps: text(&c.ps),
            norm_code: text(&c.norm_code),
            invoice_number: text(&c.invoice_number),
            invoice_complement: text(&c.invoice_complement),
            amc_number: text(&c.amc_number),
            amo_organism: text(&c.amo_organism),
            date_limite_reponse_amc: text(&c.date_limite_reponse_amc),
            amo: part(&stored.amo, &c.amo),
            amc: part(&stored.amc, &c.amc),
            ..c.clone()
        };
        let line = |l: &ClaimLine| ClaimLine {
            record_type: text(&l.record_type),
            act_code: text(&l.act_code),
            qualifier: text(&l.qualifier),
            ..l.clone()
        };
        NewClaim { claim, lines: read.lines.iter().map(line).collect() }
    }
}

/// Returns whether a quarantined invoice is a copy of the invoice read, in the columns that do not
/// depend on controls.
#[must_use]
pub fn is_quarantined_copy(stored: &Quarantined, read: &Claim) -> bool {
    let texts = [
        (&stored.ps, &read.ps),
        (&stored.lot, &read.lot),
        (&stored.invoice_number, &read.invoice_number),
    ];
    let place =
        (stored.first_record, stored.record_count) == (read.first_record, read.record_count);
    place && texts.into_iter().all(|(kept, text)| *kept == clean(text))
}

/// Reads stored invoices, of exchanges and staged deposits alike.
#[async_trait]
pub trait StoredInvoices: Send + Sync {
    /// Returns these invoices of an exchange, each with its lines and events. An invoice without
    /// claim, or whose claim lacks a part, is left out.
    async fn stored_invoices(
        &self,
        id: ExchangeId,
        invoices: &[InvoiceKey],
    ) -> Result<Vec<StoredInvoice>, StoreError>;

    /// Returns the ranks, between two, of the returns and notices of an exchange that matched no
    /// claim when it was deposited.
    async fn unmatched_ordinals(
        &self,
        id: ExchangeId,
        ordinals: (u64, u64),
    ) -> Result<HashSet<u64>, StoreError>;

    /// Returns the number of claims of an exchange and the number of its quarantined invoices.
    async fn count_invoices(&self, id: ExchangeId) -> Result<(u64, u64), StoreError>;
}

/// The flag of a claim with the marks of one of its parts.
#[derive(FromRow)]
pub(in crate::store) struct MarksRow {
    claim_id: Uuid,
    live: bool,
    kind: String,
    due_at: Option<Instant>,
    claim_status: Option<String>,
    repeats_claim: bool,
    reported_in: Option<Uuid>,
}

/// A line with its claim.
#[derive(FromRow)]
pub(in crate::store) struct LineOfClaim {
    claim_id: Uuid,
    #[sqlx(flatten)]
    line: LineRow,
}

impl LineOfClaim {
    /// Returns the claim and its line.
    pub(in crate::store) fn of_claim(self) -> Result<(ClaimId, ClaimLine), StoreError> {
        Ok((ClaimId(self.claim_id), self.line.try_into()?))
    }
}

/// An event with its claim.
#[derive(FromRow)]
pub(in crate::store) struct EventOfClaim {
    subject_id: Uuid,
    event_id: Uuid,
    sequence: i64,
    kind: String,
    actor_name: String,
    actor_role: String,
    actor_proof: String,
    exchange_id: Option<Uuid>,
    routing_key: String,
    payload: String,
    occurred_at: Instant,
    key_check: String,
}

impl From<EventOfClaim> for StoredEvent {
    fn from(r: EventOfClaim) -> Self {
        Self {
            event_id: r.event_id,
            sequence: r.sequence,
            kind: r.kind,
            actor_name: r.actor_name,
            actor_role: r.actor_role,
            actor_proof: r.actor_proof,
            exchange_id: r.exchange_id,
            routing_key: r.routing_key,
            payload: r.payload,
            occurred_at: r.occurred_at.0,
            key_check: r.key_check,
        }
    }
}

/// Puts the rows of claims together. The lines and events of a claim are given in their order.
pub(in crate::store) fn assemble(
    claims: Vec<Claim>,
    (marks, reports): (Vec<MarksRow>, Vec<RejectReport>),
    lines: Vec<LineOfClaim>,
    events: Vec<EventOfClaim>,
    told: Vec<(ClaimId, StoredOutcome)>,
    holds: Vec<StoredHold>,
) -> Result<Vec<StoredInvoice>, StoreError> {
    let without_rows = |claim: Claim| {
        let invoice = StoredInvoice {
            new: NewClaim { claim, lines: Vec::new() },
            is_live: false,
            marks: vec![],
            reports: vec![],
            events: vec![],
            outcomes: vec![],
            hold: None,
        };
        (invoice.new.claim.id, invoice)
    };
    let mut found: HashMap<ClaimId, StoredInvoice> = claims.into_iter().map(without_rows).collect();
    for row in marks {
        let Some(invoice) = found.get_mut(&ClaimId(row.claim_id)) else { continue };
        invoice.is_live = row.live;
        invoice.marks.push(PartMarks {
            kind: code(&row.kind),
            due_at: row.due_at.map(|at| at.0),
            claim_status: row.claim_status,
            repeats_claim: row.repeats_claim,
            reported_in: row.reported_in,
        });
    }
    for row in reports {
        if let Some(invoice) = found.get_mut(&ClaimId(row.claim_id)) {
            invoice.reports.push(row);
        }
    }
    for row in lines {
        if let Some(invoice) = found.get_mut(&ClaimId(row.claim_id)) {
            invoice.new.lines.push(row.line.try_into()?);
        }
    }
    for row in events {
        if let Some(invoice) = found.get_mut(&ClaimId(row.subject_id)) {
            invoice.events.push(row.into());
        }
    }
    for (claim, told) in told {
        if let Some(invoice) = found.get_mut(&claim) {
            invoice.outcomes.push(told);
        }
    }
    for hold in holds {
        if let Some(invoice) = found.get_mut(&hold.held.claim_id) {
            invoice.hold = Some(hold);
        }
    }
    Ok(found.into_values().collect())
}
