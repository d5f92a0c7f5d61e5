//! Rows of claims and events as both databases return them, and their conversion to the domain. The
//! select lists stand beside the structs that read them.

use super::codec::{Instant, code, from_json, uint};
use super::{OutboxEvent, PublishedEvent, StoreError};
use crate::domain::PartKind;
use crate::domain::{
    Claim, ClaimId, ClaimLine, ClaimPart, EventId, ExchangeId, Flag, KeyId, Lane, Token,
};
use noemie_parsers::types::Montant;
use sqlx::FromRow;
use time::Date;
use uuid::Uuid;

/// `SELECT` of a claim with both parts, then the given tail: further conditions (`AND …`) and an
/// order. CROSS JOIN makes SQLite start from the claims, whose indexes have the order of the pages,
/// and not from a scan of the parts; PostgreSQL chooses for itself.
macro_rules! select_claim {
    ($($tail:expr)?) => {
        concat!(
            "SELECT ",
            $crate::store::claim_columns::claim_columns!(),
            " FROM claims c CROSS JOIN claim_parts amo CROSS JOIN claim_parts amc \
             WHERE amo.claim_id = c.id AND amo.kind = 'amo' \
             AND amc.claim_id = c.id AND amc.kind = 'amc' "
            $(, $tail)?
        )
    };
}

/// `SELECT` of the exchanges that have their verdict, then the given tail: further conditions
/// (`AND …`) and an order.
macro_rules! select_exchange {
    ($($tail:expr)?) => {
        concat!(
            "SELECT id, sender, digest, records_digest, idempotency_key, channel, file_name, \
             size, norm, packaging, verdict, logical_files, lots, invoices, lines, accepted, \
             quarantined, duplicates, unmatched, total, amo, amc, anomalies, received_at, \
             archive_name, is_test \
             FROM exchanges \
             WHERE verdict IS NOT NULL "
            $(, $tail)?
        )
    };
}

/// `SELECT` of the events of the queue that this table expression names, in order. The queue is as
/// short as its limit, so that each event is read by its number.
macro_rules! select_waiting {
    ($queue:expr) => {
        concat!(
            "SELECT o.event_no, o.staged_deposit, o.attempts, o.is_resend, e.event_id, \
             e.subject_kind, e.subject_id, e.sequence, e.kind, e.exchange_id, e.routing_key, \
             e.payload, e.occurred_at FROM (",
            $queue,
            ") AS o CROSS JOIN events e WHERE e.event_no = o.event_no ORDER BY o.event_no"
        )
    };
}

/// The staged deposits with a verdict that have events to publish, as a CTE `closed
/// (staged_deposit, first)` with the first event of each. The CTE reads one step of the index for
/// each deposit, however many events it has: a null ends `waiting` when there is no further
/// deposit. The order says NULLS FIRST, as the index does.
macro_rules! closed_deposits {
    () => {
        concat!(
            "WITH RECURSIVE waiting (staged_deposit) AS ( \
             SELECT (SELECT staged_deposit FROM outbox WHERE staged_deposit IS NOT NULL \
             ORDER BY staged_deposit NULLS FIRST LIMIT 1) \
             UNION ALL SELECT (SELECT o.staged_deposit FROM outbox o \
             WHERE o.staged_deposit > w.staged_deposit \
             ORDER BY o.staged_deposit NULLS FIRST LIMIT 1) \
             FROM waiting w WHERE w.staged_deposit IS NOT NULL), \
             closed (staged_deposit, first) AS ( \
             SELECT w.staged_deposit, (SELECT o.event_no FROM outbox o \
             WHERE o.staged_deposit = w.staged_deposit ORDER BY o.event_no LIMIT 1) \
             FROM waiting w WHERE w.staged_deposit IS NOT NULL AND ",
            $crate::store::rows::visible!("w.staged_deposit"),
            ") "
        )
    };
}

/// `SELECT` of a quarantined invoice, then the given tail.
macro_rules! select_quarantined {
    ($tail:expr) => {
        concat!(
            "SELECT exchange_id, ordinal, ps, invoice_number, lot, codes, first_record, \
             record_count, byte_offset, duplicate_of, resolved_by, at FROM quarantine ",
            $tail
        )
    };
}

