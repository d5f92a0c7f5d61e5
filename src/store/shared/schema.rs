//! SQL of the schema and its versions, compiled for both databases.

use super::db::{Db, Store, TABLE_EXISTS};
use crate::store::error::{StoreError, doing};
use crate::store::schema::{
    APPLIED, AppliedMigration, Schema, SchemaRange, check_range, has_all, migration_error,
};
use async_trait::async_trait;
use sqlx::{Pool, query_as, query_scalar};

#[async_trait]
impl Schema for Store {
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut migrations = Self::migrations();
        // A schema of a later version is accepted within its range: migrations only add, so that
        // the version before still runs.
        migrations.set_ignore_missing(true);
        let program = migrations.iter().map(|migration| migration.version).max().unwrap_or(0);
        let (range, has_migrations) = self.reads().ask(state).await?;
        check_range(range, has_migrations, program)?;
        if self.is_current().await? {
            return Ok(());
        }
        let pool = self.migrating();
        let migrated = migrations.run(&pool).await;
        Self::end_migration(pool).await;
        migrated.map_err(|error| migration_error(error, program))
    }

    async fn is_current(&self) -> Result<bool, StoreError> {
        let applied = self.reads().ask(applied).await?;
        Ok(has_all(&Self::migrations(), &applied))
    }

    async fn schema_range(&self) -> Result<Option<SchemaRange>, StoreError> {
        Ok(self.reads().ask(state).await?.0)
    }
}

/// Returns the range that the schema states, and whether any migration was applied.
async fn state(pool: &Pool<Db>) -> Result<(Option<SchemaRange>, bool), StoreError> {
    let doing = doing("reading the version of the schema");
    let exists = async |table: &'static str| {
        query_scalar::<_, bool>(TABLE_EXISTS).bind(table).fetch_one(pool).await.map_err(&doing)
    };
    if !exists("schema_versions").await? {
        return Ok((None, exists("claims").await?));
    }
    let (version, oldest_program) =
        query_as("SELECT max(version), max(oldest_program) FROM schema_versions")
            .fetch_one(pool)
            .await
            .map_err(&doing)?;
    Ok((Some(SchemaRange { version, oldest_program }), true))
}

/// Returns the migrations that the database has; none without a schema.
async fn applied(pool: &Pool<Db>) -> Result<Vec<AppliedMigration>, StoreError> {
    let doing = doing("reading the version of the schema");
    let table = query_scalar(TABLE_EXISTS).bind("_sqlx_migrations").fetch_one(pool).await;
    if !table.map_err(&doing)? {
        return Ok(Vec::new());
    }
    query_as(APPLIED).fetch_all(pool).await.map_err(doing)
}
