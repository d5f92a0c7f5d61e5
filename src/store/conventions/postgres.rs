//! PostgreSQL: several replicas may import at once; the second one waits for the first one's commit.

use super::implementation::convention_store;
use sqlx::{PgPool, Postgres};

/// Register and conventions in PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresConventions {
    writer: PgPool,
    reader: PgPool,
}

impl PostgresConventions {
    /// Uses the pool of a store.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { reader: pool.clone(), writer: pool }
    }
}

const BEGIN: &str = "BEGIN";
/// Lookups go on reading; only another import waits.
const LOCK_REGISTER: &str = "LOCK TABLE finess_snapshots IN SHARE ROW EXCLUSIVE MODE";
const LOCK_CONVENTIONS: &str = "LOCK TABLE convention_imports IN SHARE ROW EXCLUSIVE MODE";

convention_store!(PostgresConventions, Postgres);
