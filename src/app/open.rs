//! Opens an installation: database, vault key and archive.

use super::database::{database, location};
use super::{App, BadSetting, access, key, mark};
use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::conventionnement::Conventionnement;
use crate::files;
use crate::ingest::{Ingest, Limits};
use crate::store::Database;
use crate::vault::{KeyOrigin, KeySource, Vault, VaultError};
use anyhow::{Context, Result};
use std::sync::Arc;
use tracing::warn;

/// The settings name a database that does not exist.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no installation in {looked_in}: name one by --data-dir, NOEMIE_DATA_DIR or \
     database_url; serve, ingest, finess import, conventions import, migrate and demo create one"
)]
pub struct NoInstallation {
    /// Data directory or database URL that was examined, without password.
    pub looked_in: String,
}

impl App {
    /// Opens the installation, creates it when there is none, and brings its schema to this
    /// version. [`App::created`] says whether it was created.
    pub async fn open(config: Config, clock: SharedClock) -> Result<Self> {
        let existing = database(&config).await?;
        if existing.is_none() {
            refuse_archive_without_database(&config)?;
        }
        let created = existing.is_none().then(|| location(&config));
        // An embedded gateway makes its key; replicas on one server would make one each.
        let file = config.is_on_a_server().then(|| config.key_file());
        let source = KeySource::from_settings(
            config.vault_key.clone(),
            config.vault_key_file.clone().or(file),
        );
        // A key that does not open leaves no database behind.
        let vault = vault(source, &config, existing.as_ref()).await?;
        files::create_directory(&config.data_dir)
            .with_context(|| format!("making the data directory {}", config.data_dir.display()))?;
        access::share_return_files(&config)?;
        let (url, connections) = (config.database_url.as_deref(), config.database_connections);
        let database = match existing {
            Some(database) => database,
            None => Database::open(url, &config.data_dir, connections)
                .await
                .context("opening the database")?,
        };
        let app = Self { created, ..Self::build(config, clock, database, vault).await? };
        app.checked().await?.on_its_sink().await
    }

    /// Opens the installation and brings its schema to this version.
    ///
    /// # Errors
    /// [`NoInstallation`] when there is none; no file, key or table is created then.
    pub async fn open_existing(config: Config, clock: SharedClock) -> Result<Self> {
        Self::open_on_any_sink(config, clock).await?.on_its_sink().await
    }

    /// Opens the installation as [`Self::open_existing`] does, but for a command that puts the sink
    /// of the settings in force: another sink may be in force still.
    pub async fn open_on_any_sink(config: Config, clock: SharedClock) -> Result<Self> {
        let Some(database) = database(&config).await? else {
            return Err(NoInstallation { looked_in: location(&config) }.into());
        };
        let source = KeySource::from_settings(config.vault_key.clone(), Some(config.key_file()));
        let vault = vault(source, &config, Some(&database)).await?;
        Self::build(config, clock, database, vault).await?.checked().await
    }

    /// Opens the installation without a change of its schema, for a role of the database that may
    /// not create tables.
    ///
    /// # Errors
    /// [`NoInstallation`] when there is none; [`BadSetting`] when the schema is of another version.
    pub async fn open_migrated(config: Config, clock: SharedClock) -> Result<Self> {
        let Some(database) = database(&config).await? else {
            return Err(NoInstallation { looked_in: location(&config) }.into());
        };
        if !database.store().is_current().await.context("reading the version of the schema")? {
            let what = format!(
                "--no-migrate: {} is not at the version of this program: run `noemie-gateway \
                 migrate` first, as the owner of the tables",
                location(&config)
            );
            return Err(BadSetting(what).into());
        }
        drop(database);
        access::share_return_files(&config)?;
        Self::open_existing(config, clock).await
    }

    /// Logs where the installation and its vault key were created, if this start created them.
    pub fn log_creation(&self) {
        if let Some(place) = &self.created {
            warn!("a new installation was created in {place}");
        }
        if let KeyOrigin::Created(path) = &self.key_origin {
            warn!(
                path = %path.display(),
                "a vault key was created: keep a copy of it, nothing opens the vault without it"
            );
        }
    }

    async fn build(
        config: Config,
        clock: SharedClock,
        database: Database,
        (vault, key_origin): (Vault, KeyOrigin),
    ) -> Result<Self> {
        access::close_to_others(&config);
        let vault = Arc::new(vault);
        let store = database.store();
        store.migrate().await.context("bringing the database to this version")?;
        let sealing = Arc::clone(&vault);
        store.seal_with(Arc::new(move |fields: &[&str]| sealing.row_digest(fields)));
        let archive = Arc::new(Archive::new(config.archive_dir(), Arc::clone(&vault)));
        let limits = Limits { file_bytes: config.max_file_bytes, ..Limits::default() };
        let ingest = Ingest::new(
            Arc::clone(&store),
            Arc::clone(&vault),
            Arc::clone(&archive),
            Arc::clone(&clock),
            limits,
        );
        let ingest = Arc::new(ingest.with_real_senders(config.real_senders()));
        let conventionnement =
            Arc::new(Conventionnement::new(database.conventions(), Arc::clone(&clock)));
        let created = None;
        let reason_codes = super::reason_codes::table(&config)?;
        Ok(Self {
            config,
            clock,
            store,
            vault,
            archive,
            ingest,
            conventionnement,
            reason_codes,
            key_origin,
            created,
        })
    }

    /// Marks the installation when nobody did, and refuses a vault key that is not its own.
    async fn checked(self) -> Result<Self> {
        if self.store.installation().await?.is_none() {
            key::check(self.store.as_ref(), &self.vault, &self.archive, &self.key_origin).await?;
            mark::write_first(&self).await?;
        }
        mark::check_key(&self).await?;
        Ok(self)
    }

    /// Refuses settings that name another sink than the one in force.
    async fn on_its_sink(self) -> Result<Self> {
        mark::check_sink(&self).await?;
        Ok(self)
    }
}

async fn vault(
    source: KeySource,
    config: &Config,
    existing: Option<&Database>,
) -> Result<(Vault, KeyOrigin)> {
    match Vault::open(source, &config.data_dir) {
        Err(failure @ VaultError::MalformedKey) => {
            Err(failure).context(BadSetting("vault_key or its file".to_owned()))
        }
        Err(failure) => match failure.missing_key_file() {
            Some(path) => Err(key::missing(path, existing, config).await),
            None => Err(failure).context("opening the vault"),
        },
        Ok(opened) => Ok(opened),
    }
}

/// Refuses to make a new installation beside the archive of another one: the database is lost, or
/// the settings name the wrong place.
fn refuse_archive_without_database(config: &Config) -> Result<()> {
    let dir = config.archive_dir();
    let found = Archive::mark_in(&dir)
        .with_context(|| format!("reading the mark of the archive in {}", dir.display()))?;
    let Some(id) = found else { return Ok(()) };
    let what = format!(
        "the archive in {} belongs to installation {id}, and there is no database in {}: put the \
         database of that installation back (see \"After a restore\" in docs/operations.md), or \
         name another data directory; nothing was created",
        dir.display(),
        location(config)
    );
    Err(BadSetting(what).into())
}
