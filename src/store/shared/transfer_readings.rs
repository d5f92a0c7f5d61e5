//! SQL of readings of bank transfers, compiled for both databases.

use super::db::{Db, Store};
use super::listing::{Keyed, cut, one_of, page};
use super::scope;
use super::transfers::{by_transfer, select_tellings};
use crate::domain::{
    BankTransfer, ExchangeId, ItemPlace, Page, PageToken, Scope, Telling, ToldTransfer,
    TransferEntry, TransferId, TransferItem,
};
use crate::store::codec::{clean, int, limit as rows};
use crate::store::error::{StoreError, doing};
use crate::store::rows::all;
use crate::store::transfer_rows::{
    ItemRow, PartRow, TellingRow, ToldRow, TransferRow, item_columns, told_columns,
    transfer_columns,
};
use crate::store::transfers::{StoredTransfer, TransferFilter, Transfers};
use async_trait::async_trait;
use sqlx::{Pool, QueryBuilder, query_as, query_scalar};
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

#[async_trait]
impl Transfers for Store {
    async fn transfers(
        &self,
        scope: &Scope,
        filter: &TransferFilter,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<BankTransfer>, StoreError> {
        self.reads().ask(|pool| transfers(pool, scope, filter, after, limit)).await
    }

    async fn transfer(
        &self,
        scope: &Scope,
        id: TransferId,
    ) -> Result<Option<BankTransfer>, StoreError> {
        self.reads().ask(|pool| transfer(pool, scope, id)).await
    }

    async fn tellings_of(
        &self,
        scope: &Scope,
        id: TransferId,
        limit: usize,
    ) -> Result<Vec<Telling>, StoreError> {
        self.reads().ask(|pool| tellings_of(pool, scope, id, limit)).await
    }

    async fn told_of(
        &self,
        scope: &Scope,
        id: TransferId,
        limit: usize,
    ) -> Result<Vec<ToldTransfer>, StoreError> {
        self.reads().ask(|pool| told_of(pool, scope, id, limit)).await
    }

    async fn transfer_entries(
        &self,
        scope: &Scope,
        id: TransferId,
        told_by: &str,
        after: Option<ItemPlace>,
        limit: usize,
    ) -> Result<Vec<TransferEntry>, StoreError> {
        self.reads().ask(|pool| entries(pool, scope, (id, told_by), after, limit)).await
    }

    async fn transfer_ids(
        &self,
        after: Option<TransferId>,
        limit: usize,
    ) -> Result<Vec<TransferId>, StoreError> {
        self.reads().ask(|pool| transfer_ids(pool, after, limit)).await
    }

    async fn stored_transfers(
        &self,
        ids: &[TransferId],
    ) -> Result<Vec<StoredTransfer>, StoreError> {
        self.reads().ask(|pool| stored(pool, ids)).await
    }

    async fn told_transfers(
        &self,
        exchange_id: ExchangeId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<ToldTransfer>, StoreError> {
        self.reads().ask(|pool| told(pool, exchange_id, after, limit)).await
    }

    async fn transfer_items(
        &self,
        exchange_id: ExchangeId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TransferItem>, StoreError> {
        self.reads().ask(|pool| items(pool, exchange_id, after, limit)).await
    }
}

impl Keyed for BankTransfer {
    fn key(&self) -> (OffsetDateTime, Uuid) {
        (self.balance.first_told_at, self.id.0)
    }
}

async fn transfers(
    pool: &Pool<Db>,
    scope: &Scope,
    filter: &TransferFilter,
    after: Option<PageToken>,
    limit: usize,
) -> Result<Page<BankTransfer>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(concat!(
        "SELECT ",
        transfer_columns!(),
        " FROM transfers r WHERE TRUE"
    ));
    for (column, value) in [("r.payee", &filter.payee), ("r.payer", &filter.payer)] {
        if let Some(value) = value {
            query.push(" AND ").push(column).push(" = ").push_bind(clean(value).into_owned());
        }
    }
    if let Some(state) = filter.state {
        query.push(" AND r.state = ").push_bind(state.as_str());
    }
    if filter.restated {
        // The text of the condition is that of the index.
        query.push(" AND r.flags LIKE '%transfer_restated%'");
    }
    if let Some(day) = filter.day_from {
        query.push(" AND r.day >= ").push_bind(day);
    }
    if let Some(day) = filter.day_to {
        query.push(" AND r.day <= ").push_bind(day);
    }
    scope::transfers(&mut query, scope);
    page(&mut query, "r.first_told_at", "r.id", after, limit);
    let found: Vec<TransferRow> =
        query.build_query_as().fetch_all(pool).await.map_err(doing("listing transfers"))?;
    cut(found, limit)
}

async fn transfer(
    pool: &Pool<Db>,
    scope: &Scope,
    id: TransferId,
) -> Result<Option<BankTransfer>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(concat!(
        "SELECT ",
        transfer_columns!(),
        " FROM transfers r WHERE r.id = "
    ));
    query.push_bind(id.0);
    scope::transfers(&mut query, scope);
    let found: Option<TransferRow> =
        query.build_query_as().fetch_optional(pool).await.map_err(doing("reading a transfer"))?;
    found.map(BankTransfer::try_from).transpose()
}

async fn tellings_of(
    pool: &Pool<Db>,
    scope: &Scope,
    id: TransferId,
    limit: usize,
) -> Result<Vec<Telling>, StoreError> {
    let mut query = select_tellings(|query| {
        query.push("= ").push_bind(id.0);
        scope::of_transfer(query, "t.transfer_id", scope);
    });
    query.push(" LIMIT ").push_bind(rows(limit));
    let found: Vec<TellingRow> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("reading the files of a transfer"))?;
    found.into_iter().map(|row| Ok(row.read()?.1)).collect()
}

