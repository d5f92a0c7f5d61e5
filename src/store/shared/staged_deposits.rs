//! SQL of staged deposits, compiled for both databases.

use super::db::{Db, LeaseKey, Store};
use super::unit::Unit;
use super::withdrawals;
use crate::domain::{ExchangeId, LogicalFile};
use crate::store::codec::{Instant, clean, int, limit as rows};
use crate::store::error::{StoreError, doing};
use crate::store::lease::Lease;
use crate::store::rows::all;
use crate::store::staged_deposits::{
    OpenDeposit, RemovedRows, StagedDeposit, StagedDepositWrites, StagedDeposits, StagedProgress,
    Withdrawal,
};
use crate::store::staged_rows::{StagedDepositRow, WrittenRow, select_staged_deposit};
use crate::store::transaction_guard::step;
use async_trait::async_trait;
use sqlx::{Database, Pool, query, query_as};

type Connection = <Db as Database>::Connection;

#[async_trait]
impl StagedDeposits for Store {
    async fn staged_deposit(&self, id: ExchangeId) -> Result<Option<StagedDeposit>, StoreError> {
        self.reads().ask(|pool| staged_deposit(pool, id)).await
    }

    async fn staged_deposits(&self, limit: usize) -> Result<Vec<StagedDeposit>, StoreError> {
        self.reads().ask(|pool| staged_deposits(pool, limit)).await
    }

    async fn staged_progress(&self, id: ExchangeId) -> Result<StagedProgress, StoreError> {
        self.whole_deposit().ask(|pool| staged_progress(pool, id)).await
    }

    async fn try_deposit_lease(
        &self,
        id: ExchangeId,
    ) -> Result<Option<Box<dyn Lease>>, StoreError> {
        self.take_lease(LeaseKey::StagedDeposit(id)).await
    }
}

#[async_trait]
impl StagedDepositWrites for Unit {
    async fn stage_deposit(
        &mut self,
        deposit: &StagedDeposit,
        logical_files: &[LogicalFile],
    ) -> Result<(), StoreError> {
        let opened: Result<(), StoreError> =
            step!(self, stage_deposit(&mut self.tx, deposit, logical_files));
        opened.map(|()| self.state.staged())
    }

    async fn advance_deposit_cursor(
        &mut self,
        id: ExchangeId,
        from: u64,
        to: u64,
    ) -> Result<bool, StoreError> {
        let open: Result<bool, StoreError> =
            step!(self, advance_deposit_cursor(&mut self.tx, id, from, to));
        if matches!(open, Ok(true)) {
            self.state.staged();
        }
        open
    }

    async fn open_deposits(&mut self) -> Result<Vec<OpenDeposit>, StoreError> {
        step!(self, open_deposits(&mut self.tx))
    }

    async fn withdraw_deposit(
        &mut self,
        id: ExchangeId,
        why: Withdrawal,
    ) -> Result<bool, StoreError> {
        step!(self, withdrawals::withdraw_deposit(&mut self.tx, id, why))
    }

    async fn remove_staged_rows(
        &mut self,
        id: ExchangeId,
        at_most: usize,
    ) -> Result<Option<RemovedRows>, StoreError> {
        step!(self, withdrawals::remove_staged_rows(&mut self.tx, id, at_most))
    }
}

async fn staged_deposit(
    pool: &Pool<Db>,
    id: ExchangeId,
) -> Result<Option<StagedDeposit>, StoreError> {
    let query = query_as(select_staged_deposit!("AND id = $1")).bind(id.0);
    let row: Option<StagedDepositRow> =
        query.fetch_optional(pool).await.map_err(doing("reading a staged deposit"))?;
    row.map(StagedDeposit::try_from).transpose()
}

async fn staged_deposits(pool: &Pool<Db>, limit: usize) -> Result<Vec<StagedDeposit>, StoreError> {
    let query =
        query_as(select_staged_deposit!("ORDER BY received_at, id LIMIT $1")).bind(rows(limit));
    let found: Vec<StagedDepositRow> =
        query.fetch_all(pool).await.map_err(doing("listing staged deposits"))?;
    all(found)
}

async fn staged_progress(pool: &Pool<Db>, id: ExchangeId) -> Result<StagedProgress, StoreError> {
    let row: WrittenRow = query_as(
        "SELECT count(*) AS claims, CAST(COALESCE(sum(c.record_count), 0) AS BIGINT) AS records, \
         CAST(COALESCE(sum(c.total), 0) AS BIGINT) AS total, \
         CAST(COALESCE(sum(amo.asked), 0) AS BIGINT) AS amo, \
         CAST(COALESCE(sum(amc.asked), 0) AS BIGINT) AS amc, \
         COALESCE(max(c.ordinal), 0) AS last_claim, \
         COALESCE((SELECT max(ordinal) FROM quarantine WHERE exchange_id = $1), 0) AS last_aside \
         FROM claims c JOIN claim_parts amo ON amo.claim_id = c.id AND amo.kind = 'amo' \
         JOIN claim_parts amc ON amc.claim_id = c.id AND amc.kind = 'amc' WHERE c.exchange_id = $1",
    )
    .bind(id.0)
    .fetch_one(pool)
    .await
    .map_err(doing("adding up the rows of a staged deposit"))?;
    StagedProgress::try_from(row)
}

async fn stage_deposit(
    db: &mut Connection,
    deposit: &StagedDeposit,
    logical_files: &[LogicalFile],
) -> Result<(), StoreError> {
    let written = query(
        "UPDATE exchanges SET channel = $2, file_name = $3, size = $4, received_at = $5, \
         archive_name = $6 WHERE id = $1 AND verdict IS NULL",
    )
    .bind(deposit.id.0)
    .bind(deposit.channel.as_str())
    .bind(clean(deposit.file_name.as_str()))
    .bind(int(deposit.size))
    .bind(Instant(deposit.received_at))
    .bind(&deposit.archive_name)
    .execute(&mut *db)
    .await
    .map_err(doing("staging a deposit"))?;
    if written.rows_affected() != 1 {
        return Err(StoreError::Corrupt(format!(
            "exchange {} is not reserved, or closed already",
            deposit.id
        )));
    }
    let of = (deposit.id, deposit.lane);
    super::logical_files::insert_logical_files(db, of, logical_files).await
}

/// Moves the cursor of a staged deposit from where the caller left it. Another writer of the
/// deposit waits here for the end of this transaction.
async fn advance_deposit_cursor(
    db: &mut Connection,
    id: ExchangeId,
    from: u64,
    to: u64,
) -> Result<bool, StoreError> {
    let moved = query(
        "UPDATE exchanges SET last_written_invoice = $3 WHERE id = $1 \
         AND last_written_invoice = $2 AND verdict IS NULL AND withdrawal IS NULL",
    );
    let moved = moved
        .bind(id.0)
        .bind(int(from))
        .bind(int(to))
        .execute(db)
        .await
        .map_err(doing("advancing a staged deposit"))?;
    Ok(moved.rows_affected() == 1)
}

async fn open_deposits(db: &mut Connection) -> Result<Vec<OpenDeposit>, StoreError> {
    let found: Vec<(uuid::Uuid, bool)> =
        query_as("SELECT id, withdrawal IS NOT NULL FROM exchanges WHERE verdict IS NULL")
            .fetch_all(db)
            .await
            .map_err(doing("looking for open deposits"))?;
    Ok(found
        .into_iter()
        .map(|(id, withdrawn)| OpenDeposit { id: ExchangeId(id), withdrawn })
        .collect())
}
