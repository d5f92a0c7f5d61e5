//! PostgreSQL: the production shape.

use super::StoreError;

/// Placeholder.
#[derive(Debug)]
pub struct PostgresStore;
impl PostgresStore {
    /// Connects.
    pub async fn connect(_url: &str, _max: u32) -> Result<Self, StoreError> {
        Err(StoreError::Spoiled)
    }
}
