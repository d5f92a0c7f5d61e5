//! The drop directory: `in/<sender>/<file>`.
//!
//! A file is taken when it stopped changing: same size, time and inode at two looks, the last
//! change older than [`SETTLE`]. Names that begin with a dot or end in `.tmp`, `.part` or
//! `.filepart` are being written and are never touched. Once its exchange is committed the file is
//! removed, if it is still the one that was read: the archive keeps it, encrypted. A name that
//! comes back is a new deposit; the same bytes get the first receipt again. Two replicas may watch
//! one directory: the store accepts a file once. What can never be taken (no sender, a link, a
//! directory that cannot be read) is told once, and holds up nobody.

use super::{Deposit, Incoming, Ingest, IngestError, Receipt, blocking, clean_name, is_sender};
use crate::domain::Channel;
use crate::error_chain::Chain;
use crate::kill_point;
use crate::outgoing::deliver;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// How long a file must have been quiet.
pub const SETTLE: Duration = Duration::from_secs(1);

/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(500);

/// Equal looks that stand for [`SETTLE`] when the time of a file tells nothing: it lies ahead of
/// this machine's clock.
const SETTLE_LOOKS: u32 = 4;

/// Read size.
const CHUNK: usize = 256 * 1024;

/// Looks skipped after a failure: a full disk must not become a busy loop.
const REST: u32 = 20;

/// By which a file is known to be the same and unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    size: u64,
    modified: SystemTime,
    device: u64,
    inode: u64,
}

impl Look {
    fn new(metadata: &Metadata) -> Self {
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Self { size: metadata.len(), modified, device: metadata.dev(), inode: metadata.ino() }
    }

    /// The present look of a path; `None` when there is no file any more.
    fn at(path: &Path) -> Option<Self> {
        fs::symlink_metadata(path).ok().filter(Metadata::is_file).map(|m| Self::new(&m))
    }
}

/// A file that stopped changing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ready {
    sender: String,
    path: PathBuf,
    look: Look,
}

/// Watches a drop directory.
pub struct DropDir {
    root: PathBuf,
    /// Where the first ARL of a file deposited again is put again.
    out: Option<PathBuf>,
    /// What each waiting file looked like, and at how many looks before.
    seen: HashMap<PathBuf, (Look, u32)>,
    /// Files that failed, and when they may be tried again.
    resting: HashMap<PathBuf, u32>,
    /// What cannot be taken, and was told.
    told: BTreeMap<PathBuf, String>,
}

impl DropDir {
    /// Watches `root`, whose sub-directories are named after the senders.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            out: None,
            seen: HashMap::new(),
            resting: HashMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Puts the first ARL of a file deposited again in `out/<sender>/` again.
    #[must_use]
    pub fn answering_in(mut self, out: impl Into<PathBuf>) -> Self {
        self.out = Some(out.into());
        self
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
        let root = self.root.clone();
        let listing = blocking(move || list(&root)).await;
        self.tell(listing.left);
        let mut taken = 0;
        for file in self.ready(listing.found) {
            if stop.is_cancelled() {
                break;
            }
            match self.take(ingest, &file).await {
                Ok(was_taken) => {
                    self.seen.remove(&file.path);
                    taken += usize::from(was_taken);
                }
                Err(IngestError::Held { exchange }) => {
                    let (sender, name) = (&file.sender, clean_name(&file_name(&file.path)));
                    info!(sender, file = name, behind = %exchange, "deposit waits for a load that holds the same invoices");
                    self.resting.insert(file.path, REST);
                }
                Err(failure) => {
                    let (sender, name) = (&file.sender, clean_name(&file_name(&file.path)));
                    error!(sender, file = name, error = %Chain(&failure), "deposit failed, the file stays in the drop directory");
                    self.resting.insert(file.path, REST);
                }
            }
        }
        taken
    }

    /// Tells what cannot be taken, once for as long as it is there.
    fn tell(&mut self, left: BTreeMap<PathBuf, String>) {
        for (path, why) in left.iter().filter(|(path, why)| self.told.get(*path) != Some(*why)) {
            warn!(name = clean_name(&file_name(path)), %why, "left alone in the drop directory");
        }
        self.told = left;
    }

    /// The files that stopped changing, oldest first.
    fn ready(&mut self, found: Vec<Ready>) -> Vec<Ready> {
        self.resting.retain(|_, rest| {
            *rest -= 1;
            *rest > 0
        });
        let now = SystemTime::UNIX_EPOCH + wall_clock();
        let mut ready = Vec::new();
        let mut seen = HashMap::new();
        for file in found {
            let looks = self
                .seen
                .get(&file.path)
                .filter(|(look, _)| *look == file.look)
                .map_or(0, |(_, looks)| looks.saturating_add(1));
            let quiet = looks >= SETTLE_LOOKS
                || now.duration_since(file.look.modified).is_ok_and(|age| age >= SETTLE);
            seen.insert(file.path.clone(), (file.look, looks));
            if quiet && looks > 0 && !self.resting.contains_key(&file.path) {
                ready.push(file);
            }
        }
        self.seen = seen;
        ready.sort_by(|a, b| (a.look.modified, &a.path).cmp(&(b.look.modified, &b.path)));
        ready
    }

