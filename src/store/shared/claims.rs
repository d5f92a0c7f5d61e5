//! SQL of claims, compiled for both databases. Statements over many rows differ between the
//! databases and stand in `claim_writes.rs` and `claims_by_invoice.rs` of each.

use super::claim_pages;
use super::claim_writes;
use super::claims_by_invoice;
use super::db::{Db, Store};
use super::listing::{self, CHUNK};
use super::scope;
use super::unit::Unit;
use crate::domain::page::PageToken;
use crate::domain::{Claim, ClaimId, ClaimLine, InvoiceKey, NewClaim, Page, Scope, Token};
use crate::store::claims::{ClaimFilter, ClaimWrites, Claims, PartChange};
use crate::store::error::{StoreError, doing};
use crate::store::rows::{ClaimRow, LineRow, all, select_claim, visible};
use crate::store::stored_invoices::LineOfClaim;
use crate::store::transaction_guard::step;
use async_trait::async_trait;
use sqlx::{Database, Pool, QueryBuilder};
use std::sync::Arc;

type Connection = <Db as Database>::Connection;

#[async_trait]
impl Claims for Store {
    async fn claim(&self, scope: &Scope, id: ClaimId) -> Result<Option<Claim>, StoreError> {
        let read = async |pool: &Pool<Db>| {
            let mut connection = pool.acquire().await.map_err(doing("reading a claim"))?;
            claim(&mut connection, scope, id).await
        };
        self.reads().ask(read).await
    }

    async fn claims_by_id(&self, scope: &Scope, ids: &[ClaimId]) -> Result<Vec<Claim>, StoreError> {
        self.reads().ask(|pool| claims_by_id(pool, scope, ids)).await
    }

    async fn claim_lines(&self, scope: &Scope, id: ClaimId) -> Result<Vec<ClaimLine>, StoreError> {
        self.reads().ask(|pool| claim_lines(pool, scope, id)).await
    }

    async fn claims(
        &self,
        scope: &Scope,
        filter: &ClaimFilter,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Claim>, StoreError> {
        self.reads().ask(|pool| claim_pages::page(pool, scope, filter, after, limit)).await
    }
}

#[async_trait]
impl ClaimWrites for Unit {
    async fn lock_claim(&mut self, id: ClaimId) -> Result<Option<Claim>, StoreError> {
        step!(self, claims_by_invoice::lock_claim(&mut self.tx, id))
    }

    async fn invoice_keys(&mut self, claims: &[ClaimId]) -> Result<Vec<InvoiceKey>, StoreError> {
        step!(self, invoice_keys(&mut self.tx, claims))
    }

    async fn lock_attempts(&mut self, invoices: &[InvoiceKey]) -> Result<Vec<Claim>, StoreError> {
        step!(self, claims_by_invoice::lock_attempts(&mut self.tx, invoices))
    }

    async fn lines_of(
        &mut self,
        claims: &[ClaimId],
    ) -> Result<Vec<(ClaimId, ClaimLine)>, StoreError> {
        step!(self, lines_of(&mut self.tx, claims))
    }

    async fn insert_claims(
        &mut self,
        claims: &[Arc<NewClaim>],
    ) -> Result<Vec<ClaimId>, StoreError> {
        step!(self, claim_writes::insert_claims(&mut self.tx, claims))
    }

    async fn update_parts(&mut self, changes: &[PartChange]) -> Result<(), StoreError> {
        step!(self, claim_writes::update_parts(&mut self.tx, changes))
    }
}

/// Returns one claim over a connection: after the lock of a transaction, or with a scope.
pub(super) async fn claim(
    db: &mut Connection,
    scope: &Scope,
    id: ClaimId,
) -> Result<Option<Claim>, StoreError> {
    let mut query = QueryBuilder::new(select_claim!(concat!(
        "AND ",
        visible!("c.exchange_id"),
        " AND c.id = "
    )));
    query.push_bind(id.0);
    scope::claims(&mut query, scope);
    let row: Option<ClaimRow> =
        query.build_query_as().fetch_optional(db).await.map_err(doing("reading a claim"))?;
    row.map(Claim::try_from).transpose()
}

async fn claims_by_id(
    pool: &Pool<Db>,
    scope: &Scope,
    ids: &[ClaimId],
) -> Result<Vec<Claim>, StoreError> {
    let mut claims = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let mut query = QueryBuilder::new(select_claim!(concat!(
            "AND ",
            visible!("c.exchange_id"),
            " AND c.id "
        )));
        listing::one_of(&mut query, chunk.iter().map(|id| id.0));
        scope::claims(&mut query, scope);
        let rows: Vec<ClaimRow> =
            query.build_query_as().fetch_all(pool).await.map_err(doing("reading claims"))?;
        claims.extend(all::<_, Claim>(rows)?);
    }
    Ok(claims)
}

async fn invoice_keys(
    db: &mut Connection,
    claims: &[ClaimId],
) -> Result<Vec<InvoiceKey>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(
        "SELECT DISTINCT ps, invoice_number, identity FROM claims WHERE id ",
    );
    listing::one_of(&mut query, claims.iter().map(|id| id.0));
    let found: Vec<(String, String, String)> = query
        .build_query_as()
        .fetch_all(db)
        .await
        .map_err(doing("reading invoices of attempts"))?;
    Ok(found.into_iter().map(|(ps, number, id)| InvoiceKey::new(&ps, &number, Token(id))).collect())
}

async fn claim_lines(
    pool: &Pool<Db>,
    scope: &Scope,
    id: ClaimId,
) -> Result<Vec<ClaimLine>, StoreError> {
    let mut query = QueryBuilder::new(
        "SELECT rank, record_type, act_code, care_date, quantity, coefficient, unit_price, base, \
         rate, billed, amo, amc, qualifier \
         FROM claim_lines WHERE claim_id = ",
    );
    query.push_bind(id.0);
    scope::of_claim(&mut query, "claim_lines.claim_id", scope);
    query.push(" ORDER BY rank");
    let found: Vec<LineRow> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("reading the lines of a claim"))?;
    all(found)
}

async fn lines_of(
    db: &mut Connection,
    claims: &[ClaimId],
) -> Result<Vec<(ClaimId, ClaimLine)>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(
        "SELECT claim_id, rank, record_type, act_code, care_date, quantity, coefficient, \
         unit_price, base, rate, billed, amo, amc, qualifier FROM claim_lines WHERE claim_id ",
    );
    listing::one_of(&mut query, claims.iter().map(|id| id.0));
    query.push(" ORDER BY claim_id, rank");
    let found: Vec<LineOfClaim> =
        query.build_query_as().fetch_all(db).await.map_err(doing("reading the lines of claims"))?;
    found.into_iter().map(LineOfClaim::of_claim).collect()
}
