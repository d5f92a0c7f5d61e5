//! The schema and its versions.

use super::error::StoreError;
use async_trait::async_trait;

/// Migrates the schema.
#[async_trait]
pub trait Schema: Send + Sync {
    /// Migrates the schema to this version. A migration only adds, because a replica of the version
    /// before may be at work, and a schema of a later version is left as it is.
    async fn migrate(&self) -> Result<(), StoreError>;
}
