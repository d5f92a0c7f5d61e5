//! Delivery: return files of the store are written to `out/<recipient>/`, each once, whole.
//!
//! A file appears under its name only when it is complete (written aside, flushed, renamed). A crash between the rename and the mark writes the same bytes under
//! the same name again. Replicas, or `ingest` beside `serve`, may deliver one file at the same time: each writes aside under a name of its own.

use super::arl;
use crate::clock::SharedClock;
use crate::domain::ReturnFile;
use crate::kill_point;
use crate::store::{SharedStore, StoreError};
use crate::vault::{Vault, VaultError};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

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

/// Writes the files that wait, oldest first. Answers how many. A recipient whose directory cannot be written does not hold up the others: the
/// first failure is answered when they have been served.
pub async fn step(store: &SharedStore, vault: &Arc<Vault>, clock: &SharedClock, out: &Path) -> Result<usize, DeliverError> {
    let (mut delivered, mut failure) = (0, None);
    for file in store.returns_to_deliver(BATCH).await? {
        kill_point::reach("deliver.begun");
        let (id, try_id, vault, dir) = (file.id, clock.new_id(), Arc::clone(vault), out.join(&file.recipient));
        let writing = tokio::task::spawn_blocking({
            let dir = dir.clone();
            move || write(&file, &vault, &dir, try_id)
        });
        match writing.await.unwrap_or_else(|e| Err(DeliverError::Io { path: dir, source: io::Error::other(e) })) {
            Ok(()) => {
                kill_point::reach("deliver.placed");
                store.mark_delivered(id, clock.now()).await?;
                kill_point::reach("deliver.marked");
                delivered += 1;
            }
            Err(e) => failure = failure.or(Some(e)),
        }
    }
    failure.map_or(Ok(delivered), Err)
}

fn write(file: &ReturnFile, vault: &Vault, dir: &Path, try_id: Uuid) -> Result<(), DeliverError> {
    let bytes = arl::open(file, vault).map_err(|source| DeliverError::Vault { name: file.file_name.clone(), source })?;
    place(dir, &file.file_name, &bytes, try_id).map_err(|source| DeliverError::Io { path: dir.join(&file.file_name), source })
}

/// Puts a file whole under its name, over the same one if it is there. `try_id` is no other writer's.
pub fn place(dir: &Path, name: &str, bytes: &[u8], try_id: Uuid) -> io::Result<()> {
    let aside = dir.join(format!(".{name}.{try_id}.part"));
    let placed = fs::create_dir_all(dir).and_then(|()| whole(&aside, &dir.join(name), dir, bytes));
    if placed.is_err() {
        // Nothing better can be done with what could not be written: the next try has a name of its own.
        let _ = fs::remove_file(&aside);
    }
    placed
}

fn whole(aside: &Path, path: &Path, dir: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    kill_point::reach("deliver.aside");
    fs::rename(aside, path)?;
    File::open(dir)?.sync_all()
}
