//! Applies a staged import in one transaction.

use super::content::digest;
use super::db::{
    ANALYZE_CONVENTIONS, ANALYZE_REGISTER, BEGIN, Db, LOCK_CONVENTIONS, LOCK_REGISTER,
};
use super::next_place::next_place;
use crate::store::StoreError;
use crate::store::codec::doing;
use crate::store::connections::{Change, Connections};
use crate::store::conventions::import_rows::{ExtractRow, ImportRow};
use crate::store::conventions::{
    ConventionDiff, NewConventionImport, NewSnapshot, RegisterDiff, RegisterOutcome, Snapshot, sql,
};
use crate::store::journal_chains::{ChainedJournal, JournalLink, Seal};
use sqlx::Database;

type Query = sqlx::query::Query<'static, Db, <Db as Database>::Arguments>;

/// Counts behind the decision to apply an extract.
#[derive(Debug, sqlx::FromRow)]
struct Loss {
    in_force: i64,
    lost: i64,
    readable: i64,
}

impl Loss {
    /// Returns whether the extract lacks more than this share of the establishments in force.
    const fn exceeds(&self, percent: u8) -> bool {
        self.lost.saturating_mul(100) > self.in_force.saturating_mul(percent as i64)
    }
}

/// Counts of changes, taken before they are made.
#[derive(Debug, sqlx::FromRow)]
struct Changes {
    opened: i64,
    renamed: i64,
    ej_changed: i64,
    otherwise_changed: i64,
    unchanged: i64,
    held: i64,
}

impl Changes {
    const fn diff(&self, closed: i64) -> RegisterDiff {
        RegisterDiff {
            opened: self.opened,
            closed,
            renamed: self.renamed,
            ej_changed: self.ej_changed,
            otherwise_changed: self.otherwise_changed,
            unchanged: self.unchanged,
            held: self.held,
        }
    }
}

/// Counts of changes of conventions, taken before they are made.
#[derive(Debug, sqlx::FromRow)]
struct ConventionChanges {
    added: i64,
    changed: i64,
    unchanged: i64,
}

/// Puts the staged establishments in force.
pub(super) async fn apply_finess(
    writer: &Connections<Db>,
    seal: &Seal,
    import_id: &str,
    new: &NewSnapshot,
    max_loss_percent: Option<u8>,
) -> Result<RegisterOutcome, StoreError> {
    let mut tx = writer.begin(BEGIN).await?;
    execute(&mut tx, "locking the register", sqlx::query(LOCK_REGISTER)).await?;
    let query = sqlx::query_as(sql::SNAPSHOT_BY_DIGEST).bind(&new.digest);
    let known: Option<Snapshot> = tx
        .ask(async |db| query.fetch_optional(db).await.map_err(doing("searching the extract")))
        .await?;
    if let Some(known) = known {
        return Ok(RegisterOutcome::AlreadyImported(known));
    }
    let query = sqlx::query_as(sql::REGISTER);
    let before: Option<Snapshot> = tx
        .ask(async |db| query.fetch_optional(db).await.map_err(doing("reading the register state")))
        .await?;
    if let Some(newer) = before.as_ref().filter(|snapshot| snapshot.as_of > new.as_of) {
        return Ok(RegisterOutcome::OlderThan(newer.clone()));
    }
    let query = sqlx::query_as(sql::COUNT_LOSS).bind(import_id);
    let loss: Loss =
        tx.ask(async |db| query.fetch_one(db).await.map_err(doing("counting losses"))).await?;
    if loss.readable == 0 {
        return Ok(RegisterOutcome::Empty);
    }
    if max_loss_percent.is_some_and(|percent| loss.exceeds(percent)) {
        return Ok(RegisterOutcome::TooManyLost { before: loss.in_force, lost: loss.lost });
    }
    let query = sqlx::query_as(sql::COUNT_CHANGES).bind(import_id);
    let changes: Changes =
        tx.ask(async |db| query.fetch_one(db).await.map_err(doing("counting changes"))).await?;
    let diff = changes.diff(loss.lost);
    write_register(&mut tx, import_id, new, before.as_ref()).await?;
    insert_snapshot(&mut tx, seal, new, loss.readable, &diff).await?;
    tx.commit().await?;
    analyze(writer, ANALYZE_REGISTER).await;
    Ok(RegisterOutcome::Applied { rows: loss.readable, diff })
}

/// Closes, opens and refreshes the versions that the extract changes.
async fn write_register(
    tx: &mut Change<Db>,
    import_id: &str,
    new: &NewSnapshot,
    before: Option<&Snapshot>,
) -> Result<(), StoreError> {
    // A version that ends was last seen in the extract before this one.
    let last_seen = before.map_or(new.as_of, |snapshot| snapshot.as_of);
    for statement in [sql::CLOSE_ABSENT, sql::CLOSE_CHANGED] {
        let query =
            sqlx::query(statement).bind(import_id.to_owned()).bind(new.as_of).bind(last_seen);
        execute(tx, "closing establishment versions", query).await?;
    }
    let query = sqlx::query(sql::OPEN_VERSIONS).bind(import_id.to_owned()).bind(new.as_of);
    execute(tx, "opening establishment versions", query).await?;
    for statement in [sql::REFRESH_UPDATE_DATES, sql::EMPTY_FINESS] {
        let query = sqlx::query(statement).bind(import_id.to_owned());
        execute(tx, "finishing the register import", query).await?;
    }
    Ok(())
}

