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

/// Joins a claim, by this key, and its parts to a listing, and begins the conditions. OFFSET makes
/// each of them a lookup by key, after the row before it: without statistics the planner would join
/// whole tables and sort.
macro_rules! join_claim {
    ($key:literal) => {
        concat!(
            " CROSS JOIN LATERAL (SELECT * FROM claims WHERE id = ",
            $key,
            " OFFSET 0) c \
             CROSS JOIN LATERAL (SELECT * FROM claim_parts WHERE claim_id = c.id \
             AND kind = 'amo' OFFSET 0) amo \
             CROSS JOIN LATERAL (SELECT * FROM claim_parts WHERE claim_id = c.id \
             AND kind = 'amc' OFFSET 0) amc WHERE TRUE"
        )
    };
}
pub(super) use join_claim;

/// Joins the parts of a claim `c` to a listing, and begins the conditions.
macro_rules! join_parts {
    () => {
        " CROSS JOIN LATERAL (SELECT * FROM claim_parts WHERE claim_id = c.id \
         AND kind = 'amo' OFFSET 0) amo \
         CROSS JOIN LATERAL (SELECT * FROM claim_parts WHERE claim_id = c.id \
         AND kind = 'amc' OFFSET 0) amc WHERE TRUE"
    };
}
pub(super) use join_parts;
