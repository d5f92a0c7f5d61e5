//! Delivery: return files of the store are written to `out/<recipient>/`, each once, whole.
//!
//! A file appears under its name only when it is complete (written aside, flushed, renamed). A
//! crash between the rename and the mark writes the same bytes under the same name again. Replicas,
//! or `ingest` beside `serve`, may deliver one file at the same time: each writes aside under a
//! name of its own.

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
use std::time::Duration;
use uuid::Uuid;

/// A file half written and untouched for so long belongs to nobody: writing one takes milliseconds.
const LEFT: Duration = Duration::from_secs(60 * 60);

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

/// Writes the files that wait, oldest first. Answers how many. A recipient whose directory cannot
/// be written does not hold up the others: the first failure is answered when they have been
/// served.
pub async fn step(
    store: &SharedStore,
    vault: &Arc<Vault>,
    clock: &SharedClock,
    out: &Path,
) -> Result<usize, DeliverError> {
    let (mut delivered, mut failure) = (0, None);
    for file in store.return_files_to_deliver(BATCH).await? {
        kill_point::reach("deliver.begun");
        let (id, try_id, vault, dir) =
            (file.id, clock.new_id(), Arc::clone(vault), out.join(&file.recipient));
        let writing = tokio::task::spawn_blocking({
            let dir = dir.clone();
            move || write(&file, &vault, &dir, try_id)
        });
        match writing
            .await
            .unwrap_or_else(|e| Err(DeliverError::Io { path: dir, source: io::Error::other(e) }))
        {
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
    let bytes = arl::open(file, vault)
        .map_err(|source| DeliverError::Vault { name: file.file_name.clone(), source })?;
    place(dir, &file.file_name, &bytes, try_id)
        .map_err(|source| DeliverError::Io { path: dir.join(&file.file_name), source })
}

/// Removes what killed processes left half written under `out`: hidden, never anybody's, and naming
/// persons. Answers how many. A file touched within `LEFT` may still be in the hands of a replica.
pub fn sweep(out: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for dir in entries(out)? {
        for path in entries(&dir)?.into_iter().filter(|path| is_aside(path)) {
            let age = path
                .metadata()
                .and_then(|m| m.modified())
                .map(|touched| touched.elapsed().unwrap_or_default());
            if age.is_ok_and(|age| age > LEFT) {
                fs::remove_file(&path)?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn entries(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        found => found?.map(|entry| entry.map(|e| e.path())).collect(),
    }
}

/// Whether [`place`] gave this name: `.<file>.<try>.part`.
fn is_aside(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .and_then(|n| n.strip_prefix('.')?.strip_suffix(".part"));
    name.and_then(|n| n.rsplit_once('.')).is_some_and(|(_, try_id)| Uuid::try_parse(try_id).is_ok())
}

/// Puts a file whole under its name, over the same one if it is there. `try_id` is no other
/// writer's.
pub fn place(dir: &Path, name: &str, bytes: &[u8], try_id: Uuid) -> io::Result<()> {
    let aside = dir.join(format!(".{name}.{try_id}.part"));
    let placed = fs::create_dir_all(dir).and_then(|()| whole(&aside, &dir.join(name), dir, bytes));
    if placed.is_err() {
        // Nothing better can be done with what could not be written: the next try has a name of its
        // own.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn only_what_was_left_half_written_is_swept() {
        let out = tempfile::tempdir().expect("a directory");
        let dir = out.path().join("oct1");
        fs::create_dir(&dir).expect("a directory");
        let id = Uuid::from_u128(7);
        let (old, new) = (format!(".ARL_1.noemie.{id}.part"), format!(".ARL_2.noemie.{id}.part"));
        for name in [old.as_str(), &new, "ARL_3.noemie", ".hidden.part", ".part"] {
            fs::write(dir.join(name), b"x").expect("a file");
            if name != new {
                let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
                File::options()
                    .append(true)
                    .open(dir.join(name))
                    .and_then(|f| f.set_modified(long_ago))
                    .expect("a time");
            }
        }
        assert_eq!(sweep(out.path()).expect("swept"), 1);
        assert!(
            !dir.join(old).exists()
                && dir.join(new).exists()
                && fs::read_dir(&dir).expect("reads").count() == 4
        );
        assert_eq!(sweep(&out.path().join("none")).expect("nothing there"), 0);
    }
}
