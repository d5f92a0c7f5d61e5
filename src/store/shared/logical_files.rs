//! SQL of logical files, compiled for both databases.

use super::db::Db;
use crate::domain::{ExchangeId, Lane, LogicalFile};
use crate::store::codec::clean;
use crate::store::error::{StoreError, doing};
use sqlx::{Database, query, query_scalar};
use uuid::Uuid;

type Connection = <Db as Database>::Connection;

pub(super) async fn find_logical_file(
    db: &mut Connection,
    lane: Lane,
    file: &LogicalFile,
) -> Result<Option<ExchangeId>, StoreError> {
    let found: Option<Uuid> = query_scalar(
        "SELECT exchange_id FROM logical_files \
         WHERE issuer = $1 AND recipient = $2 AND message = $3 AND created = $4 AND file_id = $5 \
         AND is_test = $6",
    )
    .bind(clean(&file.issuer))
    .bind(clean(&file.recipient))
    .bind(clean(&file.message))
    .bind(clean(&file.created))
    .bind(clean(&file.file_id))
    .bind(lane.is_test())
    .fetch_optional(db)
    .await
    .map_err(doing("looking for a logical file"))?;
    Ok(found.map(ExchangeId))
}

/// Deletes the logical files of a staged deposit whose file is refused, so that the corrected file
/// may bring them.
pub(super) async fn delete_logical_files(
    db: &mut Connection,
    id: ExchangeId,
) -> Result<(), StoreError> {
    let freed =
        query("DELETE FROM logical_files WHERE exchange_id = $1").bind(id.0).execute(db).await;
    freed.map(|_| ()).map_err(doing("deleting the logical files of a refused deposit"))
}

/// Inserts logical files, one statement each: a physical file has one, seldom a handful. Of two
/// equal logical files in one physical file the first is stored; a logical file of another exchange
/// fails, because two deposits at once both found none before (the caller begins again).
pub(super) async fn insert_logical_files(
    db: &mut Connection,
    (id, lane): (ExchangeId, Lane),
    files: &[LogicalFile],
) -> Result<(), StoreError> {
    let key = |f: &LogicalFile| {
        (
            f.issuer.clone(),
            f.recipient.clone(),
            f.message.clone(),
            f.created.clone(),
            f.file_id.clone(),
        )
    };
    let mut seen = std::collections::HashSet::new();
    for file in files.iter().filter(|f| seen.insert(key(f))) {
        query(
            "INSERT INTO logical_files (exchange_id, ordinal, issuer, recipient, message, created, \
             file_id, norm, is_test) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(id.0)
        .bind(i64::from(file.ordinal))
        .bind(clean(&file.issuer))
        .bind(clean(&file.recipient))
        .bind(clean(&file.message))
        .bind(clean(&file.created))
        .bind(clean(&file.file_id))
        .bind(clean(&file.norm))
        .bind(lane.is_test())
        .execute(&mut *db)
        .await
        .map_err(doing("writing a logical file"))?;
    }
    Ok(())
}
