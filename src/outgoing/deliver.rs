//! Delivers return files: each file of the store is written once, whole, to `out/<recipient>/`.
//!
//! A file gets its name only when it is complete: it is written under a hidden name, flushed, then
//! renamed. A crash between the rename and the commit of `delivered_at` writes the same bytes under
//! the same name again. Two replicas may deliver one file at the same time: each uses a hidden name
//! of its own.

use crate::arl;
use crate::clock::SharedClock;
use crate::domain::ReturnFile;
use crate::files::write_whole;
use crate::kill_point;
use crate::store::{SharedStore, StoreError};
use crate::vault::{Vault, VaultError};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Age at which a partial file belongs to no living process: writing one takes milliseconds.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);

/// Files written in one step.
const BATCH: usize = 100;

/// Why a file was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The database failed.
    #[error("asking the store")]
    Store(#[from] StoreError),
    /// A sealed body could not be opened.
    #[error("opening return file {name}")]
    Vault {
        /// Name of the file.
        name: String,
        /// Cause.
        #[source]
        source: VaultError,
    },
    /// The directory could not be written.
    #[error("writing {path}")]
    Io {
        /// File or directory.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
}

/// Writes the undelivered files, oldest first, and returns their number. A recipient whose
/// directory cannot be written does not delay the others: the first failure is returned after the
/// batch.
pub async fn step(
    store: &SharedStore,
    vault: &Arc<Vault>,
    clock: &SharedClock,
    out: &Path,
) -> Result<usize, DeliverError> {
    let (mut delivered, mut failure) = (0, None);
    for file in store.return_files_to_deliver(BATCH).await? {
        kill_point::reach("deliver.begun");
        let (id, attempt_id, vault, dir) =
            (file.id, clock.new_id(), Arc::clone(vault), out.join(&file.recipient));
        let writing = tokio::task::spawn_blocking({
            let dir = dir.clone();
            move || write(&file, &vault, &dir, attempt_id)
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

fn write(
    file: &ReturnFile,
    vault: &Vault,
    dir: &Path,
    attempt_id: Uuid,
) -> Result<(), DeliverError> {
    let bytes = arl::open(file, vault)
        .map_err(|source| DeliverError::Vault { name: file.file_name.clone(), source })?;
    write_whole(dir, &file.file_name, &bytes, attempt_id)
        .map_err(|source| DeliverError::Io { path: dir.join(&file.file_name), source })
}

/// Removes partial files of killed processes under `out` and returns their number: they may name
/// persons. A file changed within `ABANDONED_AFTER` may still be open in a replica and stays.
pub fn sweep(out: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for dir in entries(out)? {
        for path in entries(&dir)?.into_iter().filter(|path| is_partial(path)) {
            let age = path
                .metadata()
                .and_then(|m| m.modified())
                .map(|touched| touched.elapsed().unwrap_or_default());
            if age.is_ok_and(|age| age > ABANDONED_AFTER) {
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

/// Returns whether [`write_whole`] gave this name: `.<file>.<attempt>.part`.
fn is_partial(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .and_then(|n| n.strip_prefix('.')?.strip_suffix(".part"));
    name.and_then(|n| n.rsplit_once('.'))
        .is_some_and(|(_, attempt_id)| Uuid::try_parse(attempt_id).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::SystemTime;

    #[test]
    fn only_abandoned_partial_files_are_swept() {
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
