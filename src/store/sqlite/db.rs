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
