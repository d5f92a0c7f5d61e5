//! Writes and reads of many rows: one statement for a whole batch, one array per column.
//!
//! Locking reads are two statements: under READ COMMITTED, a statement that waited for a lock sees
//! the locked row anew but the rows joined to it as they were before the wait. So the claim's row
//! is locked first, and the claim with its parts is read by the statement after.

use super::claims;
use crate::domain::life_cycle::{is_live, is_reject};
use crate::domain::{
    Claim, ClaimId, ClaimLine, ClaimPart, ExchangeId, Finding, InvoiceKey, Quarantined, Scope,
};
use crate::store::codec::{Instant, clean, doing, int, json, limit as rows};
use crate::store::live::{clear_live, expect_all, last_of_each};
use crate::store::rows::{ClaimRow, all, select_claim};
use crate::store::stored_invoices::{StoredInvoice, StoredInvoiceRow, select_stored_invoice};
use crate::store::{NewClaim, PartChange, StoreError, UnmatchedReturn};
use sqlx::{PgConnection, PgPool, query, query_as, query_scalar};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// Returns one column of a batch.
pub(super) fn column<'a, T, C>(rows: &'a [T], of: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(of).collect()
}

pub(super) fn uuids(ids: &[ClaimId]) -> Vec<Uuid> {
    column(ids, |id| id.0)
}

pub(super) async fn lock_claim(
    db: &mut PgConnection,
    id: ClaimId,
) -> Result<Option<Claim>, StoreError> {
    query("SELECT id FROM claims WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut *db)
        .await
        .map_err(doing("locking a claim"))?;
    claims::claim(db, &Scope::everything(), id).await
}

/// Columns of the claims of the invoices `$1`, `$2`, `$3` (see [`Keys`]), in two arms: the live and
/// the rejected claims have an index each, and no index covers both. `OFFSET 0` keeps the arms as
/// written, invoice by invoice and by these indexes, whatever the statistics of the table say.
macro_rules! of_invoices {
    ($columns:literal) => {
        concat!(
            "(SELECT found.* FROM UNNEST($1::text[], $2::text[], $3::text[]) AS k(ps, invoice_number, identity) CROSS JOIN LATERAL (SELECT ",
            $columns,
            " FROM claims WHERE (ps, invoice_number, identity) = (k.ps, k.invoice_number, k.identity) AND live UNION ALL SELECT ",
            $columns,
            " FROM claims WHERE (ps, invoice_number, identity) = (k.ps, k.invoice_number, k.identity) AND NOT live OFFSET 0) AS found)"
        )
    };
}

/// Invoices to look up, column by column.
struct Keys<'a> {
    ps: Vec<Cow<'a, str>>,
    invoice_number: Vec<Cow<'a, str>>,
    identity: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    fn of(invoices: &'a [InvoiceKey]) -> Self {
        Self {
            ps: column(invoices, |k| clean(k.ps())),
            invoice_number: column(invoices, |k| clean(k.invoice_number())),
            identity: column(invoices, |k| k.identity().0.as_str()),
        }
    }
}

pub(super) async fn lock_latest_claims(
    db: &mut PgConnection,
    invoices: &[InvoiceKey],
) -> Result<Vec<Claim>, StoreError> {
    let keys = Keys::of(invoices);
    loop {
        // By id, so that two batches with common invoices take their locks in the same order.
        let locked: Vec<Uuid> = query_scalar(concat!(
            "SELECT id FROM claims WHERE id IN ",
            of_invoices!("id"),
            " ORDER BY id FOR UPDATE"
        ))
        .bind(&keys.ps)
        .bind(&keys.invoice_number)
        .bind(&keys.identity)
        .fetch_all(&mut *db)
        .await
        .map_err(doing("locking the claims of invoices"))?;
        if locked.is_empty() {
            return Ok(Vec::new());
        }
        let found: Vec<ClaimRow> = query_as(select_claim!(concat!(
            "AND c.id IN (SELECT DISTINCT ON (identity) id FROM ",
            of_invoices!("id, identity, received_at"),
            " AS c ORDER BY identity, received_at DESC, id DESC)"
        )))
        .bind(&keys.ps)
        .bind(&keys.invoice_number)
        .bind(&keys.identity)
        .fetch_all(&mut *db)
        .await
        .map_err(doing("reading the latest claims of invoices"))?;
        let claims: Vec<Claim> = all(found)?;
        let locked: HashSet<Uuid> = locked.into_iter().collect();
        // During the wait a rejected invoice may have been sent again. Its new claim is not locked
        // yet: the loop locks again.
        if claims.iter().all(|c| locked.contains(&c.id.0)) {
            return Ok(claims);
        }
    }
}

