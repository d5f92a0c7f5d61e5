//! The schema and its versions.

use super::error::StoreError;
use async_trait::async_trait;
use sqlx::migrate::Migrator;

/// Range of the programs that may run on a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaRange {
    /// Number of the last migration applied.
    pub version: i64,
    /// Number of the oldest program that may run. The number of a program is that of its last
    /// migration.
    pub oldest_program: i64,
}

/// Migrates the schema.
#[async_trait]
pub trait Schema: Send + Sync {
    /// Migrates the schema to this version. A migration only adds, because a replica of the version
    /// before may be at work, and a schema of a later version is left as it is.
    ///
    /// Nothing is asked of the database but a read when the schema is at this version already: a
    /// role that may not create tables passes.
    ///
    /// # Errors
    /// [`StoreError::SchemaTooNew`] when the schema asks for a later program, and
    /// [`StoreError::SchemaTooOld`] when it is from before the first release; nothing is changed
    /// then.
    async fn migrate(&self) -> Result<(), StoreError>;

    /// Returns whether every migration of this version is applied.
    async fn is_current(&self) -> Result<bool, StoreError>;

    /// Returns whether the database has tables of the gateway that state which programs may run.
    async fn schema_range(&self) -> Result<Option<SchemaRange>, StoreError>;
}

/// Returns an error unless a program with the migrations up to `program` may run on a schema.
pub(in crate::store) const fn check_range(
    range: Option<SchemaRange>,
    has_migrations: bool,
    program: i64,
) -> Result<(), StoreError> {
    match range {
        Some(SchemaRange { version, oldest_program }) if oldest_program > program => {
            Err(StoreError::SchemaTooNew { version, oldest_program, program })
        }
        None if has_migrations => Err(StoreError::SchemaTooOld { program }),
        _ => Ok(()),
    }
}

/// Converts an error of the migrator.
pub(in crate::store) fn migration_error(
    error: sqlx::migrate::MigrateError,
    program: i64,
) -> StoreError {
    match error {
        // The text of an applied migration never changes after the first release.
        sqlx::migrate::MigrateError::VersionMismatch(_) => StoreError::SchemaTooOld { program },
        other => StoreError::Migration(other),
    }
}

/// Rows of `schema_versions` that the migrations of this program insert: version, and the oldest
/// program that may run from then on. A new migration adds its row here.
pub(in crate::store) const VERSIONS: [(i64, i64); 1] = [(1, 1)];

/// A migration that the database has: version, checksum, and whether it succeeded.
pub(in crate::store) type AppliedMigration = (i64, Vec<u8>, bool);

/// Reads every [`AppliedMigration`].
pub(in crate::store) const APPLIED: &str =
    "SELECT version, checksum, success FROM _sqlx_migrations";

/// Returns whether the database has every migration of this program, as this program knows it. A
/// database of a later version has more.
pub(in crate::store) fn has_all(migrations: &Migrator, applied: &[AppliedMigration]) -> bool {
    let is_applied = |version: i64, checksum: &[u8]| {
        applied.iter().any(|(number, sum, success)| {
            *number == version && sum.as_slice() == checksum && *success
        })
    };
    applied.iter().all(|(_, _, success)| *success)
        && migrations.iter().all(|migration| is_applied(migration.version, &migration.checksum))
}
