//! Checks that the vault key is the key that sealed the data, and makes the key of a new
//! installation when an operator asks for it.

use super::BadSetting;
use super::database::{database, location};
use crate::archive::Archive;
use crate::config::Config;
use crate::domain::Scope;
use crate::store::{ClaimFilter, Database, Store, StoreError};
use crate::vault::{KeyOrigin, Vault, VaultError, create_key_file};
use anyhow::{Context, Error, Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Refuses a key that did not seal the data: under another key every invoice would look new, and no
/// sealed bytes would open.
pub(super) async fn check(
    store: &dyn Store,
    vault: &Vault,
    archive: &Arc<Archive>,
    origin: &KeyOrigin,
) -> Result<()> {
    if is_right(store, vault, archive).await? != Some(false) {
        return Ok(());
    }
    refuse(origin)
}

/// Makes the vault key of a new installation in the file that the settings name, and returns its
/// path. No start on PostgreSQL makes a key: two replicas would make two.
pub async fn create_key(config: &Config) -> Result<PathBuf> {
    let path = config.key_file();
    if config.vault_key.is_some() {
        let what = "vault_key is set: the installation has its key already, and none is made";
        bail!(BadSetting(what.to_owned()));
    }
    if let Some(database) = database(config).await?
        && let Some((mark, _)) = database.store().installation().await?
    {
        bail!(BadSetting(format!(
            "the database in {} has its vault key (id {}): a new key would open nothing of it; put \
             that key in {}, from a replica or from your copy",
            location(config),
            mark.key_id,
            path.display()
        )));
    }
    match create_key_file(&path) {
        Err(exists @ VaultError::KeyExists(_)) => Err(BadSetting(exists.to_string()).into()),
        made => made.map(|()| path).context("making the vault key"),
    }
}

/// Returns the refusal of a start without the key file `path`: it says how to make the key of a
/// new installation, or to put back that of an installation that exists.
pub(super) async fn missing(path: &Path, existing: Option<&Database>, config: &Config) -> Error {
    let is_marked = match existing {
        Some(database) => matches!(database.store().installation().await, Ok(Some(_))),
        None => false,
    };
    if is_marked {
        return no_longer_there(path).context(BadSetting("vault_key_file".to_owned()));
    }
    let why = if config.is_on_a_server() {
        "on PostgreSQL none is made by itself"
    } else {
        "mend vault_key_file"
    };
    BadSetting(format!(
        "there is no vault key in {}: {why}; for a new installation run `noemie-gateway key \
         create` once, and give the same key to every replica (vault_key_file)",
        path.display()
    ))
    .into()
}

fn no_longer_there(path: &Path) -> Error {
    anyhow!(
        "this database was sealed under a vault key that is not there: put it back in {}, or name \
         it by vault_key_file or vault_key",
        path.display()
    )
}

/// Returns the refusal of a key that is not the one of the installation.
pub(super) fn refuse(origin: &KeyOrigin) -> Result<()> {
    if let KeyOrigin::Created(path) = origin {
        // The key that this start created sealed no data. Left in its file, the key would be taken
        // for the lost one.
        std::fs::remove_file(path)
            .with_context(|| format!("removing the key just made in {}", path.display()))?;
        return Err(no_longer_there(path));
    }
    bail!(
        "the vault key is not the one that sealed this database: give the first one by \
         vault_key_file or vault_key"
    )
}

/// Returns whether the key opens the newest return file, claim or archived file, whichever is
/// readable first; `None` when none is. A file that is damaged, or on the disk of another machine,
/// proves neither. The archived file of a staged deposit exists before any other row.
async fn is_right(
    store: &dyn Store,
    vault: &Vault,
    archive: &Arc<Archive>,
) -> Result<Option<bool>, StoreError> {
    let file = store.return_files(&Scope::everything(), None, None, None, 1).await?.items.pop();
    let claim =
        store.claims(&Scope::everything(), &ClaimFilter::default(), None, 1).await?.items.pop();
    let sealed = [file.map(|file| file.sealed), claim.map(|claim| claim.vault)];
    if let Some(right) =
        sealed.into_iter().flatten().find_map(|sealed| vault.is_under_this_key(&sealed))
    {
        return Ok(Some(right));
    }
    let exchange = store
        .exchanges(&Scope::everything(), None, None, 1)
        .await?
        .items
        .pop()
        .map(|exchange| exchange.archive_name);
    let staged = store.staged_deposits(1).await?.pop().map(|deposit| deposit.archive_name);
    for name in exchange.into_iter().chain(staged) {
        let archive = Arc::clone(archive);
        let opened = tokio::task::spawn_blocking(move || archive.open(&name).map(|_| ())).await;
        let right = match opened {
            Ok(Ok(())) => Some(true),
            Ok(Err(failure)) if is_other_key(&failure) => Some(false),
            Ok(Err(_)) | Err(_) => None,
        };
        if right.is_some() {
            return Ok(right);
        }
    }
    Ok(None)
}

fn is_other_key(failure: &std::io::Error) -> bool {
    failure
        .get_ref()
        .and_then(|why| why.downcast_ref())
        .is_some_and(|why| matches!(why, VaultError::OtherKey))
}
