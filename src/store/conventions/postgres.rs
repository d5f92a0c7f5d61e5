//! PostgreSQL: several replicas may import at once; the second one waits for the first one's
//! commit.

use crate::store::connections::Connections;
use crate::store::journal_chains::Seal;
use sqlx::Postgres;

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

/// Register and conventions in PostgreSQL.
#[derive(Debug)]
pub(in crate::store) struct PostgresConventions {
    /// Connections for imports, whose statements take long.
    pub(in crate::store) writer: Connections<Postgres>,
    /// Connections for lookups.
    pub(in crate::store) reader: Connections<Postgres>,
    /// Sealer of the chain of imports.
    pub(in crate::store) seal: Seal,
}

/// Types and statements of this database, for the shared files.
mod db {
    pub(super) use super::PostgresConventions as Store;
    pub(super) use sqlx::Postgres as Db;

    pub(super) const BEGIN: &str = "BEGIN";
    /// Begins a transaction whose statements read one state of the database.
    pub(super) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    /// Blocks another import; lookups go on reading.
    pub(super) const LOCK_REGISTER: &str =
        "LOCK TABLE finess_snapshots IN SHARE ROW EXCLUSIVE MODE";
    /// Blocks another import; lookups go on reading.
    pub(super) const LOCK_CONVENTIONS: &str =
        "LOCK TABLE convention_imports IN SHARE ROW EXCLUSIVE MODE";
    /// Joins establishments `e` with conventions `c`. `OFFSET 0` in [`KEYED_JOIN_END`] keeps the
    /// planner from turning the subquery into a hash join over all conventions of the AMC: the
    /// subquery runs once for each establishment, by its key.
    pub(super) const KEYED_JOIN: &str = "CROSS JOIN LATERAL (SELECT c.* FROM conventions c WHERE";
    /// Ends the subquery and continues with the conditions on establishments.
    pub(super) const KEYED_JOIN_END: &str = " OFFSET 0) c WHERE";
    /// Statistics of the register.
    pub(super) const ANALYZE_REGISTER: &str = "ANALYZE finess_establishments";
    /// Statistics of the conventions.
    pub(super) const ANALYZE_CONVENTIONS: &str = "ANALYZE conventions, convention_amcs";
}
