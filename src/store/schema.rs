//! The schema and its versions.

use super::error::StoreError;
use async_trait::async_trait;
use sqlx::migrate::Migrator;

/// Migrates the schema.
#[async_trait]
pub trait Schema: Send + Sync {
    /// Migrates the schema to this version. A migration only adds, because a replica of the version
    /// before may be at work, and a schema of a later version is left as it is.
    ///
    /// Nothing is asked of the database but a read when the schema is at this version already: a
    /// role that may not create tables passes.
    async fn migrate(&self) -> Result<(), StoreError>;

    /// Returns whether every migration of this version is applied.
    async fn is_current(&self) -> Result<bool, StoreError>;
}

/// A migration that the database has: version, checksum, and whether it succeeded.
pub(super) type AppliedMigration = (i64, Vec<u8>, bool);

/// Reads every [`AppliedMigration`].
pub(super) const APPLIED: &str = "SELECT version, checksum, success FROM _sqlx_migrations";

/// Returns whether the database has every migration of this program, as this program knows it. A
/// database of a later version has more.
pub(super) fn has_all(migrations: &Migrator, applied: &[AppliedMigration]) -> bool {
    let is_applied = |version: i64, checksum: &[u8]| {
        applied.iter().any(|(number, sum, success)| {
            *number == version && sum.as_slice() == checksum && *success
        })
    };
    applied.iter().all(|(_, _, success)| *success)
        && migrations.iter().all(|migration| is_applied(migration.version, &migration.checksum))
}
