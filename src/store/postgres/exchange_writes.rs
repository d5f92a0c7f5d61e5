//! Writes of the rows of an exchange that are no claims: quarantined invoices, anomalies and
//! unmatched returns.

use super::batch::column;
use crate::domain::{ExchangeId, Finding, Quarantined};
use crate::store::codec::{Instant, clean, doing, int, json};
use crate::store::{StoreError, UnmatchedReturn};
use sqlx::{PgConnection, query};

pub(super) async fn insert_quarantined(
    db: &mut PgConnection,
    invoices: &[Quarantined],
) -> Result<(), StoreError> {
    query(
        "INSERT INTO quarantine (exchange_id, ordinal, ps, invoice_number, lot, codes, \
         first_record, record_count, byte_offset, duplicate_of, \
         resolved_by, at) \
         SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], \
         $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], \
         $10::uuid[], $11::uuid[], $12::timestamptz[])",
    )
    .bind(column(invoices, |q| q.exchange_id.0))
    .bind(column(invoices, |q| int(q.ordinal)))
    .bind(column(invoices, |q| clean(&q.ps)))
    .bind(column(invoices, |q| clean(&q.invoice_number)))
    .bind(column(invoices, |q| clean(&q.lot)))
    .bind(column(invoices, |q| json(&q.codes)))
    .bind(column(invoices, |q| int(q.first_record)))
    .bind(column(invoices, |q| i64::from(q.record_count)))
    .bind(column(invoices, |q| int(q.offset)))
    .bind(column(invoices, |q| q.duplicate_of.map(|id| id.0)))
    .bind(column(invoices, |q| q.resolved_by.map(|id| id.0)))
    .bind(column(invoices, |q| Instant(q.at)))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("writing quarantined invoices"))
}

pub(super) async fn insert_anomalies(
    db: &mut PgConnection,
    id: ExchangeId,
    first_ordinal: u64,
    findings: &[Finding],
) -> Result<(), StoreError> {
    query(
        "INSERT INTO anomalies (exchange_id, ordinal, code, control, severity, record, \
         record_type, column_number, byte_offset, length, field, \
         value, message, invoice_number) \
         SELECT $1, t.* FROM UNNEST($2::bigint[], $3::text[], $4::text[], $5::text[], \
         $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], \
         $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[]) AS t",
    )
    .bind(id.0)
    .bind((first_ordinal..).take(findings.len()).map(int).collect::<Vec<_>>())
    .bind(column(findings, |f| f.code.as_str()))
    .bind(column(findings, |f| f.code.control()))
    .bind(column(findings, |f| f.severity.as_str()))
    .bind(column(findings, |f| int(f.record.unwrap_or_default())))
    .bind(column(findings, |f| clean(&f.record_type)))
    .bind(column(findings, |f| i64::from(f.column.unwrap_or_default())))
    .bind(column(findings, |f| int(f.offset)))
    .bind(column(findings, |f| i64::from(f.length)))
    .bind(column(findings, |f| clean(&f.field)))
    .bind(column(findings, |f| clean(f.value.as_deref().unwrap_or_default())))
    .bind(column(findings, |f| clean(&f.message)))
    .bind(column(findings, |f| clean(f.invoice.as_deref().unwrap_or_default())))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("writing anomalies"))
}

pub(super) async fn insert_unmatched_returns(
    db: &mut PgConnection,
    id: ExchangeId,
    returns: &[UnmatchedReturn],
) -> Result<(), StoreError> {
    query(
        "INSERT INTO unmatched_returns (exchange_id, ordinal, identity, token_version, ps, \
         invoice_number, summary, other_identity, invoice_complement, amc_number, vault, key_id, \
         is_quarantined) SELECT $1, t.* FROM UNNEST($2::bigint[], $3::text[], $4::bigint[], \
         $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bytea[], \
         $12::text[], $13::boolean[]) AS t",
    )
    .bind(id.0)
    .bind(column(returns, |u| int(u.ordinal)))
    .bind(column(returns, |u| u.identity.0.as_str()))
    .bind(column(returns, |u| i64::from(u.token_version)))
    .bind(column(returns, |u| clean(&u.ps)))
    .bind(column(returns, |u| clean(&u.invoice_number)))
    .bind(column(returns, |u| clean(&u.summary)))
    .bind(column(returns, |u| u.other_identity.0.as_str()))
    .bind(column(returns, |u| clean(&u.invoice_complement)))
    .bind(column(returns, |u| clean(&u.amc_number)))
    .bind(column(returns, |u| u.vault.as_slice()))
    .bind(column(returns, |u| u.key_id.0.as_str()))
    .bind(column(returns, |u| u.is_quarantined))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("keeping unmatched returns"))
}
