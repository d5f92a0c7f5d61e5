//! Drop directory: `in/<sender>/<file>`.
//!
//! A file is deposited when it has settled (`settling.rs`). Names that begin with a dot or end in
//! `.tmp`, `.part` or `.filepart` are being written and are never touched. Once its exchange is
//! committed the file is removed, unless it changed since it was read; the archive keeps the
//! bytes, encrypted. A name that comes back is a new deposit, and the same bytes get the first
//! receipt again. Two replicas may watch one directory: the store accepts a file once. An entry
//! that can never be deposited (no sender, a link, a directory that cannot be read) is logged once
//! and does not stop the others.

mod copy;
mod dropped_file;
mod listing;
mod settling;

use super::{Deposit, Ingest, IngestError, Receipt};
use crate::domain::{Channel, FileName};
use crate::error_chain::Chain;
use crate::files::write_whole;
use crate::kill_point;
use crate::reading::blocking;
use dropped_file::{DroppedFile, Fingerprint};
use listing::list;
use settling::SettlingFiles;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub use settling::SETTLE_TIME;

/// Scans for which a file that failed is left alone: a full disk must not become a busy loop.
const BACKOFF_SCANS: u32 = 20;

/// Watches a drop directory.
pub struct DropDir {
    root: PathBuf,
    /// Directory that gets the first ARL of a repeated file again.
    out: Option<PathBuf>,
    settling: SettlingFiles,
    /// Scans that each file that failed has still to wait.
    backoffs: HashMap<PathBuf, u32>,
    /// Entries that cannot be deposited, with the reason in the log.
    skipped: BTreeMap<PathBuf, String>,
}

impl DropDir {
    /// Returns a watcher of `root`, whose sub-directories are named after the senders.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            out: None,
            settling: SettlingFiles::default(),
            backoffs: HashMap::new(),
            skipped: BTreeMap::new(),
        }
    }

    /// Puts the first ARL of a repeated file in `out/<sender>/` again.
    #[must_use]
    pub fn answering_in(mut self, out: impl Into<PathBuf>) -> Self {
        self.out = Some(out.into());
        self
    }

    /// Scans the directory once and deposits every settled file, oldest first. Returns how many
    /// were deposited. Once `stop` is cancelled, the deposit under way is the last one.
    pub async fn step(&mut self, ingest: &Ingest, stop: &CancellationToken) -> usize {
        let root = self.root.clone();
        let listing = blocking(move || list(&root)).await;
        self.log_skipped(listing.skipped);
        self.backoffs.retain(|_, scans| {
            *scans -= 1;
            *scans > 0
        });
        let mut deposited = 0;
        for file in self.settling.settled(listing.files) {
            if stop.is_cancelled() {
                break;
            }
            if self.backoffs.contains_key(&file.path) {
                continue;
            }
            match self.deposit(ingest, &file).await {
                Ok(is_deposited) => {
                    self.settling.forget(&file.path);
                    deposited += usize::from(is_deposited);
                }
                Err(failure) => {
                    log_failure(&file, &failure);
                    self.backoffs.insert(file.path, BACKOFF_SCANS);
                }
            }
        }
        deposited
    }

    /// Logs entries that cannot be deposited, each once for as long as it is there.
    fn log_skipped(&mut self, skipped: BTreeMap<PathBuf, String>) {
        let logged = &self.skipped;
        for (path, why) in skipped.iter().filter(|(path, why)| logged.get(*path) != Some(*why)) {
            let name = FileName::from(path.as_path());
            warn!(%name, %why, "entry of the drop directory skipped");
        }
        self.skipped = skipped;
    }

    /// Deposits a file and removes it. Returns whether the file was still there, unchanged, once it
    /// was read.
    async fn deposit(&self, ingest: &Ingest, file: &DroppedFile) -> Result<bool, IngestError> {
        let deposit = Deposit {
            sender: file.sender.clone(),
            channel: Channel::Drop,
            file_name: file.path.as_path().into(),
            idempotency_key: None,
        };
        kill_point::reach("drop.found");
        let upload = match ingest.upload_file(&file.path, deposit).await {
            // A second replica deposited and removed the file first.
            Err(IngestError::Archive { source, .. })
                if source.kind() == io::ErrorKind::NotFound
                    && Fingerprint::of(&file.path).is_none() =>
            {
                return Ok(false);
            }
            upload => upload?,
        };
        if Fingerprint::of(&file.path) != Some(file.fingerprint) {
            return Ok(false); // The file changed while it was read, and will settle again.
        }
        let receipt = ingest.accept(upload).await?;
        kill_point::reach("drop.accepted");
        self.repeat_arl(ingest, &receipt).await?;
        let (path, fingerprint) = (file.path.clone(), file.fingerprint);
        blocking(move || remove(&path, fingerprint))
            .await
            .map_err(IngestError::archive("removing the deposited file"))?;
        kill_point::reach("drop.removed");
        Ok(true)
    }

    /// Writes the first ARL of a repeated file again: the sender may have fetched and removed the
    /// first copy.
    async fn repeat_arl(&self, ingest: &Ingest, receipt: &Receipt) -> Result<(), IngestError> {
        let Some(out) = self.out.as_ref().filter(|_| receipt.repeated) else { return Ok(()) };
        let (dir, name, bytes, try_id) = (
            out.join(&receipt.arl.recipient),
            receipt.arl.file_name.clone(),
            receipt.arl_body.clone(),
            ingest.clock.new_id(),
        );
        blocking(move || write_whole(&dir, &name, &bytes, try_id))
            .await
            .map_err(IngestError::archive("giving the first ARL again"))
    }
}

fn log_failure(file: &DroppedFile, failure: &IngestError) {
    let (sender, name) = (&file.sender, FileName::from(file.path.as_path()));
    if let IngestError::BlockedBy { exchange } = failure {
        info!(
            %sender, file = %name, behind = %exchange,
            "deposit waits for a staged deposit that has the same invoices"
        );
    } else {
        error!(
            %sender, file = %name, error = %Chain(failure),
            "deposit failed, the file stays in the drop directory"
        );
    }
}

/// Removes a deposited file, unless another file has its name by now: that one is a deposit to
/// come.
fn remove(path: &Path, fingerprint: Fingerprint) -> io::Result<()> {
    if Fingerprint::of(path) != Some(fingerprint) {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(failure) if failure.kind() != io::ErrorKind::NotFound => Err(failure),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_file_put_under_the_name_of_a_deposited_one_is_not_removed() {
        let root = tempfile::tempdir().expect("a directory");
        let (path, next) = (root.path().join("a.b2"), root.path().join(".next"));
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for (file, bytes) in [(&path, b"first"), (&next, b"other")] {
            fs::write(file, bytes).expect("a file");
            let file = fs::File::options().append(true).open(file).expect("the file");
            file.set_modified(old).expect("a time");
        }
        let deposited = Fingerprint::of(&path).expect("a file");
        fs::rename(&next, &path).expect("a rename");
        remove(&path, deposited).expect("no failure");
        assert_eq!(fs::read(&path).expect("still there"), b"other");
        remove(&path, Fingerprint::of(&path).expect("a file")).expect("removed");
        remove(&path, deposited).expect("already gone");
        assert!(!path.exists());
    }
}
