//! Deposits that are written in several transactions, and the chain of receipts. The SQL is the
//! same in both databases but for the locks, which SQLite does not need (nobody else writes); see
//! `reads.rs` for why this is a macro.

use super::codec::{Instant, code, uint};
use super::{ChainLink, ChainTip, StagedDeposit, StagedProgress, StoreError};
use crate::domain::ExchangeId;
use noemie_parsers::types::Montant;
use sqlx::FromRow;
use uuid::Uuid;

/// Defines the statements of loads and of the chain for one database. `$lock` ends a locking
/// SELECT.
macro_rules! shared_loads {
    ($DB:ty, $lock:literal) => {
        use crate::domain::{ExchangeId, LogicalFile};
        use crate::store::codec::{Instant, clean, doing, int, limit as rows, uint};
        use crate::store::exchange_rows::QuarantineRow;
        use crate::store::loads::{ChainRow, StagedDepositRow, WrittenRow, select_load, tip};
        use crate::store::rows::{all, select_quarantined};
        use crate::store::{ChainLink, ChainTip, SignLink, StagedDeposit, OpenDeposit, StoreError, StagedProgress};
        use sqlx::{Pool, query, query_as, query_scalar};

        type Connection = <$DB as sqlx::Database>::Connection;

        pub(in crate::store) async fn open(db: &mut Connection, load: &StagedDeposit, logical_files: &[LogicalFile]) -> Result<(), StoreError> {
            let written = query(
                "UPDATE exchanges SET channel = $2, file_name = $3, size = $4, received_at = $5, archive_name = $6 WHERE id = $1 AND verdict IS NULL",
            )
            .bind(load.id.0)
            .bind(load.channel.as_str())
            .bind(clean(&load.file_name))
            .bind(int(load.size))
            .bind(Instant(load.received_at))
            .bind(&load.archive_name)
            .execute(&mut *db)
            .await
            .map_err(doing("opening a load"))?;
            if written.rows_affected() != 1 {
                return Err(StoreError::Corrupt(format!("exchange {} did not take its place or is closed already", load.id)));
            }
            super::writes::insert_logical_files(db, load.id, logical_files).await
        }

        /// Moves the mark of a load from where the caller left it. Whoever else goes on with it, or
        /// closes it, waits here for the end of this change.
        pub(in crate::store) async fn advance(db: &mut Connection, id: ExchangeId, from: u64, to: u64) -> Result<bool, StoreError> {
            let moved = query("UPDATE exchanges SET loaded = $3 WHERE id = $1 AND loaded = $2 AND verdict IS NULL AND withdrawal IS NULL");
            let moved = moved.bind(id.0).bind(int(from)).bind(int(to)).execute(db).await.map_err(doing("going on with a load"))?;
            Ok(moved.rows_affected() == 1)
        }

        pub(in crate::store) async fn open_loads(db: &mut Connection) -> Result<Vec<OpenDeposit>, StoreError> {
            let found: Vec<(uuid::Uuid, bool)> = query_as("SELECT id, withdrawal IS NOT NULL FROM exchanges WHERE verdict IS NULL")
                .fetch_all(db)
                .await
                .map_err(doing("looking for the loads under way"))?;
            Ok(found.into_iter().map(|(id, withdrawn)| OpenDeposit { id: ExchangeId(id), withdrawn }).collect())
        }

        pub(in crate::store) async fn written(pool: &Pool<$DB>, id: ExchangeId) -> Result<StagedProgress, StoreError> {
            let row: WrittenRow = query_as(
                "SELECT count(*) AS claims, CAST(COALESCE(sum(c.record_count), 0) AS BIGINT) AS records, \
                 CAST(COALESCE(sum(c.total), 0) AS BIGINT) AS total, CAST(COALESCE(sum(amo.asked), 0) AS BIGINT) AS amo, \
                 CAST(COALESCE(sum(amc.asked), 0) AS BIGINT) AS amc, COALESCE(max(c.ordinal), 0) AS last_claim, \
                 COALESCE((SELECT max(ordinal) FROM quarantine WHERE exchange_id = $1), 0) AS last_aside \
                 FROM claims c JOIN claim_parts amo ON amo.claim_id = c.id AND amo.kind = 'amo' \
                 JOIN claim_parts amc ON amc.claim_id = c.id AND amc.kind = 'amc' WHERE c.exchange_id = $1",
            )
            .bind(id.0)
            .fetch_one(pool)
            .await
            .map_err(doing("adding up what a load wrote"))?;
            StagedProgress::try_from(row)
        }

        /// Once for the exchange, at its close: before, its claims are not shown, and an invoice
        /// that waits must be seen somewhere.
        pub(in crate::store) async fn resolve_quarantined(db: &mut Connection, by: ExchangeId) -> Result<(), StoreError> {
            query(
                "UPDATE quarantine SET resolved_by = c.id FROM claims c WHERE c.exchange_id = $1 AND quarantine.exchange_id <> $1 \
                 AND quarantine.ps = c.ps AND quarantine.invoice_number = c.invoice_number \
                 AND quarantine.resolved_by IS NULL AND quarantine.duplicate_of IS NULL",
            )
            .bind(by.0)
            .execute(db)
            .await
            .map(|_| ())
            .map_err(doing("resolving the quarantine"))
        }

        /// The invoices put aside by earlier tries of a load, between two ranks.
        pub(in crate::store) async fn aside(
            db: &mut Connection,
            id: ExchangeId,
            (first, last): (u64, u64),
        ) -> Result<Vec<crate::domain::Quarantined>, StoreError> {
            let query = query_as(select_quarantined!("WHERE exchange_id = $1 AND ordinal BETWEEN $2 AND $3"));
            let found: Vec<QuarantineRow> =
                query.bind(id.0).bind(int(first)).bind(int(last)).fetch_all(db).await.map_err(doing("reading what a load put aside"))?;
            all(found)
        }

        pub(in crate::store) async fn held(pool: &Pool<$DB>, id: ExchangeId) -> Result<(u64, u64), StoreError> {
            let (claims, aside): (i64, i64) =
                query_as("SELECT (SELECT count(*) FROM claims WHERE exchange_id = $1), (SELECT count(*) FROM quarantine WHERE exchange_id = $1)")
                    .bind(id.0)
                    .fetch_one(pool)
                    .await
                    .map_err(doing("counting what an exchange holds"))?;
            Ok((uint(claims, "count")?, uint(aside, "count")?))
        }

        pub(in crate::store) async fn load(pool: &Pool<$DB>, id: ExchangeId) -> Result<Option<StagedDeposit>, StoreError> {
            let query = query_as(select_load!("AND id = $1")).bind(id.0);
            let row: Option<StagedDepositRow> = query.fetch_optional(pool).await.map_err(doing("reading a load"))?;
            row.map(StagedDeposit::try_from).transpose()
        }

        pub(in crate::store) async fn loads(pool: &Pool<$DB>, limit: usize) -> Result<Vec<StagedDeposit>, StoreError> {
            let query = query_as(select_load!("ORDER BY received_at, id LIMIT $1")).bind(rows(limit));
            let found: Vec<StagedDepositRow> = query.fetch_all(pool).await.map_err(doing("listing loads"))?;
            all(found)
        }

        pub(in crate::store) async fn chain(pool: &Pool<$DB>, from_sequence: u64, limit: usize) -> Result<Vec<ChainLink>, StoreError> {
            let query = query_as("SELECT sequence, exchange_id, link FROM receipt_chain WHERE sequence >= $1 ORDER BY sequence LIMIT $2");
            let found: Vec<ChainRow> =
                query.bind(int(from_sequence)).bind(rows(limit)).fetch_all(pool).await.map_err(doing("reading the chain of receipts"))?;
            all(found)
        }

        pub(in crate::store) async fn chain_tip(pool: &Pool<$DB>) -> Result<ChainTip, StoreError> {
            tip(query_as("SELECT sequence, link FROM receipt_chain_tip").fetch_one(pool).await)
        }

        /// Puts a receipt behind the last one. The lock on the end holds until the commit: receipts
        /// are chained in the order of their commits.
        pub(in crate::store) async fn extend_chain(db: &mut Connection, id: ExchangeId, link: SignLink<'_>) -> Result<(), StoreError> {
            let last = tip(query_as(concat!("SELECT sequence, link FROM receipt_chain_tip", $lock)).fetch_one(&mut *db).await)?;
            let (sequence, link) = (int(last.sequence + 1), link(&last));
            query("INSERT INTO receipt_chain (sequence, exchange_id, link) VALUES ($1, $2, $3)")
                .bind(sequence)
                .bind(id.0)
                .bind(&link)
                .execute(&mut *db)
                .await
                .map_err(doing("chaining a receipt"))?;
            query("UPDATE receipt_chain_tip SET sequence = $1, link = $2")
                .bind(sequence)
                .bind(link)
                .execute(db)
                .await
                .map(|_| ())
                .map_err(doing("moving the end of the chain of receipts"))
        }
    };
}
pub(in crate::store) use shared_loads;

