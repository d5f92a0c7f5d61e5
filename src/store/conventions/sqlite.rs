//! SQLite: one writer pool (of one connection) and one reader pool, as the rest of the store has them.

use super::implementation::convention_store;
use sqlx::{Sqlite, SqlitePool};

/// Register and conventions in SQLite.
#[derive(Debug, Clone)]
pub struct SqliteConventions {
    writer: SqlitePool,
    reader: SqlitePool,
}

impl SqliteConventions {
    /// Uses the pools of a store.
    #[must_use]
    pub const fn new(writer: SqlitePool, reader: SqlitePool) -> Self {
        Self { writer, reader }
    }
}

/// Takes the write lock at once: a transaction that reads first and writes later may find itself refused.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// Nothing to do: the write lock is the database's.
const LOCK_REGISTER: &str = "SELECT 1";
const LOCK_CONVENTIONS: &str = "SELECT 1";

convention_store!(SqliteConventions, Sqlite);
