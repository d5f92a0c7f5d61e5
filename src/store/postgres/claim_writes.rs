//! Writes of claims with their parts and lines.

use super::batch::{column, uuids};
use crate::domain::life_cycle::is_live;
use crate::domain::{Claim, ClaimId, ClaimLine, ClaimPart};
use crate::store::codec::{Instant, clean, doing, flag_codes, int, json};
use crate::store::live::{expect_all, last_of_each, set_live, set_status};
use crate::store::{NewClaim, PartChange, StoreError};
use sqlx::{AssertSqlSafe, PgConnection, query, query_scalar};
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

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
         total, received_at, corrects, date_limite_reponse_amc, live, is_test) \
         SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], \
         $6::text[], $7::date[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], \
         $12::text[], $13::bigint[], $14::bytea[], $15::text[], $16::text[], $17::text[], \
         $18::text[], $19::text[], $20::date[], $21::text[], $22::text[], $23::bigint[], \
         $24::timestamptz[], $25::uuid[], $26::text[], $27::boolean[], $28::boolean[]) \
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
    .bind(column(&rows, |c| c.lane.is_test()))
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
    let parts = claims
        .iter()
        .flat_map(|NewClaim { claim: c, .. }| [(c, &c.amo, None), (c, &c.amc, Some(c))]);
    let parts: Vec<(&Claim, &ClaimPart, Option<&Claim>)> = parts.collect();
    query(
        "INSERT INTO claim_parts (claim_id, kind, state, asked, paid, gap, flags, is_awaited, \
         transfer_reference, transfer_date, reasons, updated_at, due_at, claim_status, \
         received_at, ps, sender) SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], \
         $4::bigint[], $5::bigint[], \
         $6::text[], $7::text[], $8::boolean[], $9::text[], $10::date[], $11::text[], \
         $12::timestamptz[], $13::timestamptz[], $14::text[], $15::timestamptz[], $16::text[], \
         $17::text[])",
    )
    .bind(column(&parts, |(c, ..)| c.id.0))
    .bind(column(&parts, |(_, p, _)| p.kind.as_str()))
    .bind(column(&parts, |(_, p, _)| p.state.as_str()))
    .bind(column(&parts, |(_, p, _)| p.asked.centimes()))
    .bind(column(&parts, |(_, p, _)| p.paid.centimes()))
    .bind(column(&parts, |(_, p, _)| p.gap.map(|gap| gap.as_str())))
    .bind(column(&parts, |(_, p, _)| flag_codes(&p.flags)))
    .bind(column(&parts, |(_, p, _)| p.is_awaited))
    .bind(column(&parts, |(_, p, _)| p.transfer_reference.as_ref().map(|r| r.as_str())))
    .bind(column(&parts, |(_, p, _)| p.transfer_date))
    .bind(column(&parts, |(_, p, _)| json(&p.reasons)))
    .bind(column(&parts, |(_, p, _)| Instant(p.updated_at)))
    .bind(column(&parts, |(.., amc)| amc.and_then(|c| c.due_at).map(Instant)))
    .bind(column(&parts, |(.., amc)| amc.map(|c| c.status().as_str())))
    .bind(column(&parts, |(c, ..)| Instant(c.received_at)))
    .bind(column(&parts, |(c, ..)| clean(&c.ps)))
    .bind(column(&parts, |(c, ..)| c.sender.as_str()))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("writing the parts of claims"))
}

async fn insert_lines(db: &mut PgConnection, claims: &[&NewClaim]) -> Result<(), StoreError> {
    let lines: Vec<(ClaimId, &ClaimLine)> =
        claims.iter().flat_map(|c| c.lines.iter().map(|l| (c.claim.id, l))).collect();
    query(
        "INSERT INTO claim_lines (claim_id, rank, record_type, act_code, care_date, quantity, \
         coefficient, unit_price, base, rate, billed, amo, \
         amc, qualifier) \
         SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::date[], \
         $6::bigint[], $7::bigint[], $8::bigint[], \
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
        "UPDATE claim_parts p SET state = v.state, asked = v.asked, paid = v.paid, gap = v.gap, \
         flags = v.flags, is_awaited = v.is_awaited, transfer_reference = v.transfer_reference, \
         transfer_date = v.transfer_date, reasons = v.reasons, updated_at = v.updated_at \
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], \
         $7::text[], $8::boolean[], $9::text[], $10::date[], $11::text[], $12::timestamptz[]) \
         AS v(claim_id, kind, state, asked, paid, gap, flags, is_awaited, transfer_reference, \
         transfer_date, reasons, updated_at) \
         WHERE p.claim_id = v.claim_id AND p.kind = v.kind",
    )
    .bind(column(&changes, |c| c.claim_id.0))
    .bind(column(&changes, |c| c.part.kind.as_str()))
    .bind(column(&changes, |c| c.part.state.as_str()))
    .bind(column(&changes, |c| c.part.asked.centimes()))
    .bind(column(&changes, |c| c.part.paid.centimes()))
    .bind(column(&changes, |c| c.part.gap.map(|gap| gap.as_str())))
    .bind(column(&changes, |c| flag_codes(&c.part.flags)))
    .bind(column(&changes, |c| c.part.is_awaited))
    .bind(column(&changes, |c| c.part.transfer_reference.as_ref().map(|r| r.as_str())))
    .bind(column(&changes, |c| c.part.transfer_date))
    .bind(column(&changes, |c| json(&c.part.reasons)))
    .bind(column(&changes, |c| Instant(c.part.updated_at)))
    .execute(&mut *db)
    .await
    .map_err(doing("changing parts of claims"))?;
    expect_all(done.rows_affected(), changes.len())?;
    let changed: Vec<ClaimId> = changes.iter().map(|c| c.claim_id).collect();
    query(AssertSqlSafe(set_status("= ANY($1)")))
        .bind(uuids(&changed))
        .execute(&mut *db)
        .await
        .map_err(doing("noting the status of claims"))?;
    query(set_live!("claims.id = ANY($1)"))
        .bind(uuids(&changed))
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("noting which invoices may be sent again"))
}
