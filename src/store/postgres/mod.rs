//! PostgreSQL: the production shape.

use super::StoreError;
#[derive(Debug)]
pub struct PostgresStore;
impl PostgresStore {
    pub async fn connect(_url: &str, _max: u32) -> Result<Self, StoreError> {
        Err(StoreError::Spoiled)
    }
    pub(in crate::store) fn pool(&self) -> &sqlx::PgPool {
        unreachable!()
    }
}
