//! SQL of bank transfers, compiled for both databases: what is told, and what follows from it.

use super::db::Db;
use super::listing::{CHUNK, one_of};
use super::unit::Unit;
use crate::domain::{
    BankTransfer, ExchangeId, Telling, ToldTransfer, TransferId, TransferItem, TransferKey,
};
use crate::store::codec::{Instant, int, json, limit as rows};
use crate::store::error::{StoreError, doing};
use crate::store::transaction_guard::step;
use crate::store::transfer_rows::{
    TellingRow, flag_codes, item_columns, stored_told, told_columns,
};
use crate::store::transfers::TransferWrites;
use async_trait::async_trait;
use noemie_parsers::types::Montant;
use sqlx::{Database, QueryBuilder, query_scalar};
use uuid::Uuid;

type Connection = <Db as Database>::Connection;

#[async_trait]
impl TransferWrites for Unit {
    async fn insert_told_transfers(&mut self, told: &[ToldTransfer]) -> Result<(), StoreError> {
        step!(self, insert_told(&mut self.tx, told))
    }

    async fn insert_transfer_items(&mut self, items: &[TransferItem]) -> Result<(), StoreError> {
        step!(self, insert_items(&mut self.tx, items))
    }

    async fn transfers_told_in(
        &mut self,
        exchange_id: ExchangeId,
        after: Option<TransferId>,
        limit: usize,
    ) -> Result<Vec<TransferId>, StoreError> {
        step!(self, told_in(&mut self.tx, exchange_id, after, limit))
    }

    async fn lock_transfers(
        &mut self,
        ids: &[TransferId],
    ) -> Result<Vec<(TransferKey, Vec<Telling>)>, StoreError> {
        step!(self, lock(&mut self.tx, ids))
    }

    async fn update_transfers(&mut self, transfers: &[BankTransfer]) -> Result<(), StoreError> {
        step!(self, update(&mut self.tx, transfers))
    }
}

async fn insert_told(db: &mut Connection, told: &[ToldTransfer]) -> Result<(), StoreError> {
    for chunk in told.chunks(CHUNK) {
        let mut insert =
            QueryBuilder::<Db>::new(concat!("INSERT INTO told_transfers (", told_columns!(), ") "));
        insert.push_values(chunk.iter().map(stored_told), |mut row, t| {
            let (key, invoices) = (t.key(), t.invoices);
            row.push_bind(t.told_in.0)
                .push_bind(int(t.group))
                .push_bind(key.id().0)
                .push_bind(t.told_by)
                .push_bind(Instant(t.told_at));
            row.push_bind(t.payee).push_bind(t.payer).push_bind(t.transfer.day);
            row.push_bind(t.transfer.raw_day).push_bind(t.transfer.label.to_string());
            row.push_bind(key.reference).push_bind(t.announced.map(Montant::centimes));
            row.push_bind(invoices.map(|(first, _)| int(first)))
                .push_bind(invoices.map(|(_, last)| int(last)))
                .push_bind(int(t.quarantined))
                .push_bind(t.items.to_string());
        });
        insert.build().execute(&mut *db).await.map_err(doing("writing what transfers are"))?;
    }
    Ok(())
}

async fn insert_items(db: &mut Connection, items: &[TransferItem]) -> Result<(), StoreError> {
    for chunk in items.chunks(CHUNK) {
        let mut insert =
            QueryBuilder::<Db>::new(concat!("INSERT INTO transfer_items (", item_columns!(), ") "));
        insert.push_values(chunk, |mut row, i| {
            row.push_bind(i.told_in.0)
                .push_bind(int(i.rank))
                .push_bind(int(i.group))
                .push_bind(i.ordinal.map(int))
                .push_bind(i.kind.as_str())
                .push_bind(i.amount.centimes());
            row.push_bind(i.code.to_string())
                .push_bind(i.operation.to_string())
                .push_bind(i.reference.to_string())
                .push_bind(i.debt_day.to_string());
            row.push_bind(i.balance.map(Montant::centimes)).push_bind(json(&i.details));
        });
        insert
            .build()
            .execute(&mut *db)
            .await
            .map_err(doing("writing recoveries and flat payments"))?;
    }
    Ok(())
}

async fn told_in(
    db: &mut Connection,
    exchange_id: ExchangeId,
    after: Option<TransferId>,
    limit: usize,
) -> Result<Vec<TransferId>, StoreError> {
    let found: Vec<Uuid> = query_scalar(
        "SELECT DISTINCT transfer_id FROM told_transfers \
         WHERE told_in = $1 AND transfer_id > $2 ORDER BY transfer_id LIMIT $3",
    )
    .bind(exchange_id.0)
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(rows(limit))
    .fetch_all(db)
    .await
    .map_err(doing("reading the transfers of a file"))?;
    Ok(found.into_iter().map(TransferId).collect())
}