/// `SELECT` of a return file, then the given tail.
macro_rules! select_return {
    ($($tail:expr)?) => {
        concat!(
            "SELECT id, kind, recipient, is_test, exchange_id, file_name, digest, sealed, key_id, \
             created_at FROM returns "
            $(, $tail)?
        )
    };
}
pub(in crate::store) use super::visible::visible;
pub(in crate::store) use {
    closed_deposits, select_claim, select_exchange, select_quarantined, select_return,
    select_waiting,
};

#[derive(FromRow)]
pub(in crate::store) struct ClaimRow {
    id: Uuid,
    exchange_id: Uuid,
    is_test: bool,
    flow: String,
    sender: String,
    logical_file: i64,
    lot: String,
    lot_date: Option<Date>,
    ordinal: i64,
    first_record: i64,
    record_count: i64,
    identity: String,
    person: String,
    token_version: i64,
    vault: Vec<u8>,
    key_id: String,
    ps: String,
    norm_code: String,
    invoice_number: String,
    invoice_complement: String,
    invoice_date: Option<Date>,
    amc_number: String,
    amo_organism: String,
    total: i64,
    received_at: Instant,
    due_at: Option<Instant>,
    corrects: Option<Uuid>,
    corrected_by: Option<Uuid>,
    version: Option<i64>,
    hold: Option<String>,
    date_limite_reponse_amc: String,
    amo_state: String,
    amo_asked: i64,
    amo_paid: i64,
    amo_gap: Option<String>,
    amo_flags: String,
    amo_is_awaited: bool,
    amo_transfer_reference: Option<String>,
    amo_transfer_date: Option<Date>,
    amo_reasons: String,
    amo_updated_at: Instant,
    amc_state: String,
    amc_asked: i64,
    amc_paid: i64,
    amc_gap: Option<String>,
    amc_flags: String,
    amc_is_awaited: bool,
    amc_transfer_reference: Option<String>,
    amc_transfer_date: Option<Date>,
    amc_reasons: String,
    amc_updated_at: Instant,
}

impl TryFrom<ClaimRow> for Claim {
    type Error = StoreError;

    fn try_from(r: ClaimRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ClaimId(r.id),
            exchange_id: ExchangeId(r.exchange_id),
            lane: Lane::of(r.is_test),
            flow: code(&r.flow),
            sender: r.sender,
            logical_file: uint(r.logical_file, "claims.logical_file")?,
            lot: r.lot,
            lot_date: r.lot_date,
            ordinal: uint(r.ordinal, "claims.ordinal")?,
            first_record: uint(r.first_record, "claims.first_record")?,
            record_count: uint(r.record_count, "claims.record_count")?,
            identity: Token(r.identity),
            person: Token(r.person),
            token_version: uint(r.token_version, "claims.token_version")?,
            vault: r.vault,
            key_id: KeyId(r.key_id),
            ps: r.ps,
            norm_code: r.norm_code,
            invoice_number: r.invoice_number,
            invoice_complement: r.invoice_complement,
            invoice_date: r.invoice_date,
            amc_number: r.amc_number,
            amo_organism: r.amo_organism,
            total: Montant::from_centimes(r.total),
            received_at: r.received_at.0,
            due_at: r.due_at.map(|at| at.0),
            date_limite_reponse_amc: r.date_limite_reponse_amc,
            corrects: r.corrects.map(ClaimId),
            corrected_by: r.corrected_by.map(ClaimId),
            version: uint(r.version.unwrap_or_default(), "events.sequence")?,
            hold: r.hold.as_deref().map(code),
            amo: ClaimPart {
                kind: PartKind::Amo,
                state: code(&r.amo_state),
                asked: Montant::from_centimes(r.amo_asked),
                paid: Montant::from_centimes(r.amo_paid),
                gap: r.amo_gap.as_deref().map(code),
                flags: flags(&r.amo_flags)?,
                is_awaited: r.amo_is_awaited,
                transfer_reference: r.amo_transfer_reference.map(Into::into),
                transfer_date: r.amo_transfer_date,
                reasons: from_json(&r.amo_reasons, "claim_parts.reasons")?,
                updated_at: r.amo_updated_at.0,
            },
            amc: ClaimPart {
                kind: PartKind::Amc,
                state: code(&r.amc_state),
                asked: Montant::from_centimes(r.amc_asked),
                paid: Montant::from_centimes(r.amc_paid),
                gap: r.amc_gap.as_deref().map(code),
                flags: flags(&r.amc_flags)?,
                is_awaited: r.amc_is_awaited,
                transfer_reference: r.amc_transfer_reference.map(Into::into),
                transfer_date: r.amc_transfer_date,
                reasons: from_json(&r.amc_reasons, "claim_parts.reasons")?,
                updated_at: r.amc_updated_at.0,
            },
        })
    }
}

