//! What is kept for replicas of versions before this one, and its end.
//!
//! A migration only adds, for a replica of the version before may be at work beside it. What that
//! one needs and this one does not is removed later, when the last such replica is gone.

use crate::store::StoreError;
use crate::store::codec::{doing, uint};
use sqlx::{AssertSqlSafe, PgPool, query, query_scalar};

/// What this version says it is to the server.
pub(super) const APPLICATION: &str = "noemie-gateway schema 7";
/// What versions before migration 0007 say.
const BEFORE: &str = "noemie-gateway";

/// Indexes by the bare identity. The first one tells a replica from before 0007 which invoices are
/// live: without it that replica can write no claim.
const INDEXES: [&str; 2] = ["claims_live_identity", "claims_rejected_identity"];

/// Whether something is left for them.
pub(super) async fn are_served(pool: &PgPool) -> Result<bool, StoreError> {
    query_scalar("SELECT EXISTS (SELECT FROM pg_indexes WHERE tablename = 'claims' AND schemaname = current_schema() AND indexname = ANY($1))")
        .bind(INDEXES.as_slice())
        .fetch_one(pool)
        .await
        .map_err(doing("looking for what earlier versions need"))
}

/// Removes it, unless one of them is connected.
pub(super) async fn leave(pool: &PgPool) -> Result<(), StoreError> {
    let connected: i64 = query_scalar("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1")
        .bind(BEFORE)
        .fetch_one(pool)
        .await
        .map_err(doing("looking for replicas of earlier versions"))?;
    if connected > 0 {
        return Err(StoreError::OlderReplicas(uint(connected, "count")?));
    }
    for index in INDEXES {
        // Concurrently: nobody who reads or writes claims waits for it.
        let removal = AssertSqlSafe(format!("DROP INDEX CONCURRENTLY IF EXISTS {index}"));
        query(removal).execute(pool).await.map_err(doing("removing what earlier versions need"))?;
    }
    Ok(())
}

/// Whether no claim was ever written: then no earlier version was here.
pub(super) async fn is_untouched(pool: &PgPool) -> Result<bool, StoreError> {
    query_scalar("SELECT NOT EXISTS (SELECT FROM claims)")
        .fetch_one(pool)
        .await
        .map_err(doing("looking whether there are claims"))
}
