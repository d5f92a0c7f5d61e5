//! Types and statements of PostgreSQL for the files of `shared/`.

pub(super) use super::ANSWER as ANSWER_TIMEOUT;
pub(super) use super::PostgresStore as Store;
pub(super) use super::lease::LeaseKey;
pub(super) use super::notifier::Notifier as Announcer;
pub(super) use sqlx::Postgres as Db;

/// Begins a READ COMMITTED transaction.
pub(super) const BEGIN: &str = "BEGIN";

/// Returns whether the schema has a table.
pub(super) const TABLE_EXISTS: &str = "SELECT to_regclass($1) IS NOT NULL";

/// Ends a SELECT that locks its rows until the end of the transaction.
macro_rules! for_update {
    () => {
        " FOR UPDATE"
    };
}
pub(super) use for_update;
