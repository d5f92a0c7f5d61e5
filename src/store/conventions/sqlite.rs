//! SQLite: one writer pool (of one connection) and one reader pool, those of the rest of the store.

use super::implementation::convention_store;
use crate::store::connections::Connections;
use sqlx::Sqlite;

/// Register and conventions in SQLite.
#[derive(Debug)]
pub(in crate::store) struct SqliteConventions {
    /// The one connection that writes.
    pub(in crate::store) writer: Connections<Sqlite>,
    /// Those that read.
    pub(in crate::store) reader: Connections<Sqlite>,
}

/// Takes the write lock at once: a transaction that reads first and writes later may find itself
/// refused.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// Nothing to do: the write lock is the database's.
const LOCK_REGISTER: &str = "SELECT 1";
const LOCK_CONVENTIONS: &str = "SELECT 1";

convention_store!(SqliteConventions, Sqlite);
