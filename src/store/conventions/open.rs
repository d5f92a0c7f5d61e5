//! The conventions of an open database.

use super::ConventionStore;
use crate::store::Database;
use std::sync::Arc;

impl Database {
    /// Register and conventions, on the connections of the store.
    #[must_use]
    pub fn conventions(&self) -> Arc<dyn ConventionStore> {
        match self {
            Self::Sqlite(store) => Arc::new(store.conventions()),
            Self::Postgres(store) => Arc::new(store.conventions()),
        }
    }
}