    /// Deposits a file and removes it. Answers whether it was still there and unchanged once read.
    async fn take(&self, ingest: &Ingest, file: &Ready) -> Result<bool, IngestError> {
        let deposit = Deposit {
            sender: file.sender.clone(),
            channel: Channel::Drop,
            file_name: file_name(&file.path),
            idempotency_key: String::new(),
        };
        kill_point::reach("drop.found");
        let incoming = match ingest.receive_file(&file.path, deposit).await {
            // Another replica was faster.
            Err(IngestError::Archive { source, .. })
                if source.kind() == io::ErrorKind::NotFound && Look::at(&file.path).is_none() =>
            {
                return Ok(false);
            }
            incoming => incoming?,
        };
        if Look::at(&file.path) != Some(file.look) {
            return Ok(false); // It was not whole: it will be quiet again.
        }
        let receipt = ingest.accept(incoming).await?;
        kill_point::reach("drop.accepted");
        self.answer_again(ingest, &receipt).await?;
        let (path, look) = (file.path.clone(), file.look);
        blocking(move || remove(&path, look))
            .await
            .map_err(IngestError::archive("removing the deposited file"))?;
        kill_point::reach("drop.removed");
        Ok(true)
    }

    /// A file deposited again gets its first ARL again, where its sender looks for it: the first
    /// copy may have been fetched and removed.
    async fn answer_again(&self, ingest: &Ingest, receipt: &Receipt) -> Result<(), IngestError> {
        let Some(out) = self.out.as_ref().filter(|_| receipt.repeated) else { return Ok(()) };
        let (dir, name, bytes, try_id) = (
            out.join(&receipt.arl.recipient),
            receipt.arl.file_name.clone(),
            receipt.arl_body.clone(),
            ingest.clock.new_id(),
        );
        blocking(move || deliver::place(&dir, &name, &bytes, try_id))
            .await
            .map_err(IngestError::archive("giving the first ARL again"))
    }
}

/// Removes a deposited file, unless another one was put under its name meanwhile: that one is a
/// deposit to come.
fn remove(path: &Path, look: Look) -> io::Result<()> {
    if Look::at(path) != Some(look) {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(failure) if failure.kind() != io::ErrorKind::NotFound => Err(failure),
        _ => Ok(()),
    }
}

/// File times are the file system's: they are compared with the machine's clock, not with the
/// service's.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with file times, which come from the same clock"
)]
fn wall_clock() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What stands in the drop directory.
#[derive(Debug, Default)]
struct Listing {
    /// Regular files of the senders' directories, without those being written.
    found: Vec<Ready>,
    /// What will never be taken, and why.
    left: BTreeMap<PathBuf, String>,
}

/// Looks at every sender's directory. One that cannot be read does not hide the others.
fn list(root: &Path) -> Listing {
    let mut listing = Listing::default();
    for (path, kind) in entries(root, &mut listing) {
        let sender = file_name(&path);
        if !kind.is_dir() {
            if !is_being_written(&sender) {
                listing.left.insert(path, "not in the directory of a sender".to_owned());
            }
        } else if is_sender(&sender) {
            list_sender(&path, &sender, &mut listing);
        } else if !sender.starts_with('.') {
            listing.left.insert(path, IngestError::InvalidSender.to_string());
        }
    }
    listing
}

fn list_sender(dir: &Path, sender: &str, listing: &mut Listing) {
    for (path, metadata) in entries(dir, listing) {
        if is_being_written(&file_name(&path)) {
            continue;
        }
        if metadata.is_file() {
            listing.found.push(Ready {
                sender: sender.to_owned(),
                look: Look::new(&metadata),
                path,
            });
        } else {
            listing.left.insert(path, "not a regular file".to_owned());
        }
    }
}

/// Entries of a directory with what they are; links are not followed. One removed meanwhile by
/// another replica is no error.
fn entries(dir: &Path, listing: &mut Listing) -> Vec<(PathBuf, Metadata)> {
    let found = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    match found {
        Ok(found) => {
            found.into_iter().filter_map(|e| Some((e.path(), e.metadata().ok()?))).collect()
        }
        Err(failure) => {
            listing.left.insert(dir.to_owned(), format!("directory could not be read: {failure}"));
            Vec::new()
        }
    }
}

fn is_being_written(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with('.') || [".tmp", ".part", ".filepart"].iter().any(|end| lower.ends_with(end))
}

