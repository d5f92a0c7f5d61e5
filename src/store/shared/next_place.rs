//! SQL of the end of a chain, compiled for both databases.

use super::db::Db;
use crate::store::error::{StoreError, doing};
use crate::store::journal_chains::{JournalLink, Seal, signed};
use sqlx::{Database, query, query_as};

type Connection = <Db as Database>::Connection;

/// Takes the next place of a chain for a row. The end of the chain stays locked until the commit,
/// so that the call comes last in its transaction.
pub(super) async fn next_place(
    db: &mut Connection,
    seal: &Seal,
    chain: String,
    row: &[String],
) -> Result<JournalLink, StoreError> {
    let doing = doing("chaining a row of a journal");
    let (last, before): (i64, String) = query_as(
        "INSERT INTO journal_chains (chain, sequence, link) VALUES ($1, 0, '') \
         ON CONFLICT (chain) DO UPDATE SET sequence = journal_chains.sequence \
         RETURNING sequence, link",
    )
    .bind(&chain)
    .fetch_one(&mut *db)
    .await
    .map_err(&doing)?;
    let number = last + 1;
    let link = seal.link(&signed(&chain, &before, &number.to_string(), row));
    query("UPDATE journal_chains SET sequence = $2, link = $3 WHERE chain = $1")
        .bind(&chain)
        .bind(number)
        .bind(&link)
        .execute(db)
        .await
        .map_err(&doing)?;
    Ok(JournalLink { chain, number, link })
}
