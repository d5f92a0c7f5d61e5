//! The schema and its versions.

use super::error::StoreError;
use async_trait::async_trait;

/// Migrates the schema.
#[async_trait]
pub trait Schema: Send + Sync {
    /// Migrates the schema to this version. Objects that only earlier versions need stay, because
    /// a replica of the version before may be at work.
    async fn migrate(&self) -> Result<(), StoreError>;

    /// Returns whether the schema still has objects that only earlier versions need.
    async fn serves_older_versions(&self) -> Result<bool, StoreError>;

    /// Removes the objects that only earlier versions need. Refused while a replica of an earlier
    /// version is connected.
    async fn leave_older_versions(&self) -> Result<(), StoreError>;
}
