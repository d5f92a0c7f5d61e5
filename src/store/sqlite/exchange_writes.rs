//! Writes of the rows of an exchange that are no claims: quarantined invoices, anomalies and
//! unmatched returns.

use super::batch::CHUNK;
use crate::domain::{ExchangeId, Finding, Quarantined};
use crate::store::codec::{Instant, clean, doing, int, json};
use crate::store::{StoreError, UnmatchedReturn};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

pub(super) async fn insert_quarantined(
    db: &mut SqliteConnection,
    invoices: &[Quarantined],
) -> Result<(), StoreError> {
    for chunk in invoices.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO quarantine (exchange_id, ordinal, ps, invoice_number, lot, codes, \
             first_record, record_count, byte_offset, duplicate_of, \
             resolved_by, at) ",
        );
        insert.push_values(chunk, |mut row, q| {
            row.push_bind(q.exchange_id.0)
                .push_bind(int(q.ordinal))
                .push_bind(clean(&q.ps))
                .push_bind(clean(&q.invoice_number))
                .push_bind(clean(&q.lot));
            row.push_bind(json(&q.codes))
                .push_bind(int(q.first_record))
                .push_bind(i64::from(q.record_count))
                .push_bind(int(q.offset));
            row.push_bind(q.duplicate_of.map(|id| id.0))
                .push_bind(q.resolved_by.map(|id| id.0))
                .push_bind(Instant(q.at));
        });
        insert.build().execute(&mut *db).await.map_err(doing("writing quarantined invoices"))?;
    }
    Ok(())
}

pub(super) async fn insert_anomalies(
    db: &mut SqliteConnection,
    id: ExchangeId,
    first_ordinal: u64,
    findings: &[Finding],
) -> Result<(), StoreError> {
    let numbered: Vec<(u64, &Finding)> = (first_ordinal..).zip(findings).collect();
    for chunk in numbered.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO anomalies (exchange_id, ordinal, code, control, severity, record, \
             record_type, column_number, byte_offset, length, field, \
             value, message, invoice_number) ",
        );
        insert.push_values(chunk, |mut row, (ordinal, f)| {
            row.push_bind(id.0)
                .push_bind(int(*ordinal))
                .push_bind(f.code.as_str())
                .push_bind(f.code.control())
                .push_bind(f.severity.as_str());
            row.push_bind(int(f.record.unwrap_or_default()))
                .push_bind(clean(&f.record_type))
                .push_bind(i64::from(f.column.unwrap_or_default()))
                .push_bind(int(f.offset));
            row.push_bind(i64::from(f.length))
                .push_bind(clean(&f.field))
                .push_bind(clean(f.value.as_deref().unwrap_or_default()))
                .push_bind(clean(&f.message))
                .push_bind(clean(f.invoice.as_deref().unwrap_or_default()));
        });
        insert.build().execute(&mut *db).await.map_err(doing("writing anomalies"))?;
    }
    Ok(())
}

pub(super) async fn insert_unmatched_returns(
    db: &mut SqliteConnection,
    id: ExchangeId,
    returns: &[UnmatchedReturn],
) -> Result<(), StoreError> {
    for chunk in returns.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO unmatched_returns (exchange_id, ordinal, identity, token_version, ps, \
             invoice_number, summary, other_identity, invoice_complement, amc_number, vault, \
             key_id, is_quarantined) ",
        );
        insert.push_values(chunk, |mut row, u| {
            row.push_bind(id.0)
                .push_bind(int(u.ordinal))
                .push_bind(&u.identity.0)
                .push_bind(i64::from(u.token_version))
                .push_bind(clean(&u.ps))
                .push_bind(clean(&u.invoice_number));
            row.push_bind(clean(&u.summary))
                .push_bind(&u.other_identity.0)
                .push_bind(clean(&u.invoice_complement))
                .push_bind(clean(&u.amc_number));
            row.push_bind(&u.vault).push_bind(&u.key_id.0).push_bind(u.is_quarantined);
        });
        insert.build().execute(&mut *db).await.map_err(doing("keeping unmatched returns"))?;
    }
    Ok(())
}