pub(super) async fn stored_invoices(
    pool: &PgPool,
    id: ExchangeId,
    invoices: &[InvoiceKey],
) -> Result<Vec<StoredInvoice>, StoreError> {
    let keys = Keys::of(invoices);
    let found: Vec<StoredInvoiceRow> = query_as(select_stored_invoice!(concat!(
        "FROM ",
        of_invoices!("id, exchange_id, ordinal, lot, first_record, record_count, person, ps, invoice_number, total"),
        " AS c WHERE c.exchange_id = $4"
    )))
    .bind(&keys.ps)
    .bind(&keys.invoice_number)
    .bind(&keys.identity)
    .bind(id.0)
    .fetch_all(pool)
    .await
    .map_err(doing("reading stored invoices"))?;
    all(found)
}

pub(super) async fn insert_claims(
    db: &mut PgConnection,
    claims: &[Arc<NewClaim>],
) -> Result<Vec<ClaimId>, StoreError> {
    // The rows are sorted by invoice, so that two deposits with common invoices wait for each other
    // in the same order, and not in a circle.
    let mut rows = column(claims, |new| &new.claim);
    rows.sort_by_key(|c| (&c.ps, &c.invoice_number, &c.identity));
    let written: Vec<Uuid> = query_scalar(
        "INSERT INTO claims (id, exchange_id, flow, sender, logical_file, lot, lot_date, ordinal, \
         first_record, record_count, identity, person, token_version, vault, key_id, ps, \
         norm_code, invoice_number, invoice_complement, invoice_date, amc_number, amo_organism, \
         total, received_at, corrects, date_limite_reponse_amc, live) \
         SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], \
         $6::text[], $7::date[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], \
         $12::text[], $13::bigint[], $14::bytea[], $15::text[], $16::text[], $17::text[], \
         $18::text[], $19::text[], $20::date[], $21::text[], $22::text[], $23::bigint[], \
         $24::timestamptz[], $25::uuid[], $26::text[], $27::boolean[]) \
         ON CONFLICT (ps, invoice_number, identity) WHERE live DO NOTHING RETURNING id",
    )
    .bind(column(&rows, |c| c.id.0))
    .bind(column(&rows, |c| c.exchange_id.0))
    .bind(column(&rows, |c| c.flow.as_str()))
    .bind(column(&rows, |c| c.sender.as_str()))
    .bind(column(&rows, |c| i64::from(c.logical_file)))
    .bind(column(&rows, |c| clean(&c.lot)))
    .bind(column(&rows, |c| c.lot_date))
    .bind(column(&rows, |c| int(c.ordinal)))
    .bind(column(&rows, |c| int(c.first_record)))
    .bind(column(&rows, |c| i64::from(c.record_count)))
    .bind(column(&rows, |c| c.identity.0.as_str()))
    .bind(column(&rows, |c| c.person.0.as_str()))
    .bind(column(&rows, |c| i64::from(c.token_version)))
    .bind(column(&rows, |c| c.vault.as_slice()))
    .bind(column(&rows, |c| c.key_id.0.as_str()))
    .bind(column(&rows, |c| clean(&c.ps)))
    .bind(column(&rows, |c| clean(&c.norm_code)))
    .bind(column(&rows, |c| clean(&c.invoice_number)))
    .bind(column(&rows, |c| clean(&c.invoice_complement)))
    .bind(column(&rows, |c| c.invoice_date))
    .bind(column(&rows, |c| clean(&c.amc_number)))
    .bind(column(&rows, |c| clean(&c.amo_organism)))
    .bind(column(&rows, |c| c.total.centimes()))
    .bind(column(&rows, |c| Instant(c.received_at)))
    .bind(column(&rows, |c| c.corrects.map(|id| id.0)))
    .bind(column(&rows, |c| clean(&c.date_limite_reponse_amc)))
    .bind(column(&rows, |c| is_live(c.amo.state, c.amc.state)))
    .fetch_all(&mut *db)
    .await
    .map_err(doing("writing claims"))?;
    let written: HashSet<Uuid> = written.into_iter().collect();
    let kept: Vec<&NewClaim> =
        claims.iter().map(AsRef::as_ref).filter(|c| written.contains(&c.claim.id.0)).collect();
    insert_parts(db, &kept).await?;
    insert_lines(db, &kept).await?;
    Ok(kept.iter().map(|c| c.claim.id).collect())
}