/// `SELECT` of the deposits without verdict, then the given tail: further conditions (`AND …`) and
/// an order. A row whose deposit is not written yet (of the transaction that opens it) has no
/// instant and is none.
macro_rules! select_load {
    ($tail:literal) => {
        concat!(
            "SELECT id, sender, digest, idempotency_key, channel, file_name, size, received_at, archive_name, loaded, withdrawal FROM exchanges \
             WHERE verdict IS NULL AND received_at IS NOT NULL ",
            $tail
        )
    };
}
pub(in crate::store) use select_load;

#[derive(FromRow)]
pub(in crate::store) struct StagedDepositRow {
    id: Uuid,
    sender: String,
    digest: String,
    idempotency_key: String,
    channel: String,
    file_name: String,
    size: i64,
    received_at: Instant,
    archive_name: String,
    /// Of loads only, as the next one.
    #[sqlx(default)]
    loaded: i64,
    #[sqlx(default)]
    withdrawal: Option<String>,
}

impl TryFrom<StagedDepositRow> for StagedDeposit {
    type Error = StoreError;

    fn try_from(r: StagedDepositRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ExchangeId(r.id),
            sender: r.sender,
            digest: r.digest,
            idempotency_key: r.idempotency_key,
            channel: code(&r.channel, "exchanges.channel")?,
            file_name: r.file_name,
            size: uint(r.size, "exchanges.size")?,
            received_at: r.received_at.0,
            archive_name: r.archive_name,
            cursor: uint(r.loaded, "exchanges.loaded")?,
            withdrawal: r.withdrawal.map(|w| code(&w, "exchanges.withdrawal")).transpose()?,
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct WrittenRow {
    claims: i64,
    records: i64,
    total: i64,
    amo: i64,
    amc: i64,
    last_claim: i64,
    last_aside: i64,
}

impl TryFrom<WrittenRow> for StagedProgress {
    type Error = StoreError;

    fn try_from(r: WrittenRow) -> Result<Self, StoreError> {
        Ok(Self {
            last: uint(r.last_claim.max(r.last_aside), "ordinal")?,
            claims: uint(r.claims, "count")?,
            records: uint(r.records, "claims.record_count")?,
            total: Montant::from_centimes(r.total),
            amo: Montant::from_centimes(r.amo),
            amc: Montant::from_centimes(r.amc),
        })
    }
}

#[derive(FromRow)]
pub(in crate::store) struct ChainRow {
    sequence: i64,
    exchange_id: Uuid,
    link: String,
}

impl TryFrom<ChainRow> for ChainLink {
    type Error = StoreError;

    fn try_from(r: ChainRow) -> Result<Self, StoreError> {
        Ok(Self {
            sequence: uint(r.sequence, "receipt_chain.sequence")?,
            exchange_id: ExchangeId(r.exchange_id),
            link: r.link,
        })
    }
}

/// The one row of `receipt_chain_tip`.
pub(in crate::store) fn tip(
    row: Result<(i64, String), sqlx::Error>,
) -> Result<ChainTip, StoreError> {
    let (sequence, link) =
        row.map_err(super::codec::doing("reading the end of the chain of receipts"))?;
    Ok(ChainTip { sequence: uint(sequence, "receipt_chain_tip.sequence")?, link })
}