/// Records an extract, chained to the one before, with the digest of the register.
async fn insert_snapshot(
    tx: &mut Change<Db>,
    seal: &Seal,
    new: &NewSnapshot,
    rows: i64,
    diff: &RegisterDiff,
) -> Result<(), StoreError> {
    let content = tx.ask(|db| digest(db, ChainedJournal::Register)).await?;
    let row = ExtractRow::of(new, rows, diff, content.unwrap_or_default());
    let place = next(tx, seal, ChainedJournal::Register, row.fields()).await?;
    let query = sqlx::query(sql::INSERT_SNAPSHOT)
        .bind(row.digest)
        .bind(row.source_name)
        .bind(row.encoding)
        .bind(row.as_of)
        .bind(row.imported_at)
        .bind(row.row_count)
        .bind(row.problem_count)
        .bind(row.opened)
        .bind(row.closed)
        .bind(row.renamed)
        .bind(row.ej_changed)
        .bind(row.otherwise_changed)
        .bind(row.unchanged)
        .bind(row.content)
        .bind(place.chain)
        .bind(place.number)
        .bind(place.link);
    execute(tx, "recording the register extract", query).await
}

/// Records an import of conventions, chained to the one before, with the digest of the conventions.
async fn insert_import(
    tx: &mut Change<Db>,
    seal: &Seal,
    new: &NewConventionImport,
    diff: &ConventionDiff,
) -> Result<(), StoreError> {
    let content = tx.ask(|db| digest(db, ChainedJournal::Conventions)).await?;
    let row = ImportRow::of(new, diff, content.unwrap_or_default());
    let place = next(tx, seal, ChainedJournal::Conventions, row.fields()).await?;
    let query = sqlx::query(sql::INSERT_CONVENTION_IMPORT)
        .bind(row.digest)
        .bind(row.source_name)
        .bind(row.encoding)
        .bind(row.imported_at)
        .bind(row.row_count)
        .bind(row.added)
        .bind(row.changed)
        .bind(row.unchanged)
        .bind(row.content)
        .bind(place.chain)
        .bind(place.number)
        .bind(place.link);
    execute(tx, "recording the convention import", query).await
}

/// Takes the next place in the chain of a journal.
async fn next(
    tx: &mut Change<Db>,
    seal: &Seal,
    journal: ChainedJournal,
    fields: Vec<String>,
) -> Result<JournalLink, StoreError> {
    let chain = journal.as_str().to_owned();
    tx.ask(async |db| next_place(db, seal, chain, &fields).await).await
}

/// Applies the staged conventions.
pub(super) async fn apply_conventions(
    writer: &Connections<Db>,
    seal: &Seal,
    import_id: &str,
    new: &NewConventionImport,
) -> Result<ConventionDiff, StoreError> {
    let mut tx = writer.begin(BEGIN).await?;
    execute(&mut tx, "locking the conventions", sqlx::query(LOCK_CONVENTIONS)).await?;
    let query = sqlx::query_as(sql::COUNT_CONVENTION_CHANGES).bind(import_id);
    let ConventionChanges { added, changed, unchanged } = tx
        .ask(async |db| query.fetch_one(db).await.map_err(doing("counting changed conventions")))
        .await?;
    let diff = ConventionDiff { added, changed, unchanged };
    let query =
        sqlx::query(sql::CLOSE_CONVENTIONS).bind(import_id.to_owned()).bind(new.imported_at);
    execute(&mut tx, "closing convention versions", query).await?;
    let query = sqlx::query(sql::OPEN_CONVENTIONS)
        .bind(import_id.to_owned())
        .bind(new.imported_at)
        .bind(new.digest.clone());
    execute(&mut tx, "opening convention versions", query).await?;
    for statement in [sql::INSERT_CONVENTION_AMCS, sql::EMPTY_CONVENTIONS] {
        let query = sqlx::query(statement).bind(import_id.to_owned());
        execute(&mut tx, "finishing the convention import", query).await?;
    }
    insert_import(&mut tx, seal, new, &diff).await?;
    tx.commit().await?;
    analyze(writer, ANALYZE_CONVENTIONS).await;
    Ok(diff)
}

async fn execute(tx: &mut Change<Db>, what: &'static str, query: Query) -> Result<(), StoreError> {
    tx.ask(async |db| query.execute(db).await.map(|_| ()).map_err(doing(what))).await
}

/// Refreshes the statistics of the planner after an import. A failure is logged only: the import is
/// committed, and the plans of lookups do not depend on statistics.
async fn analyze(writer: &Connections<Db>, statements: &'static str) {
    let analyzed = writer
        .ask(async |pool| {
            let done = sqlx::raw_sql(statements).execute(pool).await;
            done.map(|_| ()).map_err(doing("refreshing statistics"))
        })
        .await;
    if let Err(error) = analyzed {
        tracing::warn!(error = &error as &dyn std::error::Error, "conventionnement.analyze");
    }
}