async fn insert_parts(db: &mut PgConnection, claims: &[&NewClaim]) -> Result<(), StoreError> {
    let parts = claims.iter().flat_map(|NewClaim { claim: c, .. }| {
        [(c.id, &c.amo, None), (c.id, &c.amc, Some(c.due_at))]
    });
    let parts: Vec<(ClaimId, &ClaimPart, Option<OffsetDateTime>)> = parts.collect();
    query(
        "INSERT INTO claim_parts (claim_id, kind, state, asked, paid, transfer_reference, transfer_date, reasons, updated_at, due_at) \
         SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::date[], $8::text[], \
         $9::timestamptz[], $10::timestamptz[])",
    )
    .bind(column(&parts, |(id, ..)| id.0))
    .bind(column(&parts, |(_, p, _)| p.kind.as_str()))
    .bind(column(&parts, |(_, p, _)| p.state.as_str()))
    .bind(column(&parts, |(_, p, _)| p.asked.centimes()))
    .bind(column(&parts, |(_, p, _)| p.paid.centimes()))
    .bind(column(&parts, |(_, p, _)| p.transfer_reference.as_ref().map(|r| r.as_str())))
    .bind(column(&parts, |(_, p, _)| p.transfer_date))
    .bind(column(&parts, |(_, p, _)| json(&p.reasons)))
    .bind(column(&parts, |(_, p, _)| Instant(p.updated_at)))
    .bind(column(&parts, |(.., due_at)| due_at.map(Instant)))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("writing the parts of claims"))
}

async fn insert_lines(db: &mut PgConnection, claims: &[&NewClaim]) -> Result<(), StoreError> {
    let lines: Vec<(ClaimId, &ClaimLine)> =
        claims.iter().flat_map(|c| c.lines.iter().map(|l| (c.claim.id, l))).collect();
    query(
        "INSERT INTO claim_lines (claim_id, rank, record_type, act_code, care_date, quantity, coefficient, unit_price, base, rate, billed, amo, \
         amc, qualifier) \
         SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::date[], $6::bigint[], $7::bigint[], $8::bigint[], \
         $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[])",
    )
    .bind(column(&lines, |(id, _)| id.0))
    .bind(column(&lines, |(_, l)| i64::from(l.rank)))
    .bind(column(&lines, |(_, l)| clean(&l.record_type)))
    .bind(column(&lines, |(_, l)| clean(&l.act_code)))
    .bind(column(&lines, |(_, l)| l.care_date))
    .bind(column(&lines, |(_, l)| i64::from(l.quantity)))
    .bind(column(&lines, |(_, l)| i64::from(l.coefficient)))
    .bind(column(&lines, |(_, l)| l.unit_price.centimes()))
    .bind(column(&lines, |(_, l)| l.base.centimes()))
    .bind(column(&lines, |(_, l)| i64::from(l.rate)))
    .bind(column(&lines, |(_, l)| l.billed.centimes()))
    .bind(column(&lines, |(_, l)| l.amo.centimes()))
    .bind(column(&lines, |(_, l)| l.amc.centimes()))
    .bind(column(&lines, |(_, l)| clean(&l.qualifier)))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("writing the lines of claims"))
}

