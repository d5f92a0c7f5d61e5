//! SQL of return files, compiled for both databases.

use super::db::{Db, Store};
use super::listing::{self, CHUNK};
use super::rejects;
use super::scope;
use super::unit::Unit;
use crate::domain::page::PageToken;
use crate::domain::{Claim, ClaimId, ExchangeId, Page, ReturnFile, ReturnId, ReturnKind, Scope};
use crate::store::codec::{Instant, limit as rows};
use crate::store::error::{StoreError, doing};
use crate::store::return_files::{ReturnFileWrites, ReturnFiles, ReturnRow};
use crate::store::rows::{all, select_return};
use crate::store::transaction_guard::step;
use async_trait::async_trait;
use sqlx::{Database, Pool, QueryBuilder, query, query_as, query_scalar};
use time::OffsetDateTime;

type Connection = <Db as Database>::Connection;

#[async_trait]
impl ReturnFiles for Store {
    async fn return_files(
        &self,
        scope: &Scope,
        recipient: Option<&str>,
        kind: Option<ReturnKind>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<ReturnFile>, StoreError> {
        self.reads().ask(|pool| return_files(pool, scope, recipient, kind, after, limit)).await
    }

    async fn return_file(
        &self,
        scope: &Scope,
        id: ReturnId,
    ) -> Result<Option<ReturnFile>, StoreError> {
        self.reads().ask(|pool| return_file(pool, scope, id)).await
    }

    async fn arl(&self, scope: &Scope, id: ExchangeId) -> Result<Option<ReturnFile>, StoreError> {
        self.reads().ask(|pool| arl(pool, scope, id)).await
    }

    async fn return_files_to_deliver(&self, limit: usize) -> Result<Vec<ReturnFile>, StoreError> {
        self.reads().ask(|pool| return_files_to_deliver(pool, limit)).await
    }

    async fn has_rejects_to_return(&self) -> Result<bool, StoreError> {
        self.reads().ask(has_rejects_to_return).await
    }

    async fn mark_delivered(&self, id: ReturnId, at: OffsetDateTime) -> Result<(), StoreError> {
        self.writes().ask(|pool| mark_delivered(pool, id, at)).await
    }
}

#[async_trait]
impl ReturnFileWrites for Unit {
    async fn rejects_to_return(&mut self, limit: usize) -> Result<Vec<Claim>, StoreError> {
        step!(self, rejects::rejects_to_return(&mut self.tx, limit))
    }

    async fn mark_rejects_returned(
        &mut self,
        by: ExchangeId,
        claims: &[ClaimId],
    ) -> Result<(), StoreError> {
        step!(self, rejects::mark_rejects_returned(&mut self.tx, by.0, claims))
    }

    async fn reset_reports(&mut self, claims: &[ClaimId]) -> Result<(), StoreError> {
        step!(self, reset_reports(&mut self.tx, claims))
    }

