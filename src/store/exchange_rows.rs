//! Rows of exchanges, ledgers, findings and quarantined invoices, and their conversion to the
//! domain.

use super::codec::{Coded, Instant, code, from_json, uint};
use super::staged_rows::StagedDepositRow;
use super::{StagedDeposit, StoreError};
use crate::domain::receipt::Codes;
use crate::domain::{ClaimId, Exchange, ExchangeId, Finding, FindingCode, Ledger, Quarantined};
use noemie_parsers::types::Montant;
use sqlx::FromRow;
use uuid::Uuid;

#[derive(FromRow)]
pub(in crate::store) struct ExchangeRow {
    #[sqlx(flatten)]
    deposit: StagedDepositRow,
    norm: String,
    packaging: String,
    verdict: String,
    logical_files: i64,
    lots: i64,
    invoices: i64,
    lines: i64,
    accepted: i64,
    quarantined: i64,
    duplicates: i64,
    unmatched: i64,
    total: i64,
    amo: i64,
    amc: i64,
    anomalies: i64,
}

impl TryFrom<ExchangeRow> for Exchange {
    type Error = StoreError;

    fn try_from(r: ExchangeRow) -> Result<Self, StoreError> {
        let StagedDeposit {
            id,
            sender,
            lane,
            digest,
            records_digest,
            idempotency_key,
            channel,
            file_name,
            size,
            received_at,
            archive_name,
            ..
        } = r.deposit.try_into()?;
        Ok(Self {
            id,
            sender,
            lane,
            channel,
            file_name,
            digest,
            records_digest,
            idempotency_key,
            size,
            norm: coded(&r.norm),
            packaging: coded(&r.packaging),
            verdict: code(&r.verdict),
            logical_files: uint(r.logical_files, "exchanges.logical_files")?,
            lots: uint(r.lots, "exchanges.lots")?,
            invoices: uint(r.invoices, "exchanges.invoices")?,
            lines: uint(r.lines, "exchanges.lines")?,
            accepted: uint(r.accepted, "exchanges.accepted")?,
            quarantined: uint(r.quarantined, "exchanges.quarantined")?,
            duplicates: uint(r.duplicates, "exchanges.duplicates")?,
            unmatched: uint(r.unmatched, "exchanges.unmatched")?,
            total: Montant::from_centimes(r.total),
            amo: Montant::from_centimes(r.amo),
            amc: Montant::from_centimes(r.amc),
            anomalies: uint(r.anomalies, "exchanges.anomalies")?,
            received_at,
            archive_name,
        })
    }
}

/// Reads a code that the first pass found, or `None` for an empty column.
fn coded<T: Coded>(text: &str) -> Option<T> {
    (!text.is_empty()).then(|| code(text))
}

/// The codes of an exchange as the database has them.
#[derive(FromRow)]
pub(in crate::store) struct CodesRow {
    channel: String,
    norm: String,
    packaging: String,
    verdict: String,
}

impl From<CodesRow> for Codes {
    fn from(r: CodesRow) -> Self {
        Self { channel: r.channel, norm: r.norm, packaging: r.packaging, verdict: r.verdict }
    }
}

#[derive(FromRow)]
pub(in crate::store) struct LedgerRow {
    read_records: i64,
    accepted: i64,
    quarantined: i64,
    duplicates: i64,
    unmatched: i64,
    envelope: i64,
}

impl TryFrom<LedgerRow> for Ledger {
    type Error = StoreError;

    fn try_from(r: LedgerRow) -> Result<Self, StoreError> {
        Ok(Self {
            read: uint(r.read_records, "ledgers.read_records")?,
            accepted: uint(r.accepted, "ledgers.accepted")?,
            quarantined: uint(r.quarantined, "ledgers.quarantined")?,
            duplicates: uint(r.duplicates, "ledgers.duplicates")?,
            unmatched: uint(r.unmatched, "ledgers.unmatched")?,
            envelope: uint(r.envelope, "ledgers.envelope")?,
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct AnomalyRow {
    code: String,
    control: String,
    severity: String,
    record: i64,
    record_type: String,
    column_number: i64,
    byte_offset: i64,
    length: i64,
    field: String,
    value: String,
    message: String,
    invoice_number: String,
}

impl TryFrom<AnomalyRow> for Finding {
    type Error = StoreError;

    fn try_from(r: AnomalyRow) -> Result<Self, StoreError> {
        // 0 and the empty text stand for what the file does not have.
        let record: u64 = uint(r.record, "anomalies.record")?;
        let column: u32 = uint(r.column_number, "anomalies.column_number")?;
        Ok(Self {
            code: FindingCode::stored(r.code, r.control),
            severity: code(&r.severity),
            record: (record > 0).then_some(record),
            record_type: r.record_type,
            column: (column > 0).then_some(column),
            offset: uint(r.byte_offset, "anomalies.byte_offset")?,
            length: uint(r.length, "anomalies.length")?,
            field: r.field,
            value: Some(r.value).filter(|value| !value.is_empty()),
            message: r.message,
            invoice: Some(r.invoice_number).filter(|number| !number.is_empty()),
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct QuarantineRow {
    exchange_id: Uuid,
    ordinal: i64,
    ps: String,
    invoice_number: String,
    lot: String,
    codes: String,
    first_record: i64,
    record_count: i64,
    byte_offset: i64,
    duplicate_of: Option<Uuid>,
    resolved_by: Option<Uuid>,
    at: Instant,
}

impl TryFrom<QuarantineRow> for Quarantined {
    type Error = StoreError;

    fn try_from(r: QuarantineRow) -> Result<Self, StoreError> {
        Ok(Self {
            exchange_id: ExchangeId(r.exchange_id),
            ordinal: uint(r.ordinal, "quarantine.ordinal")?,
            ps: r.ps,
            invoice_number: r.invoice_number,
            lot: r.lot,
            codes: from_json(&r.codes, "quarantine.codes")?,
            first_record: uint(r.first_record, "quarantine.first_record")?,
            record_count: uint(r.record_count, "quarantine.record_count")?,
            offset: uint(r.byte_offset, "quarantine.byte_offset")?,
            duplicate_of: r.duplicate_of.map(ClaimId),
            resolved_by: r.resolved_by.map(ClaimId),
            at: r.at.0,
        })
    }
}
