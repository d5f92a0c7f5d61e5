//! Which database, by its URL.

use super::columns::doing;
use super::postgres::PostgresStore;
use super::sqlite::SqliteStore;
use super::{SharedStore, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of the embedded gateway, in the data directory.
const FILE: &str = "gateway.db";

/// An open database, known by its kind: the rooms of the store that keep tables of their own reach
/// its connections through it.
#[derive(Debug, Clone)]
pub enum Database {
    /// Embedded.
    Sqlite(Arc<SqliteStore>),
    /// Production.
    Postgres(Arc<PostgresStore>),
}

impl Database {
    /// Opens `postgres://…` or `postgresql://…` with at most `max_connections`, `sqlite:PATH`, or
    /// `<data_dir>/gateway.db` when no URL is given. The schema is brought up by
    /// [`super::Store::migrate`].
    pub async fn open(
        url: Option<&str>,
        data_dir: &Path,
        max_connections: u32,
    ) -> Result<Self, StoreError> {
        match url {
            None => Self::open_file(data_dir.join(FILE)).await,
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Postgres(Arc::new(PostgresStore::connect(url, max_connections).await?)))
            }
            Some(url) => match url.strip_prefix("sqlite:") {
                Some(path) => {
                    Self::open_file(PathBuf::from(path.strip_prefix("//").unwrap_or(path))).await
                }
                None => Err(StoreError::UnsupportedUrl {
                    scheme: url.split_once(':').map_or("", |(scheme, _)| scheme).to_owned(),
                }),
            },
        }
    }

    async fn open_file(path: PathBuf) -> Result<Self, StoreError> {
        if let Some(parent) = path.parent() {
            let made = tokio::fs::create_dir_all(parent).await;
            made.map_err(|e| doing("making the directory of the SQLite file")(sqlx::Error::Io(e)))?;
        }
        Ok(Self::Sqlite(Arc::new(SqliteStore::open(&path).await?)))
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> SharedStore {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as SharedStore,
            Self::Postgres(store) => Arc::clone(store) as SharedStore,
        }
    }
}