    async fn insert_return_file(
        &mut self,
        file: &ReturnFile,
        rejects: &[ClaimId],
    ) -> Result<(), StoreError> {
        step!(self, async {
            insert_return_file(&mut self.tx, file, rejects.len()).await?;
            insert_reports(&mut self.tx, file.id, rejects).await?;
            rejects::mark_rejects_returned(&mut self.tx, file.id.0, rejects).await
        })
    }
}

async fn return_files(
    pool: &Pool<Db>,
    scope: &Scope,
    recipient: Option<&str>,
    kind: Option<ReturnKind>,
    after: Option<PageToken>,
    limit: usize,
) -> Result<Page<ReturnFile>, StoreError> {
    let mut query = listing::return_files(scope, recipient, kind, after, limit);
    let rows: Vec<ReturnRow> =
        query.build_query_as().fetch_all(pool).await.map_err(doing("listing return files"))?;
    listing::cut(rows, limit)
}

async fn return_file(
    pool: &Pool<Db>,
    scope: &Scope,
    id: ReturnId,
) -> Result<Option<ReturnFile>, StoreError> {
    let mut query = QueryBuilder::new(select_return!("WHERE id = "));
    query.push_bind(id.0);
    scope::return_files(&mut query, scope);
    let row: Option<ReturnRow> = query
        .build_query_as()
        .fetch_optional(pool)
        .await
        .map_err(doing("reading a return file"))?;
    row.map(ReturnFile::try_from).transpose()
}

async fn arl(
    pool: &Pool<Db>,
    scope: &Scope,
    id: ExchangeId,
) -> Result<Option<ReturnFile>, StoreError> {
    let mut query = QueryBuilder::new(select_return!("WHERE kind = 'arl' AND exchange_id = "));
    query.push_bind(id.0);
    scope::return_files(&mut query, scope);
    let row: Option<ReturnRow> =
        query.build_query_as().fetch_optional(pool).await.map_err(doing("reading an ARL"))?;
    row.map(ReturnFile::try_from).transpose()
}

async fn return_files_to_deliver(
    pool: &Pool<Db>,
    limit: usize,
) -> Result<Vec<ReturnFile>, StoreError> {
    let query =
        query_as(select_return!("WHERE delivered_at IS NULL ORDER BY created_at, id LIMIT $1"))
            .bind(rows(limit));
    let found: Vec<ReturnRow> =
        query.fetch_all(pool).await.map_err(doing("reading the return files to deliver"))?;
    all(found)
}

async fn has_rejects_to_return(pool: &Pool<Db>) -> Result<bool, StoreError> {
    // Repeats the condition of the partial index `claim_parts_unreported`: with another one the
    // planner does not use the index.
    let first: Option<i32> = query_scalar(
        "SELECT 1 FROM claim_parts WHERE kind = 'amc' \
         AND state IN ('rejected', 'rejected_after_acceptance') AND reported_in IS NULL LIMIT 1",
    )
    .fetch_optional(pool)
    .await
    .map_err(doing("looking for rejects to return"))?;
    Ok(first.is_some())
}

async fn mark_delivered(
    pool: &Pool<Db>,
    id: ReturnId,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    // `delivered_at` keeps the instant of the first delivery.
    query("UPDATE returns SET delivered_at = $2 WHERE id = $1 AND delivered_at IS NULL")
        .bind(id.0)
        .bind(Instant(at))
        .execute(pool)
        .await
        .map(|_| ())
        .map_err(doing("marking a return file as delivered"))
}

pub(super) async fn insert_return_file(
    db: &mut Connection,
    file: &ReturnFile,
    reject_count: usize,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO returns (id, kind, recipient, exchange_id, file_name, digest, sealed, key_id, \
         created_at, reject_count, is_test) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(file.id.0)
    .bind(file.kind.as_str())
    .bind(&file.recipient)
    .bind(file.exchange_id.map(|id| id.0))
    .bind(&file.file_name)
    .bind(&file.digest)
    .bind(&file.sealed)
    .bind(&file.key_id.0)
    .bind(Instant(file.created_at))
    .bind(rows(reject_count))
    .bind(file.lane.is_test())
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("writing a return file"))
}

/// Writes which claims a 580 reports, each with its present version.
async fn insert_reports(
    db: &mut Connection,
    file: ReturnId,
    rejects: &[ClaimId],
) -> Result<(), StoreError> {
    for chunk in rejects.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new(
            "INSERT INTO reject_reports (return_id, claim_id, version) SELECT ",
        );
        query.push_bind(file.0).push(
            ", c.id, (SELECT COALESCE(max(e.sequence), 0) FROM events e \
             WHERE e.subject_id = c.id AND e.subject_kind = 'claim') FROM claims c WHERE c.id ",
        );
        listing::one_of(&mut query, chunk.iter().map(|id| id.0));
        query
            .build()
            .execute(&mut *db)
            .await
            .map_err(doing("writing which rejects are reported"))?;
    }
    Ok(())
}

async fn reset_reports(db: &mut Connection, claims: &[ClaimId]) -> Result<(), StoreError> {
    if claims.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Db>::new(
        "UPDATE claim_parts SET reported_in = NULL WHERE kind = 'amc' AND claim_id ",
    );
    listing::one_of(&mut query, claims.iter().map(|id| id.0));
    let done = query.build().execute(db).await;
    done.map(|_| ()).map_err(doing("marking rejects as not reported"))
}
