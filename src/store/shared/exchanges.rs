//! SQL of exchanges, compiled for both databases.

use super::db::{Db, Store};
use super::unit::Unit;
use super::{exchange_writes, ledgers, listing, logical_files, receipt_contents, scope};
use crate::domain::page::{Page, PageToken};
use crate::domain::receipt::Codes;
use crate::domain::{Channel, Exchange, ExchangeId, Finding, Lane, Ledger, LogicalFile, Scope};
use crate::store::codec::{Instant, clean, int, limit as rows, uint};
use crate::store::error::{StoreError, doing};
use crate::store::exchange_rows::{AnomalyRow, CodesRow, ExchangeRow};
use crate::store::exchanges::{Closing, ExchangeWrites, Exchanges};
use crate::store::health::LEDGERS_UNBALANCED;
use crate::store::receipt_chain::SignLink;
use crate::store::rows::{all, select_exchange};
use crate::store::transaction_guard::step;
use async_trait::async_trait;
use sqlx::{Database, Pool, QueryBuilder, query, query_as, query_scalar};
use time::OffsetDateTime;
use uuid::Uuid;

type Connection = <Db as Database>::Connection;

#[async_trait]
impl Exchanges for Store {
    async fn exchange(
        &self,
        scope: &Scope,
        id: ExchangeId,
    ) -> Result<Option<Exchange>, StoreError> {
        self.reads().ask(|pool| exchange(pool, scope, id)).await
    }

    async fn exchange_by_digest(
        &self,
        sender: &str,
        digest: &str,
        lane: Option<Lane>,
    ) -> Result<Option<Exchange>, StoreError> {
        self.reads().ask(|pool| exchange_by_digest(pool, sender, digest, lane)).await
    }

    async fn exchanges(
        &self,
        scope: &Scope,
        sender: Option<&str>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Exchange>, StoreError> {
        self.reads().ask(|pool| exchanges(pool, scope, sender, after, limit)).await
    }

    async fn ledger(&self, scope: &Scope, id: ExchangeId) -> Result<Option<Ledger>, StoreError> {
        self.reads().ask(|pool| ledgers::ledger(pool, scope, id)).await
    }

    async fn receipt_codes(&self, id: ExchangeId) -> Result<Option<Codes>, StoreError> {
        self.reads().ask(|pool| receipt_codes(pool, id)).await
    }

    async fn anomalies(
        &self,
        scope: &Scope,
        id: ExchangeId,
        from_ordinal: u64,
        limit: usize,
    ) -> Result<Vec<Finding>, StoreError> {
        self.reads().ask(|pool| anomalies(pool, scope, id, from_ordinal, limit)).await
    }

    async fn deposited_since(
        &self,
        sender: &str,
        channel: Channel,
        since: OffsetDateTime,
    ) -> Result<(u64, u64), StoreError> {
        self.reads().ask(|pool| deposited_since(pool, sender, channel, since)).await
    }

    async fn archive_names_in_use(&self, names: &[String]) -> Result<Vec<String>, StoreError> {
        self.reads().ask(|pool| archive_names_in_use(pool, names)).await
    }
}

#[async_trait]
impl ExchangeWrites for Unit {
    async fn reserve_exchange(
        &mut self,
        sender: &str,
        digest: &str,
        records_digest: &str,
        idempotency_key: &str,
        lane: Lane,
        id: ExchangeId,
    ) -> Result<Option<ExchangeId>, StoreError> {
        let key = (digest, records_digest, idempotency_key);
        let earlier: Result<_, StoreError> =
            step!(self, reserve_exchange(&mut self.tx, sender, key, lane, id));
        if matches!(earlier, Ok(None)) {
            self.state.opened(id);
        }
        earlier
    }

    async fn find_logical_file(
        &mut self,
        lane: Lane,
        file: &LogicalFile,
    ) -> Result<Option<ExchangeId>, StoreError> {
        step!(self, logical_files::find_logical_file(&mut self.tx, lane, file))
    }

    async fn delete_logical_files(&mut self, id: ExchangeId) -> Result<(), StoreError> {
        step!(self, logical_files::delete_logical_files(&mut self.tx, id))
    }

    async fn insert_anomalies(
        &mut self,
        exchange_id: ExchangeId,
        first_ordinal: u64,
        findings: &[Finding],
    ) -> Result<(), StoreError> {
        step!(
            self,
            exchange_writes::insert_anomalies(&mut self.tx, exchange_id, first_ordinal, findings)
        )
    }

