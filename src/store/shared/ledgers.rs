//! SQL of ledgers, compiled for both databases.

use super::db::Db;
use super::scope;
use crate::domain::{Exchange, ExchangeId, Ledger, Norm, Scope};
use crate::store::codec::int;
use crate::store::error::{StoreError, doing};
use crate::store::exchange_rows::LedgerRow;
use sqlx::{Database, Pool, QueryBuilder, query, query_as};

type Connection = <Db as Database>::Connection;

pub(super) async fn ledger(
    pool: &Pool<Db>,
    scope: &Scope,
    id: ExchangeId,
) -> Result<Option<Ledger>, StoreError> {
    let mut query = QueryBuilder::new(
        "SELECT read_records, accepted, quarantined, duplicates, unmatched, envelope \
         FROM ledgers WHERE exchange_id = ",
    );
    query.push_bind(id.0);
    scope::of_exchange(&mut query, "exchange_id", scope);
    let row: Option<LedgerRow> =
        query.build_query_as().fetch_optional(pool).await.map_err(doing("reading a ledger"))?;
    row.map(Ledger::try_from).transpose()
}

/// Returns whether `accepted` of the exchange and of the ledger equal the claims and records of the
/// table `claims`, matched payment notices included. Always true for a NOEMIE file.
pub(super) async fn ledger_matches_claims(
    db: &mut Connection,
    exchange: &Exchange,
    ledger: &Ledger,
) -> Result<bool, StoreError> {
    let (claims, records, notices): (i64, i64, i64) = query_as(
        "SELECT count(*), CAST(COALESCE(sum(record_count), 0) AS BIGINT), \
         (SELECT count(*) FROM outcomes WHERE told_in = $1 AND claim_id IS NOT NULL) \
         FROM claims WHERE exchange_id = $1",
    )
    .bind(exchange.id.0)
    .fetch_one(db)
    .await
    .map_err(doing("recounting the claims of an exchange"))?;
    let has_all = notices > 0 || records == int(ledger.accepted);
    Ok(exchange.norm != Some(Norm::B2) || (claims + notices == int(exchange.accepted) && has_all))
}

pub(super) async fn insert_ledger(
    db: &mut Connection,
    id: ExchangeId,
    ledger: &Ledger,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO ledgers (exchange_id, read_records, accepted, quarantined, duplicates, \
         unmatched, envelope) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id.0)
    .bind(int(ledger.read))
    .bind(int(ledger.accepted))
    .bind(int(ledger.quarantined))
    .bind(int(ledger.duplicates))
    .bind(int(ledger.unmatched))
    .bind(int(ledger.envelope))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("writing a ledger"))
}
