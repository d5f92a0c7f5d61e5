//! Writes of claims with their parts and lines.

use super::batch::{CHUNK, hex_list};
use crate::domain::life_cycle::is_live;
use crate::domain::{Claim, ClaimId, ClaimLine, ClaimPart, PartKind};
use crate::store::codec::{Instant, clean, doing, flag_codes, int, json};
use crate::store::live::{expect_all, last_of_each, set_live, set_status};
use crate::store::{NewClaim, PartChange, StoreError};
use sqlx::query_builder::Separated;
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite, SqliteConnection, query};
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

pub(super) async fn insert_claims(
    db: &mut SqliteConnection,
    claims: &[Arc<NewClaim>],
) -> Result<Vec<ClaimId>, StoreError> {
    let mut written: HashSet<Uuid> = HashSet::with_capacity(claims.len());
    for chunk in claims.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO claims (id, exchange_id, flow, sender, logical_file, lot, lot_date, \
             ordinal, \
             first_record, record_count, identity, person, token_version, vault, key_id, ps, \
             norm_code, invoice_number, invoice_complement, invoice_date, amc_number, \
             amo_organism, total, received_at, corrects, date_limite_reponse_amc, live, is_test) ",
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
                .push_bind(is_live(c.amo.state, c.amc.state))
                .push_bind(c.lane.is_test());
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
    let parts = claims.iter().flat_map(|NewClaim { claim: c, .. }| [(c, &c.amo), (c, &c.amc)]);
    let parts: Vec<(&Claim, &ClaimPart)> = parts.collect();
    for chunk in parts.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO claim_parts (claim_id, kind, state, asked, paid, gap, flags, is_awaited, \
             transfer_reference, transfer_date, reasons, updated_at, due_at, claim_status, \
             received_at, ps, sender) ",
        );
        insert.push_values(chunk, |mut row, (c, p)| {
            push_part(&mut row, c.id, p);
            let of_amc = (p.kind == PartKind::Amc).then_some(c);
            row.push_bind(of_amc.and_then(|c| c.due_at).map(Instant))
                .push_bind(of_amc.map(|c| c.status().as_str()))
                .push_bind(Instant(c.received_at))
                .push_bind(clean(&c.ps))
                .push_bind(&c.sender);
        });
        insert.build().execute(&mut *db).await.map_err(doing("writing the parts of claims"))?;
    }
    Ok(())
}

/// Binds the columns that both writes of a part begin with, from `claim_id` to `updated_at`.
fn push_part(row: &mut Separated<'_, Sqlite, &'static str>, id: ClaimId, part: &ClaimPart) {
    row.push_bind(id.0)
        .push_bind(part.kind.as_str())
        .push_bind(part.state.as_str())
        .push_bind(part.asked.centimes())
        .push_bind(part.paid.centimes())
        .push_bind(part.gap.map(|gap| gap.as_str()))
        .push_bind(flag_codes(&part.flags))
        .push_bind(part.is_awaited)
        .push_bind(part.transfer_reference.as_ref().map(|reference| reference.as_str()))
        .push_bind(part.transfer_date)
        .push_bind(json(&part.reasons))
        .push_bind(Instant(part.updated_at));
}

async fn insert_lines(db: &mut SqliteConnection, claims: &[&NewClaim]) -> Result<(), StoreError> {
    let lines: Vec<(ClaimId, &ClaimLine)> =
        claims.iter().flat_map(|c| c.lines.iter().map(|l| (c.claim.id, l))).collect();
    for chunk in lines.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO claim_lines (claim_id, rank, record_type, act_code, care_date, quantity, \
             coefficient, unit_price, base, rate, billed, amo, \
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
    let changes = last_of_each(changes);
    for chunk in changes.chunks(CHUNK) {
        let mut update = QueryBuilder::<Sqlite>::new(
            "UPDATE claim_parts SET state = v.column3, asked = v.column4, paid = v.column5, \
             gap = v.column6, flags = v.column7, is_awaited = v.column8, \
             transfer_reference = v.column9, transfer_date = v.column10, reasons = v.column11, \
             updated_at = v.column12 FROM (",
        );
        update.push_values(chunk, |mut row, change| {
            push_part(&mut row, change.claim_id, &change.part);
        });
        update
            .push(") AS v WHERE claim_parts.claim_id = v.column1 AND claim_parts.kind = v.column2");
        let done =
            update.build().execute(&mut *db).await.map_err(doing("changing parts of claims"))?;
        expect_all(done.rows_affected(), chunk.len())?;
    }
    let changed = hex_list(changes.iter().map(|c| &c.claim_id));
    query(AssertSqlSafe(set_status("IN (SELECT unhex(value) FROM json_each($1))")))
        .bind(&changed)
        .execute(&mut *db)
        .await
        .map_err(doing("noting the status of claims"))?;
    query(set_live!("claims.id IN (SELECT unhex(value) FROM json_each($1))"))
        .bind(changed)
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("noting which invoices may be sent again"))
}
