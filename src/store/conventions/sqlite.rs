//! SQLite: one pool with the only connection that writes, one pool of connections that read.

use crate::store::connections::Connections;
use crate::store::journal_chains::Seal;
use sqlx::Sqlite;

#[path = "shared/content.rs"]
mod content;
#[path = "shared/imports.rs"]
mod imports;
#[path = "shared/lookups.rs"]
pub(super) mod lookups;
#[path = "../shared/next_place.rs"]
mod next_place;
#[path = "shared/staging.rs"]
mod staging;
#[path = "shared/store.rs"]
mod store;

/// Register and conventions in SQLite.
#[derive(Debug)]
pub(in crate::store) struct SqliteConventions {
    /// Connection that writes.
    pub(in crate::store) writer: Connections<Sqlite>,
    /// Connections that read.
    pub(in crate::store) reader: Connections<Sqlite>,
    /// Sealer of the chain of imports.
    pub(in crate::store) seal: Seal,
}

/// Types and statements of this database, for the shared files.
mod db {
    pub(super) use super::SqliteConventions as Store;
    pub(super) use sqlx::Sqlite as Db;

    /// Takes the write lock at once: SQLite refuses the lock to a transaction that has read before
    /// another one wrote.
    pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
    /// Begins a transaction whose statements read one state of the database.
    pub(super) const SNAPSHOT: &str = "BEGIN";
    /// Does nothing: the write lock covers the whole database.
    pub(super) const LOCK_REGISTER: &str = "SELECT 1";
    /// Does nothing, as [`LOCK_REGISTER`].
    pub(super) const LOCK_CONVENTIONS: &str = "SELECT 1";
    /// Joins establishments `e` with conventions `c`. SQLite keeps the order of a `CROSS JOIN`, so
    /// that the conventions are searched by their key, once for each establishment.
    pub(super) const KEYED_JOIN: &str = "CROSS JOIN conventions c WHERE";
    /// Continues with the conditions on establishments.
    pub(super) const KEYED_JOIN_END: &str = " AND";
    /// Statistics of the register, from at most 1,000 rows of each index.
    pub(super) const ANALYZE_REGISTER: &str =
        "PRAGMA analysis_limit = 1000; ANALYZE finess_establishments";
    /// Statistics of the conventions, from at most 1,000 rows of each index.
    pub(super) const ANALYZE_CONVENTIONS: &str =
        "PRAGMA analysis_limit = 1000; ANALYZE conventions; ANALYZE convention_amcs";
}
