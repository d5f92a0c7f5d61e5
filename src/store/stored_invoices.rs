//! Stored summaries of the invoices of an exchange, one row each: for comparison with the file they
//! came from.

use super::codec::{clean, uint};
use super::error::StoreError;
use crate::domain::{Claim, ClaimId, ExchangeId, InvoiceKey, NewClaim, Quarantined, Token};
use async_trait::async_trait;
use noemie_parsers::types::Montant;
use sqlx::FromRow;
use uuid::Uuid;

/// The summary of a claim that `verify` compares: values that never change after the deposit, and
/// counts of its lines and events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInvoice {
    /// The claim.
    pub id: ClaimId,
    /// Ordinal of the invoice in the exchange.
    pub ordinal: u64,
    /// Lot number.
    pub lot: String,
    /// First record.
    pub first_record: u64,
    /// Number of records.
    pub record_count: u64,
    /// Token of the insured person.
    pub person: Token,
    /// PS number.
    pub ps: String,
    /// Invoice number.
    pub invoice_number: String,
    /// Total billed.
    pub total: Montant,
    /// Asked of the AMO.
    pub amo: Montant,
    /// Asked of the AMC.
    pub amc: Montant,
    /// Number of lines.
    pub lines: u64,
    /// Sum billed over the lines.
    pub billed: Montant,
    /// Number of events.
    pub events: u64,
    /// Sequence of the last event.
    pub last_sequence: u64,
}

impl StoredInvoice {
    /// Returns the summary expected for the invoice as it is read now. The counts of events are
    /// those of the store, because later events do not come from the file.
    #[must_use]
    pub fn expected_for(&self, read: &NewClaim) -> Self {
        let c = &read.claim;
        Self {
            id: self.id,
            ordinal: c.ordinal,
            lot: clean(&c.lot).into_owned(),
            first_record: c.first_record,
            record_count: u64::from(c.record_count),
            person: c.person.clone(),
            ps: clean(&c.ps).into_owned(),
            invoice_number: clean(&c.invoice_number).into_owned(),
            total: c.total,
            amo: c.amo.asked,
            amc: c.amc.asked,
            lines: read.lines.len() as u64,
            billed: read.lines.iter().map(|line| line.billed).sum(),
            events: self.events,
            last_sequence: self.last_sequence,
        }
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
    /// Returns the stored summary of these invoices of an exchange.
    async fn stored_invoices(
        &self,
        id: ExchangeId,
        invoices: &[InvoiceKey],
    ) -> Result<Vec<StoredInvoice>, StoreError>;

    /// Returns the number of claims of an exchange and the number of its quarantined invoices.
    async fn count_invoices(&self, id: ExchangeId) -> Result<(u64, u64), StoreError>;
}

/// `SELECT` of stored invoices; the caller's `FROM … c` and conditions follow.
macro_rules! select_stored_invoice {
    ($from:expr) => {
        concat!(
            "SELECT c.id, c.ordinal, c.lot, c.first_record, c.record_count, c.person, c.ps, \
             c.invoice_number, c.total, (SELECT asked FROM claim_parts p WHERE p.claim_id = c.id \
             AND p.kind = 'amo') AS amo, (SELECT asked FROM claim_parts p WHERE p.claim_id = c.id \
             AND p.kind = 'amc') AS amc, (SELECT count(*) FROM claim_lines l \
             WHERE l.claim_id = c.id) AS lines, (SELECT CAST(COALESCE(sum(l.billed), 0) AS BIGINT) \
             FROM claim_lines l WHERE l.claim_id = c.id) AS billed, (SELECT count(*) FROM events v \
             WHERE v.subject_id = c.id AND v.subject_kind = 'claim') AS events, \
             (SELECT COALESCE(max(v.sequence), 0) FROM events v \
             WHERE v.subject_id = c.id AND v.subject_kind = 'claim') AS last_sequence ",
            $from
        )
    };
}
pub(in crate::store) use select_stored_invoice;

#[derive(FromRow)]
pub(in crate::store) struct StoredInvoiceRow {
    id: Uuid,
    ordinal: i64,
    lot: String,
    first_record: i64,
    record_count: i64,
    person: String,
    ps: String,
    invoice_number: String,
    total: i64,
    amo: Option<i64>,
    amc: Option<i64>,
    lines: i64,
    billed: i64,
    events: i64,
    last_sequence: i64,
}

impl TryFrom<StoredInvoiceRow> for StoredInvoice {
    type Error = StoreError;

    fn try_from(r: StoredInvoiceRow) -> Result<Self, StoreError> {
        // A missing part compares as nothing asked.
        let asked = |amount: Option<i64>| Montant::from_centimes(amount.unwrap_or_default());
        Ok(Self {
            id: ClaimId(r.id),
            ordinal: uint(r.ordinal, "claims.ordinal")?,
            lot: r.lot,
            first_record: uint(r.first_record, "claims.first_record")?,
            record_count: uint(r.record_count, "claims.record_count")?,
            person: Token(r.person),
            ps: r.ps,
            invoice_number: r.invoice_number,
            total: Montant::from_centimes(r.total),
            amo: asked(r.amo),
            amc: asked(r.amc),
            lines: uint(r.lines, "count")?,
            billed: Montant::from_centimes(r.billed),
            events: uint(r.events, "count")?,
            last_sequence: uint(r.last_sequence, "events.sequence")?,
        })
    }
}
