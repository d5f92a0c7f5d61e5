//! SQL of the chains of journals, compiled for both databases.

use super::db::{Db, Store};
use crate::store::codec::{Instant, limit as rows};
use crate::store::conventions::import_rows::{
    ExtractRow, ImportRow, select_extract, select_import,
};
use crate::store::decisions::{DecisionRow, select_decision_columns};
use crate::store::error::{StoreError, doing};
use crate::store::journal_chains::{
    ChainedJournal, ChainedRow, JournalChains, JournalContent, JournalLink, Sealer,
};
use crate::store::operations_journal::operation_fields;
use crate::store::unmatched_returns::{MatchRow, select_match};
use async_trait::async_trait;
use sqlx::{Database, FromRow, Pool, query_as};
use uuid::Uuid;

#[async_trait]
impl JournalChains for Store {
    fn seal_with(&self, sealer: Sealer) {
        self.seal().set(sealer);
    }

    async fn journal_rows(
        &self,
        journal: ChainedJournal,
        after: &JournalLink,
        limit: usize,
    ) -> Result<Vec<ChainedRow>, StoreError> {
        self.reads().ask(|pool| journal_rows(pool, journal, after, limit)).await
    }

    async fn journal_ends(&self) -> Result<Vec<JournalLink>, StoreError> {
        self.reads().ask(journal_ends).await
    }

    async fn journal_contents(&self) -> Result<Vec<JournalContent>, StoreError> {
        self.conventions().contents().await
    }
}

/// Returns the chain of a row about a claim.
pub(super) fn chain_of_claim(journal: ChainedJournal, claim: Uuid) -> String {
    format!("{}/{:x}", journal.as_str(), claim.as_bytes()[15] & 0xF)
}

/// Returns the chain of a match of an answer in an exchange.
pub(super) fn chain_of_answer(exchange: Uuid) -> String {
    chain_of_claim(ChainedJournal::Matches, exchange)
}

/// Returns a reading of the access journal as the fields of its link.
pub(super) fn access_fields(claim: Uuid, caller: &str, purpose: &str, at: Instant) -> Vec<String> {
    vec![claim.to_string(), caller.to_owned(), purpose.to_owned(), at.micros().to_string()]
}

/// Columns of the place of a row.
#[derive(FromRow)]
struct PlaceColumns {
    chain: String,
    chain_no: i64,
    link: String,
}

impl From<PlaceColumns> for JournalLink {
    fn from(r: PlaceColumns) -> Self {
        Self { chain: r.chain, number: r.chain_no, link: r.link }
    }
}

#[derive(FromRow)]
struct ChainedDecision {
    #[sqlx(flatten)]
    place: PlaceColumns,
    #[sqlx(flatten)]
    row: DecisionRow,
}

#[derive(FromRow)]
struct ChainedMatch {
    #[sqlx(flatten)]
    place: PlaceColumns,
    #[sqlx(flatten)]
    row: MatchRow,
}

#[derive(FromRow)]
struct ChainedImport {
    #[sqlx(flatten)]
    place: PlaceColumns,
    #[sqlx(flatten)]
    row: ImportRow,
}

#[derive(FromRow)]
struct ChainedExtract {
    #[sqlx(flatten)]
    place: PlaceColumns,
    #[sqlx(flatten)]
    row: ExtractRow,
}

/// Condition, order and limit of a page of a journal, after the place `$1`, `$2`.
macro_rules! page {
    ($select:expr) => {
        concat!($select, " WHERE (chain, chain_no) > ($1, $2) ORDER BY chain, chain_no LIMIT $3")
    };
}

/// The columns of a step of an operation after those of its place.
type ChainedOperation =
    (String, i64, String, Uuid, i64, Instant, String, String, String, String, String);
type AccessRow = (String, i64, String, Uuid, String, String, Instant);

