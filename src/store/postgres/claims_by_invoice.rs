//! Claims of many invoices, locked or read in one statement.
//!
//! Locking reads are two statements: under READ COMMITTED, a statement that waited for a lock sees
//! the locked row anew but the rows joined to it as they were before the wait. So the claim's row
//! is locked first, and the claim with its parts is read by the statement after.

use super::batch::column;
use super::claims;
use crate::domain::{Claim, ClaimId, ExchangeId, InvoiceKey, Scope};
use crate::store::StoreError;
use crate::store::codec::{clean, doing};
use crate::store::rows::{ClaimRow, all, select_claim};
use sqlx::{PgConnection, PgPool, query, query_as, query_scalar};
use std::borrow::Cow;
use std::collections::HashSet;
use uuid::Uuid;

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
            "(SELECT found.* FROM UNNEST($1::text[], $2::text[], $3::text[]) AS k(ps, \
             invoice_number, identity) CROSS JOIN LATERAL (SELECT ",
            $columns,
            " FROM claims WHERE (ps, invoice_number, identity) = (k.ps, k.invoice_number, \
             k.identity) AND live UNION ALL SELECT ",
            $columns,
            " FROM claims WHERE (ps, invoice_number, identity) = (k.ps, k.invoice_number, \
             k.identity) AND NOT live OFFSET 0) AS found)"
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

pub(super) async fn lock_attempts(
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
        .map_err(doing("locking the attempts of invoices"))?;
        if locked.is_empty() {
            return Ok(Vec::new());
        }
        let found: Vec<ClaimRow> = query_as(select_claim!(concat!(
            "AND c.id IN (SELECT id FROM ",
            of_invoices!("id"),
            " AS c) ORDER BY c.received_at, c.id"
        )))
        .bind(&keys.ps)
        .bind(&keys.invoice_number)
        .bind(&keys.identity)
        .fetch_all(&mut *db)
        .await
        .map_err(doing("reading the attempts of invoices"))?;
        let claims: Vec<Claim> = all(found)?;
        let locked: HashSet<Uuid> = locked.into_iter().collect();
        // During the wait an invoice may have been sent again. Its new attempt is not locked yet:
        // the loop locks again.
        if claims.iter().all(|c| locked.contains(&c.id.0)) {
            return Ok(claims);
        }
    }
}

/// Returns the claims that these invoices of an exchange became.
pub(super) async fn claim_ids(
    pool: &PgPool,
    id: ExchangeId,
    invoices: &[InvoiceKey],
) -> Result<Vec<Uuid>, StoreError> {
    let keys = Keys::of(invoices);
    query_scalar(concat!(
        "SELECT id FROM ",
        of_invoices!("id, exchange_id"),
        " AS c WHERE c.exchange_id = $4"
    ))
    .bind(&keys.ps)
    .bind(&keys.invoice_number)
    .bind(&keys.identity)
    .bind(id.0)
    .fetch_all(pool)
    .await
    .map_err(doing("looking for stored invoices"))
}