async fn lock(
    db: &mut Connection,
    ids: &[TransferId],
) -> Result<Vec<(TransferKey, Vec<Telling>)>, StoreError> {
    let mut found: Vec<(TransferKey, Vec<Telling>)> = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        // The rows are in the order of their identifiers, so that two files lock in one order. The
        // update of a row that is there changes nothing, and waits for its writer.
        let mut insert = QueryBuilder::<Db>::new(
            "INSERT INTO transfers (id, payee, payer, day, reference, invoices, recoveries, \
             flat_payments, state, flags, told_by, first_told_at) \
             SELECT transfer_id, min(payee), min(payer), min(day), min(reference), 0, 0, 0, \
             'not_announced', '[]', '', min(told_at) FROM told_transfers WHERE transfer_id ",
        );
        one_of(&mut insert, chunk.iter().map(|id| id.0));
        insert.push(
            " GROUP BY transfer_id ORDER BY transfer_id \
             ON CONFLICT (id) DO UPDATE SET state = transfers.state",
        );
        insert.build().execute(&mut *db).await.map_err(doing("locking transfers"))?;
        let mut query = select_tellings(|query| one_of(query, chunk.iter().map(|id| id.0)));
        let told: Vec<TellingRow> =
            query.build_query_as().fetch_all(&mut *db).await.map_err(doing("reading transfers"))?;
        found.extend(by_transfer(told)?.into_iter().map(|(_, key, tellings)| (key, tellings)));
    }
    Ok(found)
}

/// Returns the query of what files tell of the transfers that a condition on `transfer_id` names,
/// by transfer and file.
pub(super) fn select_tellings(condition: impl FnOnce(&mut QueryBuilder<Db>)) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(
        "SELECT g.transfer_id, min(g.payee) AS payee, min(g.payer) AS payer, min(g.day) AS day, \
         min(g.reference) AS reference, g.told_by, min(g.told_at) AS told_at, \
         count(*) AS groups, CAST(sum(g.announced) AS BIGINT) AS announced, \
         CAST(sum(CASE WHEN g.announced IS NULL \
         AND (g.invoices + g.recoveries + g.flat_payments <> 0 \
         OR g.quarantined > 0) THEN 1 ELSE 0 END) AS BIGINT) \
         AS silent_groups, CAST(sum(g.invoices) AS BIGINT) AS invoices, \
         CAST(sum(g.recoveries) AS BIGINT) AS recoveries, \
         CAST(sum(g.flat_payments) AS BIGINT) AS flat_payments, \
         CAST(sum(g.quarantined) AS BIGINT) AS quarantined, \
         CAST(sum(CASE WHEN g.raw_day <> '' THEN 1 ELSE 0 END) AS BIGINT) AS unreadable_days, \
         string_agg(g.items, ',') AS items \
         FROM (SELECT t.transfer_id, t.payee, t.payer, t.day, t.reference, t.told_by, t.told_at, \
         t.announced, t.quarantined, t.raw_day, t.items, \
         COALESCE((SELECT sum(o.amount) FROM outcomes o WHERE o.told_in = t.told_in \
         AND o.ordinal BETWEEN t.first_invoice AND t.last_invoice), 0) AS invoices, \
         COALESCE((SELECT sum(i.amount) FROM transfer_items i WHERE i.told_in = t.told_in \
         AND i.group_no = t.group_no AND i.kind <> 'flat_payment'), 0) AS recoveries, \
         COALESCE((SELECT sum(i.amount) FROM transfer_items i WHERE i.told_in = t.told_in \
         AND i.group_no = t.group_no AND i.kind = 'flat_payment'), 0) AS flat_payments \
         FROM told_transfers t WHERE t.transfer_id ",
    );
    condition(&mut query);
    query.push(") AS g GROUP BY g.transfer_id, g.told_by ORDER BY g.transfer_id, g.told_by");
    query
}

/// Groups rows by transfer; they are in order.
pub(super) fn by_transfer(
    rows: Vec<TellingRow>,
) -> Result<Vec<(TransferId, TransferKey, Vec<Telling>)>, StoreError> {
    let mut found: Vec<(TransferId, TransferKey, Vec<Telling>)> = Vec::new();
    for row in rows {
        let id = TransferId(row.transfer_id);
        let (key, telling) = row.read()?;
        match found.last_mut().filter(|(last, ..)| *last == id) {
            Some((_, _, tellings)) => tellings.push(telling),
            None => found.push((id, key, vec![telling])),
        }
    }
    Ok(found)
}

async fn update(db: &mut Connection, transfers: &[BankTransfer]) -> Result<(), StoreError> {
    for chunk in transfers.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Db>::new(
            "INSERT INTO transfers (id, payee, payer, day, reference, announced, invoices, \
             recoveries, flat_payments, state, flags, told_by, first_told_at, unexplained_since) ",
        );
        insert.push_values(chunk, |mut row, t| {
            let b = &t.balance;
            row.push_bind(t.id.0)
                .push_bind(&t.key.payee)
                .push_bind(&t.key.payer)
                .push_bind(t.key.day)
                .push_bind(&t.key.reference);
            row.push_bind(b.announced.map(Montant::centimes))
                .push_bind(b.invoices.centimes())
                .push_bind(b.recoveries.centimes())
                .push_bind(b.flat_payments.centimes());
            row.push_bind(b.state.as_str())
                .push_bind(flag_codes(&b.flags))
                .push_bind(&b.told_by)
                .push_bind(Instant(b.first_told_at))
                .push_bind(b.unexplained_since.map(Instant));
        });
        insert.push(
            " ON CONFLICT (id) DO UPDATE SET announced = excluded.announced, \
             invoices = excluded.invoices, recoveries = excluded.recoveries, \
             flat_payments = excluded.flat_payments, state = excluded.state, \
             flags = excluded.flags, told_by = excluded.told_by, \
             first_told_at = excluded.first_told_at, \
             unexplained_since = excluded.unexplained_since",
        );
        insert.build().execute(&mut *db).await.map_err(doing("writing transfers"))?;
    }
    Ok(())
}
