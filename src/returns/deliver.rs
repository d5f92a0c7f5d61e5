//! Delivery: return files of the store are written to `out/<recipient>/`, each once, whole.
//!
//! A file appears under its name only when it is complete (written aside, flushed, renamed). A crash between the rename and the mark writes the same bytes under
//! the same name again.

use super::arl;
use crate::clock::SharedClock;
use crate::domain::ReturnFile;
use crate::store::{SharedStore, StoreError};
use crate::vault::{Vault, VaultError};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Files written in one step.
const BATCH: usize = 100;

/// Why a file was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sealed body could not be opened.
    #[error("opening return file {name}")]
    Vault {
        /// Name of the file.
        name: String,
        /// Why.
        #[source]
        source: VaultError,
    },
    /// The directory could not be written.
    #[error("writing {path}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Writes the files that wait, oldest first. Answers how many.
pub async fn step(store: &SharedStore, vault: &Vault, clock: &SharedClock, out: &Path) -> Result<usize, DeliverError> {
    let files = store.returns_to_deliver(BATCH).await?;
    for file in &files {
        write(file, vault, out)?;
        store.mark_delivered(file.id, clock.now()).await?;
    }
    Ok(files.len())
}

fn write(file: &ReturnFile, vault: &Vault, out: &Path) -> Result<(), DeliverError> {
    let bytes = arl::open(file, vault).map_err(|source| DeliverError::Vault { name: file.file_name.clone(), source })?;
    let dir = out.join(&file.recipient);
    let (aside, path) = (dir.join(format!(".{}.part", file.file_name)), dir.join(&file.file_name));
    let written = fs::create_dir_all(&dir).and_then(|()| whole(&aside, &path, &dir, &bytes));
    written.map_err(|source| DeliverError::Io { path, source })
}

fn whole(aside: &Path, path: &Path, dir: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(aside, path)?;
    File::open(dir)?.sync_all()
}
