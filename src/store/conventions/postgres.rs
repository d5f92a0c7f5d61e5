//! PostgreSQL: several replicas may import at once; the second one waits for the first one's
//! commit.

use super::implementation::convention_store;
use crate::store::connections::Connections;
use sqlx::Postgres;

/// Register and conventions in PostgreSQL.
#[derive(Debug)]
pub(in crate::store) struct PostgresConventions {
    /// For imports, whose statements take long.
    pub(in crate::store) writer: Connections<Postgres>,
    /// For lookups.
    pub(in crate::store) reader: Connections<Postgres>,
}

const BEGIN: &str = "BEGIN";
/// Lookups go on reading; only another import waits.
const LOCK_REGISTER: &str = "LOCK TABLE finess_snapshots IN SHARE ROW EXCLUSIVE MODE";
const LOCK_CONVENTIONS: &str = "LOCK TABLE convention_imports IN SHARE ROW EXCLUSIVE MODE";

convention_store!(PostgresConventions, Postgres);