/// Reads a list of codes of flags; a flag of a later version is unknown.
fn flags(codes: &str) -> Result<Vec<Flag>, StoreError> {
    let codes: Vec<String> = from_json(codes, "claim_parts.flags")?;
    Ok(codes.iter().map(|c| code(c)).collect())
}

#[derive(FromRow)]
pub(in crate::store) struct LineRow {
    rank: i64,
    record_type: String,
    act_code: String,
    care_date: Option<Date>,
    quantity: i64,
    coefficient: i64,
    unit_price: i64,
    base: i64,
    rate: i64,
    billed: i64,
    amo: i64,
    amc: i64,
    qualifier: String,
}

impl TryFrom<LineRow> for ClaimLine {
    type Error = StoreError;

    fn try_from(r: LineRow) -> Result<Self, StoreError> {
        Ok(Self {
            rank: uint(r.rank, "claim_lines.rank")?,
            record_type: r.record_type,
            act_code: r.act_code,
            care_date: r.care_date,
            quantity: uint(r.quantity, "claim_lines.quantity")?,
            coefficient: uint(r.coefficient, "claim_lines.coefficient")?,
            unit_price: Montant::from_centimes(r.unit_price),
            base: Montant::from_centimes(r.base),
            rate: uint(r.rate, "claim_lines.rate")?,
            billed: Montant::from_centimes(r.billed),
            amo: Montant::from_centimes(r.amo),
            amc: Montant::from_centimes(r.amc),
            qualifier: r.qualifier,
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct WaitingRow {
    event_no: i64,
    staged_deposit: Option<Uuid>,
    attempts: i32,
    event_id: Uuid,
    subject_kind: String,
    subject_id: Uuid,
    sequence: i64,
    kind: String,
    exchange_id: Option<Uuid>,
    routing_key: String,
    payload: String,
    occurred_at: Instant,
    is_resend: bool,
}

impl WaitingRow {
    /// Returns the number of the event, and the staged deposit that brought it.
    pub(in crate::store) const fn key(&self) -> (i64, Option<Uuid>) {
        (self.event_no, self.staged_deposit)
    }
}

impl TryFrom<WaitingRow> for OutboxEvent {
    type Error = StoreError;

    fn try_from(r: WaitingRow) -> Result<Self, StoreError> {
        Ok(Self {
            event_no: r.event_no,
            event_id: EventId(r.event_id),
            subject_kind: r.subject_kind,
            subject_id: r.subject_id,
            sequence: uint(r.sequence, "events.sequence")?,
            kind: r.kind,
            exchange_id: r.exchange_id.map(ExchangeId),
            routing_key: r.routing_key,
            payload: r.payload,
            occurred_at: r.occurred_at.0,
            attempts: r.attempts,
            is_resend: r.is_resend,
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct PublishedRow {
    pub(in crate::store) position: i64,
    pub(in crate::store) subject_kind: String,
    payload: String,
}

impl TryFrom<PublishedRow> for PublishedEvent {
    type Error = StoreError;

    fn try_from(r: PublishedRow) -> Result<Self, StoreError> {
        Ok(Self { position: r.position, event: from_json(&r.payload, "events.payload")? })
    }
}

/// Converts rows to values of the domain, or returns the first error.
pub(in crate::store) fn all<R, T: TryFrom<R, Error = StoreError>>(
    rows: Vec<R>,
) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(T::try_from).collect()
}
