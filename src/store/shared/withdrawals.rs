//! SQL that removes the rows of a withdrawn deposit, compiled for both databases.

use super::db::{Db, for_update};
use super::positions;
use crate::domain::{ClaimId, ExchangeId};
use crate::store::codec::{self, limit as rows};
use crate::store::error::{StoreError, doing};
use crate::store::held_attempts::is_treated;
use crate::store::staged_deposits::{RemovedRows, Withdrawal};
use crate::store::staged_rows::step_claims;
use sqlx::{Database, query, query_scalar};
use uuid::Uuid;

type Connection = <Db as Database>::Connection;

/// Withdraws a staged deposit. `abandon`, and any code that a later version wrote, stays.
pub(super) async fn withdraw_deposit(
    db: &mut Connection,
    id: ExchangeId,
    why: Withdrawal,
) -> Result<bool, StoreError> {
    let marked = query(
        "UPDATE exchanges SET withdrawal = \
         CASE WHEN COALESCE(withdrawal, 'restart') = 'restart' THEN $2 ELSE withdrawal END \
         WHERE id = $1 AND verdict IS NULL AND received_at IS NOT NULL",
    );
    let marked = marked
        .bind(id.0)
        .bind(why.as_str())
        .execute(db)
        .await
        .map_err(doing("withdrawing a deposit"))?;
    Ok(marked.rows_affected() == 1)
}

/// Removes at most `at_most` rows of a withdrawn deposit. Returns `None` when the deposit is not
/// withdrawn, or has a code that this version does not know.
pub(super) async fn remove_staged_rows(
    db: &mut Connection,
    id: ExchangeId,
    at_most: usize,
) -> Result<Option<RemovedRows>, StoreError> {
    let marked: Option<String> = query_scalar(concat!(
        "SELECT withdrawal FROM exchanges \
             WHERE id = $1 AND verdict IS NULL AND withdrawal IS NOT NULL",
        for_update!()
    ))
    .bind(id.0)
    .fetch_optional(&mut *db)
    .await
    .map_err(doing("locking a withdrawn deposit"))?;
    let Some(why) = marked.map(|code| codec::code(&code)) else { return Ok(None) };
    if why == Withdrawal::Unknown {
        return Ok(None);
    }
    // The claims are locked first: a concurrent deposit that marks an invoice as duplicate of one
    // of them commits before, so that the UPDATE in `remove_claims` finds it.
    let claims: Vec<Uuid> = query_scalar(concat!(step_claims!(), for_update!()))
        .bind(id.0)
        .bind(rows(at_most))
        .fetch_all(&mut *db)
        .await
        .map_err(doing("locking the claims of a withdrawn deposit"))?;
    if !claims.is_empty() {
        let copies = copies(db, id, at_most).await?;
        let freed = remove_claims(db, id, at_most).await?;
        return Ok(Some(RemovedRows {
            claims: claims.len() as u64,
            freed,
            copies,
            ..RemovedRows::default()
        }));
    }
    let delete = "DELETE FROM quarantine WHERE exchange_id = $1 AND ordinal IN \
                 (SELECT ordinal FROM quarantine WHERE exchange_id = $1 ORDER BY ordinal LIMIT $2)";
    let quarantined = execute(db, delete, id, at_most).await?;
    if quarantined > 0 {
        return Ok(Some(RemovedRows { quarantined, ..RemovedRows::default() }));
    }
    finish_withdrawal(db, id, why).await?;
    Ok(Some(RemovedRows { over: true, ..RemovedRows::default() }))
}

/// Returns the untreated copies, in other exchanges, of the invoices of some claims.
async fn copies(
    db: &mut Connection,
    id: ExchangeId,
    at_most: usize,
) -> Result<Vec<ClaimId>, StoreError> {
    let found: Vec<Uuid> = query_scalar(concat!(
        "SELECT copy.id FROM claims c JOIN claims copy ON copy.invoice_number = c.invoice_number \
         AND copy.ps = c.ps AND copy.identity = c.identity AND copy.exchange_id <> c.exchange_id \
         JOIN held_attempts k ON k.claim_id = copy.id \
         AND (k.resolution IS NULL OR k.resolution <> 'released') \
         WHERE c.id IN (",
        step_claims!(),
        ") AND ",
        is_treated!(),
        " ORDER BY copy.id"
    ))
    .bind(id.0)
    .bind(rows(at_most))
    .fetch_all(db)
    .await
    .map_err(doing("reading the copies of the invoices of a withdrawn deposit"))?;
    Ok(found.into_iter().map(ClaimId).collect())
}

/// Removes some claims with their rows, and returns how many quarantined invoices are no longer
/// duplicates.
async fn remove_claims(
    db: &mut Connection,
    id: ExchangeId,
    at_most: usize,
) -> Result<u64, StoreError> {
    let duplicates = concat!(
        "UPDATE quarantine SET duplicate_of = NULL WHERE exchange_id <> $1 AND duplicate_of IN (",
        step_claims!(),
        ")"
    );
    let freed = execute(db, duplicates, id, at_most).await?;
    let events: Vec<i64> = query_scalar(concat!(
        "DELETE FROM events WHERE subject_kind = 'claim' AND subject_id IN (",
        step_claims!(),
        ") RETURNING event_no"
    ))
    .bind(id.0)
    .bind(rows(at_most))
    .fetch_all(&mut *db)
    .await
    .map_err(doing("removing the events of a withdrawn deposit"))?;
    positions::remove_from_outbox(db, &events).await?;
    // The claims come last, because the other rows are found by them.
    for removal in [
        concat!("DELETE FROM claim_lines WHERE claim_id IN (", step_claims!(), ")"),
        concat!("DELETE FROM held_attempts WHERE claim_id IN (", step_claims!(), ")"),
        concat!("DELETE FROM claim_parts WHERE claim_id IN (", step_claims!(), ")"),
        concat!("DELETE FROM claims WHERE id IN (", step_claims!(), ")"),
    ] {
        execute(db, removal, id, at_most).await?;
    }
    Ok(freed)
}

async fn execute(
    db: &mut Connection,
    sql: &'static str,
    id: ExchangeId,
    at_most: usize,
) -> Result<u64, StoreError> {
    let done = query(sql)
        .bind(id.0)
        .bind(rows(at_most))
        .execute(db)
        .await
        .map_err(doing("removing the rows of a withdrawn deposit"))?;
    Ok(done.rows_affected())
}

/// Frees the exchange for a new start, or deletes it.
async fn finish_withdrawal(
    db: &mut Connection,
    id: ExchangeId,
    why: Withdrawal,
) -> Result<(), StoreError> {
    let ends: &[&'static str] = match why {
        Withdrawal::Restart => {
            &["UPDATE exchanges SET withdrawal = NULL, last_written_invoice = 0 WHERE id = $1"]
        }
        Withdrawal::Abandon => &[
            "DELETE FROM logical_files WHERE exchange_id = $1",
            "DELETE FROM exchanges WHERE id = $1",
        ],
        Withdrawal::Unknown => &[],
    };
    for sql in ends {
        query(*sql)
            .bind(id.0)
            .execute(&mut *db)
            .await
            .map_err(doing("ending the withdrawal of a deposit"))?;
    }
    Ok(())
}