async fn told_of(
    pool: &Pool<Db>,
    scope: &Scope,
    id: TransferId,
    limit: usize,
) -> Result<Vec<ToldTransfer>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(concat!(
        "SELECT ",
        told_columns!(),
        " FROM told_transfers t WHERE t.transfer_id = "
    ));
    query.push_bind(id.0);
    scope::of_transfer(&mut query, "t.transfer_id", scope);
    query.push(" ORDER BY t.told_by, t.told_in, t.group_no LIMIT ").push_bind(rows(limit));
    let found: Vec<ToldRow> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("reading the groups of a transfer"))?;
    all(found)
}

async fn entries(
    pool: &Pool<Db>,
    scope: &Scope,
    transfer: (TransferId, &str),
    after: Option<ItemPlace>,
    limit: usize,
) -> Result<Vec<TransferEntry>, StoreError> {
    let mut found = Vec::new();
    if after.is_none_or(|place| !place.is_movement) {
        let mut query = parts(scope, transfer, after, limit);
        let parts: Vec<PartRow> = query
            .build_query_as()
            .fetch_all(pool)
            .await
            .map_err(doing("reading the invoices of a transfer"))?;
        for part in parts {
            found.push(TransferEntry::Part(part.try_into()?));
        }
    }
    if found.len() < limit {
        let left = limit - found.len();
        let mut query = movements(scope, transfer, after.filter(|p| p.is_movement), left);
        let items: Vec<ItemRow> = query
            .build_query_as()
            .fetch_all(pool)
            .await
            .map_err(doing("reading the recoveries of a transfer"))?;
        for item in items {
            found.push(TransferEntry::Movement(item.try_into()?));
        }
    }
    Ok(found)
}

fn parts(
    scope: &Scope,
    (id, told_by): (TransferId, &str),
    after: Option<ItemPlace>,
    limit: usize,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(
        "SELECT o.told_in, o.ordinal, o.part_rank, o.claim_id, \
         COALESCE(c.invoice_number, u.invoice_number, '') AS invoice_number, o.part, o.kind, \
         o.amount, o.on_behalf_of FROM told_transfers t JOIN outcomes o \
         ON o.told_in = t.told_in AND o.ordinal BETWEEN t.first_invoice AND t.last_invoice \
         LEFT JOIN claims c ON c.id = o.claim_id \
         LEFT JOIN unmatched_returns u ON u.exchange_id = o.told_in AND u.ordinal = o.ordinal \
         WHERE o.amount <> 0 AND t.transfer_id = ",
    );
    query.push_bind(id.0).push(" AND t.told_by = ").push_bind(told_by.to_owned());
    scope::of_transfer(&mut query, "t.transfer_id", scope);
    if let Some(place) = after {
        query.push(" AND (o.told_in, o.ordinal, o.part_rank) > (").push_bind(place.told_in);
        query.push(", ").push_bind(int(place.rank));
        query.push(", ").push_bind(i64::from(place.part_rank)).push(")");
    }
    query.push(" ORDER BY o.told_in, o.ordinal, o.part_rank LIMIT ").push_bind(rows(limit));
    query
}

