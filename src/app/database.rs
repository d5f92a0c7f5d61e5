//! The database that the settings name.

use super::BadSetting;
use crate::config::Config;
use crate::store::{Database, StoreError};
use anyhow::{Context, Result};
use std::path::absolute;

/// Opens the database of the settings; `None` when it does not exist, and nothing is created then.
pub(super) async fn database(config: &Config) -> Result<Option<Database>> {
    let (url, connections) = (config.database_url.as_deref(), config.database_connections);
    let opened: Result<_, StoreError> =
        Database::open_existing(url, &config.data_dir, connections).await;
    match opened {
        Err(failure @ StoreError::UnsupportedUrl { .. }) => {
            Err(failure).context(BadSetting("database_url".to_owned()))
        }
        opened => opened.context("opening the database"),
    }
}

/// Returns the location of the installation for messages: the URL without its password, or the
/// absolute data directory.
pub(super) fn location(config: &Config) -> String {
    config.masked().database_url.unwrap_or_else(|| {
        let dir = &config.data_dir;
        absolute(dir).unwrap_or_else(|_| dir.clone()).display().to_string()
    })
}