pub(super) async fn update_parts(
    db: &mut PgConnection,
    changes: &[PartChange],
) -> Result<(), StoreError> {
    let changes = last_of_each(changes);
    let done = query(
        "UPDATE claim_parts p SET state = v.state, asked = v.asked, paid = v.paid, transfer_reference = v.transfer_reference, \
         transfer_date = v.transfer_date, reasons = v.reasons, updated_at = v.updated_at \
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::date[], $8::text[], $9::timestamptz[]) \
         AS v(claim_id, kind, state, asked, paid, transfer_reference, transfer_date, reasons, updated_at) \
         WHERE p.claim_id = v.claim_id AND p.kind = v.kind",
    )
    .bind(column(&changes, |c| c.claim_id.0))
    .bind(column(&changes, |c| c.part.kind.as_str()))
    .bind(column(&changes, |c| c.part.state.as_str()))
    .bind(column(&changes, |c| c.part.asked.centimes()))
    .bind(column(&changes, |c| c.part.paid.centimes()))
    .bind(column(&changes, |c| c.part.transfer_reference.as_ref().map(|r| r.as_str())))
    .bind(column(&changes, |c| c.part.transfer_date))
    .bind(column(&changes, |c| json(&c.part.reasons)))
    .bind(column(&changes, |c| Instant(c.part.updated_at)))
    .execute(&mut *db)
    .await
    .map_err(doing("changing parts of claims"))?;
    expect_all(done.rows_affected(), changes.len())?;
    let rejected: Vec<ClaimId> =
        changes.iter().filter(|c| is_reject(c.part.state)).map(|c| c.claim_id).collect();
    if rejected.is_empty() {
        return Ok(());
    }
    query(clear_live!("claims.id = ANY($1)"))
        .bind(uuids(&rejected))
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("freeing the invoices of rejected claims"))
}

pub(super) async fn insert_quarantined(
    db: &mut PgConnection,
    invoices: &[Quarantined],
) -> Result<(), StoreError> {
    query(
        "INSERT INTO quarantine (exchange_id, ordinal, ps, invoice_number, lot, codes, first_record, record_count, byte_offset, duplicate_of, \
         resolved_by, at) \
         SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], \
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
        "INSERT INTO anomalies (exchange_id, ordinal, code, control, severity, record, record_type, column_number, byte_offset, length, field, \
         value, message, invoice_number) \
         SELECT $1, t.* FROM UNNEST($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], \
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
         invoice_number, summary) SELECT $1, t.* FROM UNNEST($2::bigint[], $3::text[], \
         $4::bigint[], $5::text[], $6::text[], $7::text[]) AS t",
    )
    .bind(id.0)
    .bind(column(returns, |u| int(u.ordinal)))
    .bind(column(returns, |u| u.identity.0.as_str()))
    .bind(column(returns, |u| i64::from(u.token_version)))
    .bind(column(returns, |u| clean(&u.ps)))
    .bind(column(returns, |u| clean(&u.invoice_number)))
    .bind(column(returns, |u| clean(&u.summary)))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("keeping unmatched returns"))
}

pub(super) async fn rejects_to_return(
    db: &mut PgConnection,
    limit: usize,
) -> Result<Vec<Claim>, StoreError> {
    // The condition is the one of the index `claim_parts_unreported`, word for word. SKIP LOCKED leaves
    // out the rejects that another replica is returning at this moment.
    let ids: Vec<Uuid> = query_scalar(
        "SELECT p.claim_id FROM claim_parts p JOIN claims c ON c.id = p.claim_id \
         WHERE p.kind = 'amc' AND p.state IN ('rejected', 'rejected_after_acceptance') \
         AND p.reported_in IS NULL ORDER BY p.updated_at, p.claim_id LIMIT $1 FOR UPDATE OF p, c SKIP LOCKED",
    )
    .bind(rows(limit))
    .fetch_all(&mut *db)
    .await
    .map_err(doing("locking the rejects to report"))?;
    let found: Vec<ClaimRow> =
        query_as(select_claim!("AND c.id = ANY($1) ORDER BY amc.updated_at, c.id"))
            .bind(ids)
            .fetch_all(db)
            .await
            .map_err(doing("reading the rejects to report"))?;
    all(found)
}

pub(super) async fn mark_rejects_returned(
    db: &mut PgConnection,
    by: Uuid,
    reported: &[ClaimId],
) -> Result<(), StoreError> {
    query("UPDATE claim_parts SET reported_in = $1 WHERE kind = 'amc' AND claim_id = ANY($2)")
        .bind(by)
        .bind(uuids(reported))
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("marking rejects as reported"))
}
