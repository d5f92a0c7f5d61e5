//! Writes and reads of many rows: multi-row VALUES in chunks, and lists of keys as one JSON text.

use super::claims;
use crate::domain::life_cycle::{is_live, is_reject};
use crate::domain::{
    Claim, ClaimId, ClaimLine, ClaimPart, ExchangeId, Finding, InvoiceKey, Quarantined, Scope,
};
use crate::store::codec::{Instant, clean, doing, int, json, limit as rows};
use crate::store::live::clear_live;
use crate::store::rows::{ClaimRow, all, select_claim};
use crate::store::stored_invoices::{StoredInvoice, StoredInvoiceRow, select_stored_invoice};
use crate::store::{NewClaim, PartChange, StoreError, UnmatchedReturn};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool, query, query_as};
use std::collections::HashSet;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// Rows per statement: beyond fifty rows SQLite gains no speed, and fifty claims bind 1,300 values,
/// far from its limit of 32,766.
pub(super) const CHUNK: usize = 50;

/// Returns a claim; the writer has the lock of the database.
pub(super) async fn lock_claim(
    db: &mut SqliteConnection,
    id: ClaimId,
) -> Result<Option<Claim>, StoreError> {
    claims::claim(db, &Scope::everything(), id).await
}

/// Returns identifiers as a JSON list of hexadecimal text: JSON has no blobs, and `unhex` converts
/// the text back.
pub(super) fn hex_list<'a>(ids: impl IntoIterator<Item = &'a ClaimId>) -> String {
    json(&ids.into_iter().map(|id| id.0.simple().to_string()).collect::<Vec<_>>())
}

/// The claims of the invoices of the list `$1`, triples of PS, number and identity.
macro_rules! is_listed {
    () => {
        "FROM json_each($1) j CROSS JOIN claims c ON c.ps = json_extract(j.value, '$[0]') AND c.invoice_number = json_extract(j.value, '$[1]') \
         AND c.identity = json_extract(j.value, '$[2]') "
    };
}

/// Columns of those claims, in two arms: the live and the rejected claims have an index each, and
/// no index covers both.
macro_rules! of_invoices {
    ($columns:literal) => {
        concat!(
            "(SELECT ",
            $columns,
            " ",
            is_listed!(),
            "AND c.live UNION ALL SELECT ",
            $columns,
            " ",
            is_listed!(),
            "AND NOT c.live)"
        )
    };
}

/// Returns invoices as a JSON list of triples.
fn keys(invoices: &[InvoiceKey]) -> String {
    json(
        &invoices
            .iter()
            .map(|k| (clean(k.ps()), clean(k.invoice_number()), k.identity()))
            .collect::<Vec<_>>(),
    )
}

pub(super) async fn lock_latest_claims(
    db: &mut SqliteConnection,
    invoices: &[InvoiceKey],
) -> Result<Vec<Claim>, StoreError> {
    let found: Vec<ClaimRow> = query_as(select_claim!(concat!(
        "AND c.id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY identity ORDER BY received_at DESC, id DESC) AS age FROM ",
        of_invoices!("c.id, c.identity, c.received_at"),
        ") AS k WHERE age = 1)"
    )))
    .bind(keys(invoices))
    .fetch_all(db)
    .await
    .map_err(doing("reading the latest claims of invoices"))?;
    all(found)
}

pub(super) async fn stored_invoices(
    pool: &SqlitePool,
    id: ExchangeId,
    invoices: &[InvoiceKey],
) -> Result<Vec<StoredInvoice>, StoreError> {
    let found: Vec<StoredInvoiceRow> = query_as(select_stored_invoice!(concat!(
        "FROM ",
        of_invoices!("c.id, c.exchange_id, c.ordinal, c.lot, c.first_record, c.record_count, c.person, c.ps, c.invoice_number, c.total"),
        " AS c WHERE c.exchange_id = $2"
    )))
    .bind(keys(invoices))
    .bind(id.0)
    .fetch_all(pool)
    .await
    .map_err(doing("reading stored invoices"))?;
    all(found)
}