    async fn close_exchange(
        &mut self,
        closing: &Closing,
        link: SignLink<'_>,
    ) -> Result<(), StoreError> {
        let closed: Result<(), StoreError> =
            step!(self, start_whole, close_exchange(&mut self.tx, closing, link));
        closed.map(|()| self.state.closed())
    }
}

async fn exchange(
    pool: &Pool<Db>,
    scope: &Scope,
    id: ExchangeId,
) -> Result<Option<Exchange>, StoreError> {
    let mut query = QueryBuilder::new(select_exchange!("AND id = "));
    query.push_bind(id.0);
    scope::exchanges(&mut query, scope);
    let row: Option<ExchangeRow> =
        query.build_query_as().fetch_optional(pool).await.map_err(doing("reading an exchange"))?;
    row.map(Exchange::try_from).transpose()
}

async fn exchange_by_digest(
    pool: &Pool<Db>,
    sender: &str,
    digest: &str,
    lane: Option<Lane>,
) -> Result<Option<Exchange>, StoreError> {
    let query = query_as(select_exchange!(
        "AND sender = $1 AND digest = $2 AND is_test = COALESCE($3, is_test) \
         ORDER BY is_test LIMIT 1"
    ));
    let row: Option<ExchangeRow> = query
        .bind(sender)
        .bind(digest)
        .bind(lane.map(Lane::is_test))
        .fetch_optional(pool)
        .await
        .map_err(doing("looking for a digest"))?;
    row.map(Exchange::try_from).transpose()
}

async fn exchanges(
    pool: &Pool<Db>,
    scope: &Scope,
    sender: Option<&str>,
    after: Option<PageToken>,
    limit: usize,
) -> Result<Page<Exchange>, StoreError> {
    let mut query = listing::exchanges(scope, sender, after, limit);
    let rows: Vec<ExchangeRow> =
        query.build_query_as().fetch_all(pool).await.map_err(doing("listing exchanges"))?;
    listing::cut(rows, limit)
}

async fn receipt_codes(pool: &Pool<Db>, id: ExchangeId) -> Result<Option<Codes>, StoreError> {
    let row: Option<CodesRow> = query_as(
        "SELECT channel, norm, packaging, verdict FROM exchanges \
         WHERE id = $1 AND verdict IS NOT NULL",
    )
    .bind(id.0)
    .fetch_optional(pool)
    .await
    .map_err(doing("reading the codes of an exchange"))?;
    Ok(row.map(Codes::from))
}

async fn anomalies(
    pool: &Pool<Db>,
    scope: &Scope,
    id: ExchangeId,
    from_ordinal: u64,
    limit: usize,
) -> Result<Vec<Finding>, StoreError> {
    let mut query = QueryBuilder::new(
        "SELECT code, control, severity, record, record_type, column_number, byte_offset, length, \
         field, value, message, invoice_number FROM anomalies WHERE exchange_id = ",
    );
    query.push_bind(id.0).push(" AND ordinal >= ").push_bind(int(from_ordinal));
    scope::of_exchange(&mut query, "exchange_id", scope);
    query.push(" ORDER BY ordinal LIMIT ").push_bind(rows(limit));
    let found: Vec<AnomalyRow> =
        query.build_query_as().fetch_all(pool).await.map_err(doing("reading anomalies"))?;
    all(found)
}

async fn deposited_since(
    pool: &Pool<Db>,
    sender: &str,
    channel: Channel,
    since: OffsetDateTime,
) -> Result<(u64, u64), StoreError> {
    let (files, bytes): (i64, i64) = query_as(
        "SELECT count(*), CAST(COALESCE(sum(size), 0) AS BIGINT) FROM exchanges \
         WHERE sender = $1 AND received_at >= $2 AND channel = $3",
    )
    .bind(sender)
    .bind(Instant(since))
    .bind(channel.as_str())
    .fetch_one(pool)
    .await
    .map_err(doing("counting the deposits of a sender"))?;
    Ok((uint(files, "count")?, uint(bytes, "sum(size)")?))
}

async fn archive_names_in_use(
    pool: &Pool<Db>,
    names: &[String],
) -> Result<Vec<String>, StoreError> {
    listing::archive_names_in_use(names)
        .build_query_scalar()
        .fetch_all(pool)
        .await
        .map_err(doing("looking for archived files"))
}

async fn reserve_exchange(
    db: &mut Connection,
    sender: &str,
    (digest, records_digest, key): (&str, &str, &str),
    lane: Lane,
    id: ExchangeId,
) -> Result<Option<ExchangeId>, StoreError> {
    // The second depositor of a file waits here: PostgreSQL on the unique index, SQLite already at
    // BEGIN IMMEDIATE.
    let taken = query(
        "INSERT INTO exchanges (id, sender, digest, idempotency_key, is_test, records_digest) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(id.0)
    .bind(sender)
    .bind(digest)
    .bind(key)
    .bind(lane.is_test())
    .bind(records_digest)
    .execute(&mut *db)
    .await
    .map_err(doing("reserving an exchange"))?;
    if taken.rows_affected() == 1 {
        return Ok(None);
    }
    // The exchange of the key comes first: the caller must learn that the key was used for another
    // file. That of the same bytes comes before that of the same records.
    let earlier: Option<Uuid> = query_scalar(
        "SELECT id FROM exchanges WHERE sender = $1 AND is_test = $4 \
         AND (digest = $2 OR (idempotency_key = $3 AND $3 <> '') \
         OR (records_digest = $5 AND $5 <> '')) \
         ORDER BY CASE WHEN idempotency_key = $3 AND $3 <> '' THEN 0 WHEN digest = $2 THEN 1 \
         ELSE 2 END LIMIT 1",
    )
    .bind(sender)
    .bind(digest)
    .bind(key)
    .bind(lane.is_test())
    .bind(records_digest)
    .fetch_optional(db)
    .await
    .map_err(doing("reading the earlier exchange"))?;
    earlier.map(|id| Some(ExchangeId(id))).ok_or_else(|| {
        StoreError::Corrupt(format!("exchange {id} exists under another sender or digest"))
    })
}

async fn close_exchange(
    db: &mut Connection,
    closing: &Closing,
    link: SignLink<'_>,
) -> Result<(), StoreError> {
    let unbalanced = || {
        metrics::counter!(LEDGERS_UNBALANCED).increment(1);
        Err(StoreError::Unbalanced(closing.ledger))
    };
    if !closing.ledger.balances()
        || !ledgers::ledger_matches_claims(&mut *db, &closing.exchange, &closing.ledger).await?
    {
        return unbalanced();
    }
    fill_exchange(&mut *db, &closing.exchange, closing.at).await?;
    ledgers::insert_ledger(&mut *db, closing.exchange.id, &closing.ledger).await?;
    let of = (closing.exchange.id, closing.exchange.lane);
    logical_files::insert_logical_files(&mut *db, of, &closing.logical_files).await?;
    super::return_files::insert_return_file(&mut *db, &closing.arl, 0).await?;
    let contents = receipt_contents::digest(&mut *db, closing.exchange.id).await?;
    super::receipt_chain::extend_chain(db, closing.exchange.id, &contents, link).await
}

async fn fill_exchange(
    db: &mut Connection,
    e: &Exchange,
    closed_at: OffsetDateTime,
) -> Result<(), StoreError> {
    let filled = query(
        "UPDATE exchanges SET channel = $2, file_name = $3, size = $4, norm = $5, packaging = $6, \
         verdict = $7, logical_files = $8, lots = $9, invoices = $10, lines = $11, \
         accepted = $12, quarantined = $13, duplicates = $14, unmatched = $15, total = $16, \
         amo = $17, amc = $18, anomalies = $19, received_at = $20, archive_name = $21, \
         closed_at = $22 WHERE id = $1 AND verdict IS NULL",
    )
    .bind(e.id.0)
    .bind(e.channel.as_str())
    .bind(clean(e.file_name.as_str()))
    .bind(int(e.size))
    .bind(e.norm_code())
    .bind(e.packaging_code())
    .bind(e.verdict.as_str())
    .bind(int(e.logical_files))
    .bind(int(e.lots))
    .bind(int(e.invoices))
    .bind(int(e.lines))
    .bind(int(e.accepted))
    .bind(int(e.quarantined))
    .bind(int(e.duplicates))
    .bind(int(e.unmatched))
    .bind(e.total.centimes())
    .bind(e.amo.centimes())
    .bind(e.amc.centimes())
    .bind(int(e.anomalies))
    .bind(Instant(e.received_at))
    .bind(&e.archive_name)
    .bind(Instant(closed_at))
    .execute(db)
    .await
    .map_err(doing("closing an exchange"))?;
    let written = filled.rows_affected() == 1;
    if written {
        Ok(())
    } else {
        Err(StoreError::Corrupt(format!("exchange {} is not reserved, or closed already", e.id)))
    }
}
