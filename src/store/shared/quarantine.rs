//! SQL of quarantined invoices, compiled for both databases.

use super::db::{Db, Store};
use super::exchange_writes;
use super::scope;
use super::unit::Unit;
use crate::domain::{ExchangeId, Quarantined, Scope};
use crate::store::codec::{clean, int, limit as rows};
use crate::store::error::{StoreError, doing};
use crate::store::exchange_rows::QuarantineRow;
use crate::store::quarantine::{Quarantine, QuarantineWrites};
use crate::store::rows::{all, select_quarantined, visible};
use crate::store::transaction_guard::step;
use async_trait::async_trait;
use sqlx::{Database, Pool, QueryBuilder, query, query_as};

type Connection = <Db as Database>::Connection;

#[async_trait]
impl Quarantine for Store {
    async fn quarantined(
        &self,
        scope: &Scope,
        id: ExchangeId,
        limit: usize,
    ) -> Result<Vec<Quarantined>, StoreError> {
        self.reads().ask(|pool| quarantined(pool, scope, id, limit)).await
    }

    async fn quarantined_by_invoice(
        &self,
        scope: &Scope,
        ps: &str,
        invoice_number: &str,
    ) -> Result<Vec<Quarantined>, StoreError> {
        self.reads().ask(|pool| quarantined_by_invoice(pool, scope, ps, invoice_number)).await
    }

    async fn latest_quarantined(
        &self,
        scope: &Scope,
        sender: Option<&str>,
        is_waiting: bool,
        limit: usize,
    ) -> Result<Vec<Quarantined>, StoreError> {
        self.reads().ask(|pool| latest_quarantined(pool, scope, sender, is_waiting, limit)).await
    }

    async fn quarantined_by_ordinals(
        &self,
        id: ExchangeId,
        ordinals: (u64, u64),
    ) -> Result<Vec<Quarantined>, StoreError> {
        self.reads().ask(|pool| quarantined_by_ordinals(pool, id, ordinals)).await
    }
}

#[async_trait]
impl QuarantineWrites for Unit {
    async fn insert_quarantined(&mut self, invoices: &[Quarantined]) -> Result<(), StoreError> {
        step!(self, exchange_writes::insert_quarantined(&mut self.tx, invoices))
    }

    async fn resolve_quarantined(&mut self, by: ExchangeId) -> Result<(), StoreError> {
        step!(self, start_whole, resolve_quarantined(&mut self.tx, by))
    }
}

async fn quarantined(
    pool: &Pool<Db>,
    scope: &Scope,
    id: ExchangeId,
    limit: usize,
) -> Result<Vec<Quarantined>, StoreError> {
    let mut query = QueryBuilder::new(select_quarantined!("WHERE exchange_id = "));
    query.push_bind(id.0);
    scope::quarantine(&mut query, scope);
    query.push(" ORDER BY ordinal LIMIT ").push_bind(rows(limit));
    let found: Vec<QuarantineRow> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("reading the quarantine of an exchange"))?;
    all(found)
}

async fn quarantined_by_invoice(
    pool: &Pool<Db>,
    scope: &Scope,
    ps: &str,
    invoice_number: &str,
) -> Result<Vec<Quarantined>, StoreError> {
    let mut query = QueryBuilder::new(select_quarantined!(concat!(
        "WHERE resolved_by IS NULL AND duplicate_of IS NULL AND ",
        visible!("exchange_id"),
        " AND ps = "
    )));
    query
        .push_bind(clean(ps).into_owned())
        .push(" AND invoice_number = ")
        .push_bind(clean(invoice_number).into_owned());
    scope::quarantine(&mut query, scope);
    scope::lane_of_quarantine(&mut query, scope);
    query.push(" ORDER BY at, exchange_id, ordinal");
    let found: Vec<QuarantineRow> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("looking for a quarantined invoice"))?;
    all(found)
}

async fn latest_quarantined(
    pool: &Pool<Db>,
    scope: &Scope,
    sender: Option<&str>,
    is_waiting: bool,
    limit: usize,
) -> Result<Vec<Quarantined>, StoreError> {
    let mut query =
        QueryBuilder::new(select_quarantined!(concat!("WHERE ", visible!("exchange_id"))));
    if is_waiting {
        query.push(" AND resolved_by IS NULL AND duplicate_of IS NULL");
    }
    if let Some(sender) = sender {
        query.push(" AND exchange_id IN (SELECT id FROM exchanges WHERE sender = ");
        query.push_bind(clean(sender).into_owned()).push(")");
    }
    scope::quarantine(&mut query, scope);
    scope::lane_of_quarantine(&mut query, scope);
    query.push(" ORDER BY at DESC, exchange_id DESC, ordinal LIMIT ").push_bind(rows(limit));
    let found: Vec<QuarantineRow> =
        query.build_query_as().fetch_all(pool).await.map_err(doing("listing the quarantine"))?;
    all(found)
}

/// Returns the quarantined invoices from one ordinal to another, both included.
async fn quarantined_by_ordinals(
    pool: &Pool<Db>,
    id: ExchangeId,
    (first, last): (u64, u64),
) -> Result<Vec<crate::domain::Quarantined>, StoreError> {
    let query =
        query_as(select_quarantined!("WHERE exchange_id = $1 AND ordinal BETWEEN $2 AND $3"));
    let found: Vec<QuarantineRow> = query
        .bind(id.0)
        .bind(int(first))
        .bind(int(last))
        .fetch_all(pool)
        .await
        .map_err(doing("reading quarantined invoices by ordinal"))?;
    all(found)
}

/// Sets `resolved_by` on earlier quarantined invoices that claims of this exchange replace. Runs at
/// the close of the exchange: earlier, neither the claim nor the quarantined invoice would be
/// listed. A claim replaces invoices of its own lane only.
async fn resolve_quarantined(db: &mut Connection, by: ExchangeId) -> Result<(), StoreError> {
    query(
        "UPDATE quarantine SET resolved_by = c.id FROM claims c WHERE c.exchange_id = $1 \
         AND quarantine.exchange_id <> $1 \
         AND quarantine.ps = c.ps AND quarantine.invoice_number = c.invoice_number \
         AND quarantine.resolved_by IS NULL AND quarantine.duplicate_of IS NULL \
         AND c.is_test = (SELECT x.is_test FROM exchanges x WHERE x.id = quarantine.exchange_id)",
    )
    .bind(by.0)
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("resolving the quarantine"))
}
