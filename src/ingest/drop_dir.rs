//! The drop directory: `in/<sender>/<file>`.
//!
//! A file is taken when it stopped changing: same size and same time at two looks, the last change older than [`SETTLE`]. Names that begin with a dot or end
//! in `.tmp`, `.part` or `.filepart` are being written and are never touched. Once its exchange is committed the file is removed: the archive keeps it, encrypted,
//! and a name that comes back is a new deposit (the same bytes get the first receipt again). Two replicas may watch one directory: the store accepts a file once.

use super::{Deposit, Ingest, IngestError, is_sender};
use crate::domain::Channel;
use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// How long a file must have been quiet.
pub const SETTLE: Duration = Duration::from_secs(1);

/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(500);

/// Read size.
const CHUNK: usize = 256 * 1024;

/// Watches a drop directory.
pub struct DropDir {
    root: PathBuf,
    /// What each waiting file looked like.
    seen: HashMap<PathBuf, (u64, SystemTime)>,
    /// Files that failed, and when they may be tried again: a full disk must not become a busy loop.
    resting: HashMap<PathBuf, u32>,
}

/// Looks skipped after a failure.
const REST: u32 = 20;

impl DropDir {
    /// Watches `root`, whose sub-directories are named after the senders.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), seen: HashMap::new(), resting: HashMap::new() }
    }

    /// Watches until told to stop; a deposit under way is finished.
    pub async fn run(mut self, ingest: &Ingest, stop: CancellationToken) {
        info!(directory = %self.root.display(), "watching the drop directory");
        while !stop.is_cancelled() {
            self.step(ingest, &stop).await;
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One look: takes every file that is ready. Answers how many were taken.
    pub async fn step(&mut self, ingest: &Ingest, stop: &CancellationToken) -> usize {
        let ready = self.ready();
        let mut taken = 0;
        for (sender, path) in ready {
            if stop.is_cancelled() {
                break;
            }
            match take(ingest, &sender, &path).await {
                Ok(()) => {
                    self.seen.remove(&path);
                    taken += 1;
                }
                Err(failure) => {
                    error!(sender, error = %Chain(&failure), "deposit failed, the file stays in the drop directory");
                    self.resting.insert(path, REST);
                }
            }
        }
        taken
    }

    /// The files that stopped changing, oldest first.
    fn ready(&mut self) -> Vec<(String, PathBuf)> {
        self.resting.retain(|_, rest| {
            *rest -= 1;
            *rest > 0
        });
        let found = match list(&self.root) {
            Ok(found) => found,
            Err(failure) => {
                warn!(error = %failure, "drop directory could not be read");
                return Vec::new();
            }
        };
        let now = SystemTime::UNIX_EPOCH + wall_clock();
        let mut ready = Vec::new();
        let mut seen = HashMap::new();
        for (sender, path, metadata) in found {
            let look = (metadata.len(), metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
            let quiet = now.duration_since(look.1).unwrap_or_default() >= SETTLE;
            if quiet && self.seen.get(&path) == Some(&look) && !self.resting.contains_key(&path) {
                ready.push((look.1, sender, path.clone()));
            }
            seen.insert(path, look);
        }
        self.seen = seen;
        ready.sort();
        ready.into_iter().map(|(_, sender, path)| (sender, path)).collect()
    }
}

/// File times are the file system's: they are compared with the machine's clock, not with the service's.
#[expect(clippy::disallowed_methods, reason = "compared with file times, which come from the same clock")]
fn wall_clock() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Regular files of the senders' directories, without those being written.
fn list(root: &Path) -> io::Result<Vec<(String, PathBuf, Metadata)>> {
    let mut found = Vec::new();
    for dir in fs::read_dir(root)? {
        let dir = dir?;
        let sender = dir.file_name().to_string_lossy().into_owned();
        if !dir.file_type()?.is_dir() || !is_sender(&sender) {
            continue;
        }
        for entry in fs::read_dir(dir.path())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // A file taken by another replica between the listing and the look is no error.
            if let Some(metadata) = entry.metadata().ok().filter(Metadata::is_file).filter(|_| !is_being_written(&name)) {
                found.push((sender.clone(), entry.path(), metadata));
            }
        }
    }
    Ok(found)
}

fn is_being_written(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with('.') || [".tmp", ".part", ".filepart"].iter().any(|end| lower.ends_with(end))
}

async fn take(ingest: &Ingest, sender: &str, path: &Path) -> Result<(), IngestError> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let deposit = Deposit { sender: sender.to_owned(), channel: Channel::Drop, file_name: name, idempotency_key: String::new() };
    ingest.accept_file(path, deposit).await?;
    match fs::remove_file(path) {
        Err(failure) if failure.kind() != io::ErrorKind::NotFound => Err(IngestError::archive("removing the deposited file")(failure)),
        _ => Ok(()),
    }
}

impl Ingest {
    /// Deposits a file of this machine.
    pub async fn accept_file(&self, path: &Path, deposit: Deposit) -> Result<super::Receipt, IngestError> {
        let mut incoming = self.open(deposit)?;
        let mut file = File::open(path).map_err(IngestError::archive("opening the deposited file"))?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let n = file.read(&mut chunk).map_err(IngestError::archive("reading the deposited file"))?;
            if n == 0 {
                return self.accept(incoming).await;
            }
            incoming.write(&chunk[..n])?;
            tokio::task::yield_now().await;
        }
    }
}

/// Shows an error with its causes, once.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_written_names_are_left_alone() {
        for name in [".hidden", "a.tmp", "a.PART", "a.filepart"] {
            assert!(is_being_written(name), "{name}");
        }
        assert!(!is_being_written("SP_FP_1.b2"));
    }

    #[test]
    fn only_quiet_files_of_senders_are_ready() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("oct1")).expect("a directory");
        fs::write(root.path().join("stray.b2"), b"x").expect("a file");
        let path = root.path().join("oct1/a.b2");
        fs::write(&path, b"x").expect("a file");
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        File::options().append(true).open(&path).expect("the file").set_modified(old).expect("a time");
        let mut drop = DropDir::new(root.path());
        assert!(drop.ready().is_empty(), "seen once only");
        assert_eq!(drop.ready(), [("oct1".to_owned(), path.clone())]);
        fs::write(&path, b"xy").expect("a file");
        assert!(drop.ready().is_empty(), "it changed");
    }
}