pub(super) async fn insert_claims(
    db: &mut SqliteConnection,
    claims: &[Arc<NewClaim>],
) -> Result<Vec<ClaimId>, StoreError> {
    let mut written: HashSet<Uuid> = HashSet::with_capacity(claims.len());
    for chunk in claims.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO claims (id, exchange_id, flow, sender, logical_file, lot, lot_date, ordinal, \
             first_record, record_count, identity, person, token_version, vault, key_id, ps, \
             norm_code, invoice_number, invoice_complement, invoice_date, amc_number, \
             amo_organism, total, received_at, corrects, date_limite_reponse_amc, live) ",
        );
        insert.push_values(chunk.iter().map(|new| &new.claim), |mut row, c| {
            row.push_bind(c.id.0)
                .push_bind(c.exchange_id.0)
                .push_bind(c.flow.as_str())
                .push_bind(&c.sender);
            row.push_bind(i64::from(c.logical_file))
                .push_bind(clean(&c.lot))
                .push_bind(c.lot_date)
                .push_bind(int(c.ordinal));
            row.push_bind(int(c.first_record))
                .push_bind(i64::from(c.record_count))
                .push_bind(&c.identity.0)
                .push_bind(&c.person.0);
            row.push_bind(i64::from(c.token_version)).push_bind(&c.vault).push_bind(&c.key_id.0);
            row.push_bind(clean(&c.ps))
                .push_bind(clean(&c.norm_code))
                .push_bind(clean(&c.invoice_number))
                .push_bind(clean(&c.invoice_complement));
            row.push_bind(c.invoice_date)
                .push_bind(clean(&c.amc_number))
                .push_bind(clean(&c.amo_organism))
                .push_bind(c.total.centimes());
            row.push_bind(Instant(c.received_at))
                .push_bind(c.corrects.map(|id| id.0))
                .push_bind(clean(&c.date_limite_reponse_amc))
                .push_bind(is_live(c.amo.state, c.amc.state));
        });
        insert
            .push(" ON CONFLICT (ps, invoice_number, identity) WHERE live DO NOTHING RETURNING id");
        let ids: Vec<Uuid> = insert
            .build_query_scalar()
            .fetch_all(&mut *db)
            .await
            .map_err(doing("writing claims"))?;
        written.extend(ids);
    }
    let kept: Vec<&NewClaim> =
        claims.iter().map(AsRef::as_ref).filter(|c| written.contains(&c.claim.id.0)).collect();
    insert_parts(db, &kept).await?;
    insert_lines(db, &kept).await?;
    Ok(kept.iter().map(|c| c.claim.id).collect())
}

async fn insert_parts(db: &mut SqliteConnection, claims: &[&NewClaim]) -> Result<(), StoreError> {
    let parts = claims.iter().flat_map(|NewClaim { claim: c, .. }| {
        [(c.id, &c.amo, None), (c.id, &c.amc, Some(c.due_at))]
    });
    let parts: Vec<(ClaimId, &ClaimPart, Option<OffsetDateTime>)> = parts.collect();
    for chunk in parts.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO claim_parts (claim_id, kind, state, asked, paid, transfer_reference, transfer_date, reasons, updated_at, due_at) ",
        );
        insert.push_values(chunk, |mut row, (id, p, due_at)| {
            row.push_bind(id.0)
                .push_bind(p.kind.as_str())
                .push_bind(p.state.as_str())
                .push_bind(p.asked.centimes());
            row.push_bind(p.paid.centimes())
                .push_bind(p.transfer_reference.as_ref().map(|r| r.as_str()))
                .push_bind(p.transfer_date)
                .push_bind(json(&p.reasons));
            row.push_bind(Instant(p.updated_at)).push_bind(due_at.map(Instant));
        });
        insert.build().execute(&mut *db).await.map_err(doing("writing the parts of claims"))?;
    }
    Ok(())
}

async fn insert_lines(db: &mut SqliteConnection, claims: &[&NewClaim]) -> Result<(), StoreError> {
    let lines: Vec<(ClaimId, &ClaimLine)> =
        claims.iter().flat_map(|c| c.lines.iter().map(|l| (c.claim.id, l))).collect();
    for chunk in lines.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO claim_lines (claim_id, rank, record_type, act_code, care_date, quantity, coefficient, unit_price, base, rate, billed, amo, \
             amc, qualifier) ",
        );
        insert.push_values(chunk, |mut row, (id, l)| {
            row.push_bind(id.0)
                .push_bind(i64::from(l.rank))
                .push_bind(clean(&l.record_type))
                .push_bind(clean(&l.act_code))
                .push_bind(l.care_date);
            row.push_bind(i64::from(l.quantity))
                .push_bind(i64::from(l.coefficient))
                .push_bind(l.unit_price.centimes());
            row.push_bind(l.base.centimes())
                .push_bind(i64::from(l.rate))
                .push_bind(l.billed.centimes())
                .push_bind(l.amo.centimes());
            row.push_bind(l.amc.centimes()).push_bind(clean(&l.qualifier));
        });
        insert.build().execute(&mut *db).await.map_err(doing("writing the lines of claims"))?;
    }
    Ok(())
}

