//! Claims of many invoices, read in one statement. The writer has the lock of the database.

use super::claims;
use crate::domain::{Claim, ClaimId, ExchangeId, InvoiceKey, Scope};
use crate::store::StoreError;
use crate::store::codec::{clean, doing, json};
use crate::store::rows::{ClaimRow, all, select_claim};
use sqlx::{SqliteConnection, SqlitePool, query_as, query_scalar};
use uuid::Uuid;

/// Returns a claim; the writer has the lock of the database.
pub(super) async fn lock_claim(
    db: &mut SqliteConnection,
    id: ClaimId,
) -> Result<Option<Claim>, StoreError> {
    claims::claim(db, &Scope::everything(), id).await
}

/// The claims of the invoices of the list `$1`, triples of PS, number and identity.
macro_rules! is_listed {
    () => {
        "FROM json_each($1) j CROSS JOIN claims c ON c.ps = json_extract(j.value, '$[0]') AND \
         c.invoice_number = json_extract(j.value, '$[1]') \
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

pub(super) async fn lock_attempts(
    db: &mut SqliteConnection,
    invoices: &[InvoiceKey],
) -> Result<Vec<Claim>, StoreError> {
    let found: Vec<ClaimRow> = query_as(select_claim!(concat!(
        "AND c.id IN (SELECT id FROM ",
        of_invoices!("c.id"),
        " AS k) ORDER BY c.received_at, c.id"
    )))
    .bind(keys(invoices))
    .fetch_all(db)
    .await
    .map_err(doing("reading the attempts of invoices"))?;
    all(found)
}

/// Returns the claims that these invoices of an exchange became.
pub(super) async fn claim_ids(
    pool: &SqlitePool,
    id: ExchangeId,
    invoices: &[InvoiceKey],
) -> Result<Vec<Uuid>, StoreError> {
    query_scalar(concat!(
        "SELECT id FROM ",
        of_invoices!("c.id, c.exchange_id"),
        " AS c WHERE c.exchange_id = $2"
    ))
    .bind(keys(invoices))
    .bind(id.0)
    .fetch_all(pool)
    .await
    .map_err(doing("looking for stored invoices"))
}
