//! SQL of the rows that a receipt signs beside its exchange, compiled for both databases.

use super::db::Db;
use crate::domain::ExchangeId;
use crate::store::error::{StoreError, doing};
use futures::TryStreamExt as _;
use sqlx::{Database, FromRow, query_as};
use std::fmt::Debug;
use uuid::Uuid;

type Connection = <Db as Database>::Connection;

/// Ordinal, issuer, recipient, message, creation, identification, norm with lane.
type LogicalFile = (i64, String, String, String, String, String, String);
/// Ordinal, code with control, severity with type of record, record, column, offset, length, field,
/// value, message, invoice.
type Anomaly = (i64, String, String, i64, i64, i64, i64, String, String, String, String);
/// Ordinal, codes, offset.
type Quarantined = (i64, String, i64);
/// Ordinal, identities, version of the tokens, PS, number with complement, AMC, summary, person,
/// key of the person, whether it is quarantined.
type Unmatched = (i64, String, i64, String, String, String, String, Vec<u8>, String, bool);

/// Ordinal, rank, sources, part with kind, days, amount, amount asked, parties, texts, reasons.
type Told = (i64, i64, String, String, String, i64, Option<i64>, String, String, String);

/// Rank of the group, transfer, file, parties, day, texts, amount announced, first and last return,
/// returns quarantined.
type ToldTransfer =
    (i64, Uuid, String, String, String, String, Option<i64>, Option<i64>, Option<i64>, i64, String);
/// Rank, rank of the group, rank of the return, kind, amount, codes, debt, balance, details.
type TransferItem = (i64, i64, Option<i64>, String, i64, String, String, Option<i64>, String);

/// Returns the digest (hex) of the logical files, findings, quarantined invoices, unmatched
/// returns, outcomes and transfers of an exchange. Columns that later deposits change are left out.
pub(super) async fn digest(db: &mut Connection, id: ExchangeId) -> Result<String, StoreError> {
    let mut hasher = blake3::Hasher::new();
    add::<LogicalFile>(
        &mut *db,
        id,
        "SELECT ordinal, issuer, recipient, message, created, file_id, \
         CASE WHEN is_test THEN norm || ' test' ELSE norm END FROM logical_files \
         WHERE exchange_id = $1 ORDER BY ordinal",
        &mut hasher,
    )
    .await?;
    add::<Anomaly>(
        &mut *db,
        id,
        "SELECT ordinal, code || ' ' || control, severity || ' ' || record_type, record, \
         column_number, byte_offset, length, field, value, message, invoice_number \
         FROM anomalies WHERE exchange_id = $1 ORDER BY ordinal",
        &mut hasher,
    )
    .await?;
    add::<Quarantined>(
        &mut *db,
        id,
        "SELECT ordinal, codes, byte_offset FROM quarantine WHERE exchange_id = $1 \
         ORDER BY ordinal",
        &mut hasher,
    )
    .await?;
    add::<Unmatched>(
        &mut *db,
        id,
        "SELECT ordinal, identity || ' ' || other_identity, token_version, ps, \
         invoice_number || ' ' || invoice_complement, amc_number, summary, vault, key_id, \
         is_quarantined FROM unmatched_returns WHERE exchange_id = $1 ORDER BY ordinal",
        &mut hasher,
    )
    .await?;
    add::<ToldTransfer>(
        &mut *db,
        id,
        "SELECT group_no, transfer_id, told_by, payee || ' ' || payer, CAST(day AS TEXT), \
         raw_day || ' ' || label || ' ' || reference, announced, first_invoice, last_invoice, \
         quarantined, items FROM told_transfers WHERE told_in = $1 ORDER BY group_no",
        &mut hasher,
    )
    .await?;
    add::<TransferItem>(
        &mut *db,
        id,
        "SELECT item_no, group_no, ordinal, kind, amount, code || ' ' || operation, \
         reference || ' ' || debt_day, balance, details FROM transfer_items \
         WHERE told_in = $1 ORDER BY item_no",
        &mut hasher,
    )
    .await?;
    add::<Told>(
        db,
        id,
        "SELECT ordinal, part_rank, source || ' ' || told_by, part || ' ' || kind, \
         CAST(day AS TEXT) || ' ' || COALESCE(CAST(transfer_day AS TEXT), ''), amount, asked, \
         payer || ' ' || on_behalf_of || ' ' || paying_caisse || ' ' || amc_handling, \
         raw_day || ' ' || label || ' ' || lot, reasons \
         FROM outcomes WHERE told_in = $1 ORDER BY ordinal, part_rank",
        &mut hasher,
    )
    .await?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Adds the rows of a statement to a digest, one by one, so that memory does not grow with them.
async fn add<R>(
    db: &mut Connection,
    id: ExchangeId,
    statement: &'static str,
    hasher: &mut blake3::Hasher,
) -> Result<(), StoreError>
where
    R: for<'r> FromRow<'r, <Db as Database>::Row> + Debug + Send + Unpin,
{
    let doing = doing("reading the rows that a receipt signs");
    let mut rows = query_as::<Db, R>(statement).bind(id.0).fetch(db);
    while let Some(row) = rows.try_next().await.map_err(&doing)? {
        hasher.update(format!("{row:?}\n").as_bytes());
    }
    hasher.update(b"\n");
    Ok(())
}