pub(super) async fn update_parts(
    db: &mut SqliteConnection,
    changes: &[PartChange],
) -> Result<(), StoreError> {
    let changes = crate::store::live::last_of_each(changes);
    for chunk in changes.chunks(CHUNK) {
        let mut update = QueryBuilder::<Sqlite>::new(
            "UPDATE claim_parts SET state = v.column3, asked = v.column4, paid = v.column5, transfer_reference = v.column6, \
             transfer_date = v.column7, reasons = v.column8, updated_at = v.column9 FROM (",
        );
        update.push_values(chunk, |mut row, PartChange { claim_id, part: p }| {
            row.push_bind(claim_id.0)
                .push_bind(p.kind.as_str())
                .push_bind(p.state.as_str())
                .push_bind(p.asked.centimes());
            row.push_bind(p.paid.centimes())
                .push_bind(p.transfer_reference.as_ref().map(|r| r.as_str()))
                .push_bind(p.transfer_date)
                .push_bind(json(&p.reasons));
            row.push_bind(Instant(p.updated_at));
        });
        update
            .push(") AS v WHERE claim_parts.claim_id = v.column1 AND claim_parts.kind = v.column2");
        let done =
            update.build().execute(&mut *db).await.map_err(doing("changing parts of claims"))?;
        crate::store::live::expect_all(done.rows_affected(), chunk.len())?;
    }
    let rejected = changes.iter().filter(|c| is_reject(c.part.state)).map(|c| &c.claim_id);
    query(clear_live!("claims.id IN (SELECT unhex(value) FROM json_each($1))"))
        .bind(hex_list(rejected))
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("freeing the invoices of rejected claims"))
}

pub(super) async fn insert_quarantined(
    db: &mut SqliteConnection,
    invoices: &[Quarantined],
) -> Result<(), StoreError> {
    for chunk in invoices.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO quarantine (exchange_id, ordinal, ps, invoice_number, lot, codes, first_record, record_count, byte_offset, duplicate_of, \
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
            "INSERT INTO anomalies (exchange_id, ordinal, code, control, severity, record, record_type, column_number, byte_offset, length, field, \
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
             invoice_number, summary) ",
        );
        insert.push_values(chunk, |mut row, u| {
            row.push_bind(id.0)
                .push_bind(int(u.ordinal))
                .push_bind(&u.identity.0)
                .push_bind(i64::from(u.token_version))
                .push_bind(clean(&u.ps))
                .push_bind(clean(&u.invoice_number));
            row.push_bind(clean(&u.summary));
        });
        insert.build().execute(&mut *db).await.map_err(doing("keeping unmatched returns"))?;
    }
    Ok(())
}

pub(super) async fn rejects_to_return(
    db: &mut SqliteConnection,
    limit: usize,
) -> Result<Vec<Claim>, StoreError> {
    // The condition is the one of the index `claim_parts_unreported`, word for word.
    let found: Vec<ClaimRow> = query_as(select_claim!(
        "AND c.id IN (SELECT claim_id FROM claim_parts WHERE kind = 'amc' \
         AND state IN ('rejected', 'rejected_after_acceptance') AND reported_in IS NULL ORDER BY updated_at, claim_id LIMIT $1) ORDER BY amc.updated_at, c.id"
    ))
    .bind(rows(limit))
    .fetch_all(db)
    .await
    .map_err(doing("reading the rejects to report"))?;
    all(found)
}

pub(super) async fn mark_rejects_returned(
    db: &mut SqliteConnection,
    by: Uuid,
    reported: &[ClaimId],
) -> Result<(), StoreError> {
    query(
        "UPDATE claim_parts SET reported_in = $1 WHERE kind = 'amc' \
         AND claim_id IN (SELECT unhex(value) FROM json_each($2))",
    )
    .bind(by)
    .bind(hex_list(reported))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("marking rejects as reported"))
}
