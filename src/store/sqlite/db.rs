//! Types and statements of SQLite for the files of `shared/`.

use crate::store::wake::Wake;
use std::sync::Arc;
use std::time::Duration;

pub(super) use super::SqliteStore as Store;
pub(super) use super::lease::LeaseKey;
pub(super) use sqlx::Sqlite as Db;

/// Wakes waiters; one process owns the file.
pub(super) type Announcer = Arc<Wake>;

/// Takes the write lock at once: a transaction that reads first and writes later may find itself
/// refused.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

/// A file answers or fails: no limit beside those of the pools.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::MAX;

/// Returns whether the schema has a table.
pub(super) const TABLE_EXISTS: &str =
    "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)";

/// Ends a SELECT that locks its rows: nothing, because the writer has the lock of the database.
macro_rules! for_update {
    () => {
        ""
    };
}
pub(super) use for_update;

/// Joins a claim, by this key, and its parts to a listing, and begins the conditions. CROSS JOIN
/// keeps the order of the tables.
macro_rules! join_claim {
    ($key:literal) => {
        concat!(
            " CROSS JOIN claims c CROSS JOIN claim_parts amo CROSS JOIN claim_parts amc \
             WHERE amo.claim_id = c.id AND amo.kind = 'amo' AND amc.claim_id = c.id \
             AND amc.kind = 'amc' AND c.id = ",
            $key
        )
    };
}
pub(super) use join_claim;

/// Joins the parts of a claim `c` to a listing, and begins the conditions.
macro_rules! join_parts {
    () => {
        " CROSS JOIN claim_parts amo CROSS JOIN claim_parts amc \
         WHERE amo.claim_id = c.id AND amo.kind = 'amo' AND amc.claim_id = c.id \
         AND amc.kind = 'amc'"
    };
}
pub(super) use join_parts;