async fn journal_rows(
    pool: &Pool<Db>,
    journal: ChainedJournal,
    after: &JournalLink,
    limit: usize,
) -> Result<Vec<ChainedRow>, StoreError> {
    let found: Vec<ChainedRow> = match journal {
        ChainedJournal::Decisions => {
            let sql = page!(select_decision_columns!("chain, chain_no, link, "));
            let rows: Vec<ChainedDecision> = page_of(pool, sql, after, limit).await?;
            let chained =
                |r: ChainedDecision| ChainedRow { place: r.place.into(), fields: r.row.fields() };
            rows.into_iter().map(chained).collect()
        }
        ChainedJournal::Accesses => {
            let sql = page!(
                "SELECT chain, chain_no, link, claim_id, caller, purpose, at FROM access_journal"
            );
            let rows: Vec<AccessRow> = page_of(pool, sql, after, limit).await?;
            let chained =
                |(chain, number, link, claim, caller, purpose, at): AccessRow| ChainedRow {
                    place: JournalLink { chain, number, link },
                    fields: access_fields(claim, &caller, &purpose, at),
                };
            rows.into_iter().map(chained).collect()
        }
        ChainedJournal::Matches => {
            let sql = page!(select_match!("chain, chain_no, link, "));
            let rows: Vec<ChainedMatch> = page_of(pool, sql, after, limit).await?;
            let chained =
                |r: ChainedMatch| ChainedRow { place: r.place.into(), fields: r.row.fields() };
            rows.into_iter().map(chained).collect()
        }
        ChainedJournal::Operations => {
            let sql = page!(
                "SELECT chain, chain_no, link, operation_id, step, at, actor, action, stage, \
                 subject, detail FROM operations_journal"
            );
            let rows: Vec<ChainedOperation> = page_of(pool, sql, after, limit).await?;
            rows.into_iter().map(chained_operation).collect()
        }
        ChainedJournal::Conventions => {
            let sql = page!(select_import!("chain, chain_no, link, "));
            let rows: Vec<ChainedImport> = page_of(pool, sql, after, limit).await?;
            let chained =
                |r: ChainedImport| ChainedRow { place: r.place.into(), fields: r.row.fields() };
            rows.into_iter().map(chained).collect()
        }
        ChainedJournal::Register => {
            let sql = page!(select_extract!("chain, chain_no, link, "));
            let rows: Vec<ChainedExtract> = page_of(pool, sql, after, limit).await?;
            let chained =
                |r: ChainedExtract| ChainedRow { place: r.place.into(), fields: r.row.fields() };
            rows.into_iter().map(chained).collect()
        }
    };
    Ok(found)
}

/// Returns the rows of a page of a journal after a place.
async fn page_of<R>(
    pool: &Pool<Db>,
    sql: &'static str,
    after: &JournalLink,
    limit: usize,
) -> Result<Vec<R>, StoreError>
where
    R: for<'r> FromRow<'r, <Db as Database>::Row> + Send + Unpin,
{
    query_as(sql)
        .bind(&after.chain)
        .bind(after.number)
        .bind(rows(limit))
        .fetch_all(pool)
        .await
        .map_err(doing("reading a chained journal"))
}

fn chained_operation(row: ChainedOperation) -> ChainedRow {
    let (chain, number, link, operation, step, at, actor, action, stage, subject, detail) = row;
    let row = (operation, step, at, actor, action, stage, subject, detail);
    ChainedRow { place: JournalLink { chain, number, link }, fields: operation_fields(&row) }
}

async fn journal_ends(pool: &Pool<Db>) -> Result<Vec<JournalLink>, StoreError> {
    let found: Vec<(String, i64, String)> =
        query_as("SELECT chain, sequence, link FROM journal_chains ORDER BY chain")
            .fetch_all(pool)
            .await
            .map_err(doing("reading the ends of the journals"))?;
    let end = |(chain, number, link)| JournalLink { chain, number, link };
    Ok(found.into_iter().map(end).collect())
}