fn movements(
    scope: &Scope,
    (id, told_by): (TransferId, &str),
    after: Option<ItemPlace>,
    limit: usize,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(concat!(
        "SELECT ",
        item_columns!("i."),
        " FROM told_transfers t JOIN transfer_items i ON i.told_in = t.told_in \
         AND i.group_no = t.group_no WHERE t.transfer_id = "
    ));
    query.push_bind(id.0).push(" AND t.told_by = ").push_bind(told_by.to_owned());
    scope::of_transfer(&mut query, "t.transfer_id", scope);
    if let Some(place) = after {
        query.push(" AND (i.told_in, i.item_no) > (").push_bind(place.told_in);
        query.push(", ").push_bind(int(place.rank)).push(")");
    }
    query.push(" ORDER BY i.told_in, i.item_no LIMIT ").push_bind(rows(limit));
    query
}

async fn transfer_ids(
    pool: &Pool<Db>,
    after: Option<TransferId>,
    limit: usize,
) -> Result<Vec<TransferId>, StoreError> {
    let found: Vec<Uuid> = query_scalar(
        "SELECT DISTINCT transfer_id FROM told_transfers WHERE transfer_id > $1 \
         ORDER BY transfer_id LIMIT $2",
    )
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(rows(limit))
    .fetch_all(pool)
    .await
    .map_err(doing("reading the transfers told"))?;
    Ok(found.into_iter().map(TransferId).collect())
}

async fn stored(pool: &Pool<Db>, ids: &[TransferId]) -> Result<Vec<StoredTransfer>, StoreError> {
    let mut query = select_tellings(|query| one_of(query, ids.iter().map(|id| id.0)));
    let told: Vec<TellingRow> =
        query.build_query_as().fetch_all(pool).await.map_err(doing("reading transfers"))?;
    let told = by_transfer(told)?;
    let mut query = QueryBuilder::<Db>::new(concat!(
        "SELECT ",
        transfer_columns!(),
        " FROM transfers r WHERE r.id "
    ));
    one_of(&mut query, told.iter().map(|(id, ..)| id.0));
    let found: Vec<TransferRow> =
        query.build_query_as().fetch_all(pool).await.map_err(doing("reading transfers"))?;
    let found: Vec<BankTransfer> = all(found)?;
    let mut found: HashMap<TransferId, BankTransfer> =
        found.into_iter().map(|transfer| (transfer.id, transfer)).collect();
    let stored = |(id, key, tellings)| StoredTransfer { id, key, tellings, row: found.remove(&id) };
    Ok(told.into_iter().map(stored).collect())
}

async fn told(
    pool: &Pool<Db>,
    exchange_id: ExchangeId,
    after: u64,
    limit: usize,
) -> Result<Vec<ToldTransfer>, StoreError> {
    let found: Vec<ToldRow> = query_as(concat!(
        "SELECT ",
        told_columns!(),
        " FROM told_transfers WHERE told_in = $1 AND group_no > $2 ORDER BY group_no LIMIT $3"
    ))
    .bind(exchange_id.0)
    .bind(int(after))
    .bind(rows(limit))
    .fetch_all(pool)
    .await
    .map_err(doing("reading what a file tells of transfers"))?;
    all(found)
}

async fn items(
    pool: &Pool<Db>,
    exchange_id: ExchangeId,
    after: u64,
    limit: usize,
) -> Result<Vec<TransferItem>, StoreError> {
    let found: Vec<ItemRow> = query_as(concat!(
        "SELECT ",
        item_columns!(),
        " FROM transfer_items WHERE told_in = $1 AND item_no > $2 ORDER BY item_no LIMIT $3"
    ))
    .bind(exchange_id.0)
    .bind(int(after))
    .bind(rows(limit))
    .fetch_all(pool)
    .await
    .map_err(doing("reading the recoveries of a file"))?;
    all(found)
}
