//! SQL of stored invoices, compiled for both databases.

use super::claims_by_invoice;
use super::db::{Db, Store};
use super::listing::one_of;
use crate::domain::{Claim, ExchangeId, InvoiceKey};
use crate::store::codec::{int, uint};
use crate::store::error::{StoreError, doing};
use crate::store::held_attempts::{SealedHold, StoredHold, held_columns};
use crate::store::outcomes::{SealedOutcome, outcome_columns};
use crate::store::rows::{ClaimRow, all, select_claim};
use crate::store::stored_invoices::{
    EventOfClaim, LineOfClaim, MarksRow, RejectReport, StoredInvoice, StoredInvoices, assemble,
};
use async_trait::async_trait;
use sqlx::{Pool, QueryBuilder, query_as, query_scalar};
use std::collections::HashSet;

#[async_trait]
impl StoredInvoices for Store {
    async fn stored_invoices(
        &self,
        id: ExchangeId,
        invoices: &[InvoiceKey],
    ) -> Result<Vec<StoredInvoice>, StoreError> {
        self.reads().ask(|pool| stored_invoices(pool, id, invoices)).await
    }

    async fn unmatched_ordinals(
        &self,
        id: ExchangeId,
        ordinals: (u64, u64),
    ) -> Result<HashSet<u64>, StoreError> {
        self.reads().ask(|pool| unmatched_ordinals(pool, id, ordinals)).await
    }

    async fn count_invoices(&self, id: ExchangeId) -> Result<(u64, u64), StoreError> {
        self.whole_deposit().ask(|pool| count_invoices(pool, id)).await
    }
}

/// Reads the claims by their invoices, then the other rows by the identifiers found: claims have no
/// index by the ordinal in their exchange.
async fn stored_invoices(
    pool: &Pool<Db>,
    id: ExchangeId,
    invoices: &[InvoiceKey],
) -> Result<Vec<StoredInvoice>, StoreError> {
    let doing = doing("reading stored invoices");
    let ids = claims_by_invoice::claim_ids(pool, id, invoices).await?;
    let of_claims = |select: &'static str, order: &'static str| {
        let mut query = QueryBuilder::<Db>::new(select);
        one_of(&mut query, ids.iter().copied());
        query.push(order);
        query
    };
    let mut query = of_claims(select_claim!("AND c.id "), "");
    let claims: Vec<ClaimRow> = query.build_query_as().fetch_all(pool).await.map_err(&doing)?;
    let claims: Vec<Claim> = all(claims)?;
    let mut query = of_claims(
        "SELECT c.id AS claim_id, c.live, p.kind, p.due_at, p.claim_status, p.reported_in, \
         (p.received_at = c.received_at AND p.ps = c.ps AND p.sender = c.sender) \
         AS repeats_claim FROM claims c JOIN claim_parts p ON p.claim_id = c.id WHERE c.id ",
        "",
    );
    let marks: Vec<MarksRow> = query.build_query_as().fetch_all(pool).await.map_err(&doing)?;
    let mut query = of_claims(
        "SELECT claim_id, return_id, version FROM reject_reports WHERE claim_id ",
        " ORDER BY claim_id, version",
    );
    let reports: Vec<RejectReport> =
        query.build_query_as().fetch_all(pool).await.map_err(&doing)?;
    let mut query = of_claims(
        "SELECT claim_id, rank, record_type, act_code, care_date, quantity, coefficient, \
         unit_price, base, rate, billed, amo, amc, qualifier FROM claim_lines WHERE claim_id ",
        " ORDER BY claim_id, rank",
    );
    let lines: Vec<LineOfClaim> = query.build_query_as().fetch_all(pool).await.map_err(&doing)?;
    let mut query = of_claims(
        "SELECT subject_id, event_id, sequence, kind, actor_name, actor_role, actor_proof, \
         exchange_id, routing_key, payload, occurred_at, key_check FROM events \
         WHERE subject_kind = 'claim' AND subject_id ",
        " ORDER BY subject_id, sequence",
    );
    let events: Vec<EventOfClaim> = query.build_query_as().fetch_all(pool).await.map_err(&doing)?;
    let mut query = of_claims(
        concat!(
            "SELECT c.id AS of_claim, ",
            outcome_columns!("o."),
            ", o.key_check FROM claims c JOIN claims attempt ON attempt.ps = c.ps \
             AND attempt.invoice_number = c.invoice_number AND attempt.identity = c.identity \
             JOIN outcomes o ON o.claim_id = attempt.id WHERE c.id "
        ),
        " ORDER BY c.id, o.told_in, o.ordinal, o.part_rank",
    );
    let told: Vec<SealedOutcome> = query.build_query_as().fetch_all(pool).await.map_err(&doing)?;
    let told = told.into_iter().map(|row| row.told()).collect::<Result<_, _>>()?;
    let mut query = of_claims(
        concat!("SELECT ", held_columns!(), ", key_check FROM held_attempts WHERE claim_id "),
        "",
    );
    let holds: Vec<SealedHold> = query.build_query_as().fetch_all(pool).await.map_err(&doing)?;
    let holds = holds.into_iter().map(StoredHold::from).collect();
    assemble(claims, (marks, reports), lines, events, told, holds)
}

async fn unmatched_ordinals(
    pool: &Pool<Db>,
    id: ExchangeId,
    (first, last): (u64, u64),
) -> Result<HashSet<u64>, StoreError> {
    let found: Vec<i64> = query_scalar(
        "SELECT ordinal FROM unmatched_returns WHERE exchange_id = $1 \
         AND ordinal BETWEEN $2 AND $3",
    )
    .bind(id.0)
    .bind(int(first))
    .bind(int(last))
    .fetch_all(pool)
    .await
    .map_err(doing("reading the unmatched notices of an exchange"))?;
    found.into_iter().map(|ordinal| uint(ordinal, "unmatched_returns.ordinal")).collect()
}

async fn count_invoices(pool: &Pool<Db>, id: ExchangeId) -> Result<(u64, u64), StoreError> {
    let (claims, aside): (i64, i64) = query_as(
        "SELECT (SELECT count(*) FROM claims WHERE exchange_id = $1), \
             (SELECT count(*) FROM quarantine WHERE exchange_id = $1)",
    )
    .bind(id.0)
    .fetch_one(pool)
    .await
    .map_err(doing("counting the invoices of an exchange"))?;
    Ok((uint(claims, "count")?, uint(aside, "count")?))
}
