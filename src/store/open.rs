//! Opens the database that a URL names.

use super::codec::doing;
use super::postgres::PostgresStore;
use super::sqlite::SqliteStore;
use super::{SharedStore, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of the embedded gateway, in the data directory.
const FILE: &str = "gateway.db";

/// An open database, by kind. The store of conventions uses its connections.
#[derive(Debug, Clone)]
pub enum Database {
    /// The embedded database.
    Sqlite(Arc<SqliteStore>),
    /// The production database.
    Postgres(Arc<PostgresStore>),
}

impl Database {
    /// Opens `postgres://…` or `postgresql://…` with at most `max_connections`, `sqlite:PATH`, or
    /// `<data_dir>/gateway.db` when no URL is given. An absent SQLite file is created. The schema
    /// is brought up by [`Schema::migrate`](super::Schema::migrate).
    pub async fn open(
        url: Option<&str>,
        data_dir: &Path,
        max_connections: u32,
    ) -> Result<Self, StoreError> {
        match Location::of(url, data_dir)? {
            Location::File(path) => Self::open_file(path).await,
            Location::Server(url) => {
                Ok(Self::Postgres(Arc::new(PostgresStore::connect(url, max_connections).await?)))
            }
        }
    }

    /// Opens the database only if it exists: returns `None`, and creates nothing, when the SQLite
    /// file is absent or the PostgreSQL database has no schema of the gateway.
    pub async fn open_existing(
        url: Option<&str>,
        data_dir: &Path,
        max_connections: u32,
    ) -> Result<Option<Self>, StoreError> {
        match Location::of(url, data_dir)? {
            Location::File(path) if !path.exists() => Ok(None),
            Location::File(path) => Self::open_file(path).await.map(Some),
            Location::Server(url) => {
                let store = PostgresStore::connect(url, max_connections).await?;
                Ok(store.has_schema().await?.then(|| Self::Postgres(Arc::new(store))))
            }
        }
    }

    async fn open_file(path: PathBuf) -> Result<Self, StoreError> {
        if let Some(parent) = path.parent() {
            let made = tokio::fs::create_dir_all(parent).await;
            made.map_err(|e| doing("making the directory of the SQLite file")(sqlx::Error::Io(e)))?;
        }
        Ok(Self::Sqlite(Arc::new(SqliteStore::open(&path).await?)))
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> SharedStore {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as SharedStore,
            Self::Postgres(store) => Arc::clone(store) as SharedStore,
        }
    }
}

/// Location of a database.
enum Location<'a> {
    File(PathBuf),
    Server(&'a str),
}

impl<'a> Location<'a> {
    fn of(url: Option<&'a str>, data_dir: &Path) -> Result<Self, StoreError> {
        let Some(url) = url else { return Ok(Self::File(data_dir.join(FILE))) };
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Server(url));
        }
        match url.strip_prefix("sqlite:") {
            Some(path) => Ok(Self::File(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))),
            None => Err(StoreError::UnsupportedUrl {
                scheme: url.split_once("://").map_or("", |(scheme, _)| scheme).to_owned(),
            }),
        }
    }
}