impl Ingest {
    /// Deposits a file of this machine.
    pub async fn accept_file(&self, path: &Path, deposit: Deposit) -> Result<Receipt, IngestError> {
        let incoming = self.receive_file(path, deposit).await?;
        self.accept(incoming).await
    }

    /// Copies a file of this machine to the archive, away from the async threads.
    async fn receive_file(&self, path: &Path, deposit: Deposit) -> Result<Incoming, IngestError> {
        let (incoming, path, limit) =
            (self.open(deposit)?, path.to_owned(), self.limits.file_bytes);
        blocking(move || copy(&path, incoming, limit)).await
    }
}

fn copy(path: &Path, mut incoming: Incoming, limit: u64) -> Result<Incoming, IngestError> {
    let mut file = File::open(path).map_err(IngestError::archive("opening the deposited file"))?;
    // Refused before it is copied: it will be tried again as long as it stays there.
    if file.metadata().is_ok_and(|m| m.len() > limit) {
        return Err(IngestError::TooLarge { limit });
    }
    let mut chunk = vec![0; CHUNK];
    loop {
        let n =
            file.read(&mut chunk).map_err(IngestError::archive("reading the deposited file"))?;
        if n == 0 {
            return Ok(incoming);
        }
        incoming.write(&chunk[..n])?;
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

    fn set_time(path: &Path, time: SystemTime) {
        File::options()
            .append(true)
            .open(path)
            .expect("the file")
            .set_modified(time)
            .expect("a time");
    }

    fn look(drop: &mut DropDir) -> Vec<PathBuf> {
        let found = list(&drop.root).found;
        drop.ready(found).into_iter().map(|f| f.path).collect()
    }

    const OLD: Duration = Duration::from_secs(1_000_000_000);

    #[test]
    fn only_quiet_files_of_senders_are_ready() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("oct1")).expect("a directory");
        fs::write(root.path().join("stray.b2"), b"x").expect("a file");
        let path = root.path().join("oct1/a.b2");
        fs::write(&path, b"x").expect("a file");
        set_time(&path, SystemTime::UNIX_EPOCH + OLD);
        let mut drop = DropDir::new(root.path());
        assert!(look(&mut drop).is_empty(), "seen once only");
        assert_eq!(look(&mut drop), std::slice::from_ref(&path));
        fs::write(&path, b"xy").expect("a file");
        assert!(look(&mut drop).is_empty(), "it changed");
    }

    #[test]
    fn a_file_from_the_future_is_taken_once_it_is_quiet() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("oct1")).expect("a directory");
        let path = root.path().join("oct1/a.b2");
        fs::write(&path, b"x").expect("a file");
        set_time(&path, SystemTime::UNIX_EPOCH + wall_clock() + Duration::from_secs(7_200));
        let mut drop = DropDir::new(root.path());
        for _ in 0..SETTLE_LOOKS {
            assert!(look(&mut drop).is_empty());
        }
        assert_eq!(look(&mut drop), [path]);
    }

    #[test]
    fn a_file_put_under_the_name_of_one_being_taken_is_not_removed() {
        let root = tempfile::tempdir().expect("a directory");
        let (path, next) = (root.path().join("a.b2"), root.path().join(".next"));
        fs::write(&path, b"first").expect("a file");
        set_time(&path, SystemTime::UNIX_EPOCH + OLD);
        let taken = Look::at(&path).expect("a file");
        fs::write(&next, b"other").expect("a file");
        set_time(&next, SystemTime::UNIX_EPOCH + OLD);
        fs::rename(&next, &path).expect("a rename");
        remove(&path, taken).expect("no failure");
        assert_eq!(fs::read(&path).expect("still there"), b"other");
        remove(&path, Look::at(&path).expect("a file")).expect("removed");
        remove(&path, taken).expect("already gone");
        assert!(!path.exists());
    }

    #[test]
    fn what_cannot_be_taken_is_told_and_hides_nothing() {
        let root = tempfile::tempdir().expect("a directory");
        for dir in ["oct1", "oct1/sub", "a sender", ".git"] {
            fs::create_dir(root.path().join(dir)).expect("a directory");
        }
        fs::write(root.path().join("stray.b2"), b"x").expect("a file");
        fs::write(root.path().join("oct1/a.b2"), b"x").expect("a file");
        // A sender's directory that is a link is not followed, nor is a link to a file.
        std::os::unix::fs::symlink(root.path().join("stray.b2"), root.path().join("oct1/link.b2"))
            .expect("a link");
        let listing = list(root.path());
        assert_eq!(
            listing.found.iter().map(|f| f.path.clone()).collect::<Vec<_>>(),
            [root.path().join("oct1/a.b2")]
        );
        let left: Vec<_> = listing.left.keys().map(|p| file_name(p)).collect();
        assert_eq!(left, ["a sender", "link.b2", "sub", "stray.b2"]);
        assert_eq!(
            list(&root.path().join("none")).left.len(),
            1,
            "no directory at all is told too"
        );
    }
}
