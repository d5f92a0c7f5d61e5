//! Drop directory: `in/<sender>/<file>`.
//!
//! A file is deposited when it has settled (`settling.rs`). Names that begin with a dot or end in
//! `.tmp`, `.part` or `.filepart` are being written and are never touched. Once its exchange is
//! committed the file is removed, unless it changed since it was read; the archive keeps the
//! bytes, encrypted. A name that comes back is a new deposit, and the same bytes get the first
//! receipt again. An entry that can never be deposited (no sender, a link, a directory that cannot
//! be read) is logged once and does not stop the others.
//!
//! At most [`MAX_DEPOSITS`] files are deposited at a time, at most one of each sender, and the
//! senders take turns (`turns.rs`): the large file of one sender does not hold up the others. Two
//! replicas may watch one directory: a replica reads a file under the lease of its sender, which
//! ends with the process (`depositor.rs`).

mod cause;
mod copy;
mod depositor;
mod dropped_file;
mod listing;
mod open;
mod refusal;
mod settling;
mod turns;

use super::{Ingest, IngestError};
use crate::domain::{FileName, Sender};
use crate::error_chain::Chain;
use crate::failure_log::FailureLog;
use crate::reading::blocking;
use cause::Cause;
use depositor::{Depositor, Tried};
use dropped_file::DroppedFile;
use listing::{Skipped, list};
use refusal::Refusal;
use settling::SettlingFiles;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use turns::Turns;

pub use cause::describe_metrics;
pub use depositor::COPY_TIMEOUT;
pub use refusal::Quota;
pub use settling::SETTLE_TIME;

/// Files that are deposited at the same time, each of another sender.
pub const MAX_DEPOSITS: usize = 4;

/// Time for which a file that failed is left alone: a full disk must not become a busy loop.
const BACKOFF: Duration = Duration::from_secs(10);

/// Time for which the files of a sender that has used up its quota are left alone.
const QUOTA_BACKOFF: Duration = Duration::from_secs(60);

/// Longest time from a scan to the next one while files are being deposited.
const RESCAN_AFTER: Duration = Duration::from_secs(1);

/// A try to deposit a file, with its outcome.
type Try = (DroppedFile, Result<Tried, IngestError>);

/// Watches a drop directory.
pub struct DropDir {
    depositor: Arc<Depositor>,
    settling: SettlingFiles,
    turns: Turns,
    tries: JoinSet<Try>,
    /// Senders of the files that are being deposited.
    busy: HashSet<Sender>,
    /// Threads that a file system blocks: their senders wait until these end.
    stalled: HashMap<Sender, Weak<()>>,
    /// Instants until which files that failed, or the directories of senders past their quotas, are
    /// left alone.
    backoffs: HashMap<PathBuf, Instant>,
    /// Log state of each file that failed.
    failures: HashMap<PathBuf, FailureLog>,
    /// Entries that cannot be deposited, with the reason in the log.
    skipped: BTreeMap<PathBuf, Skipped>,
    /// Last refusal of each file, or of each sender's directory.
    refused: HashMap<PathBuf, Refusal>,
}

impl DropDir {
    /// Returns a watcher of `root`, whose sub-directories are named after the senders. `out` gets
    /// the first ARL of a repeated file again and the notices of refusals, in `out/<sender>/`.
    /// `replica` names this process in the log.
    #[must_use]
    pub fn new(root: &Path, out: Option<PathBuf>, replica: String, quota: Quota) -> Self {
        Self {
            depositor: Arc::new(Depositor { root: root.into(), out, replica, quota }),
            settling: SettlingFiles::default(),
            turns: Turns::default(),
            tries: JoinSet::new(),
            busy: HashSet::new(),
            stalled: HashMap::new(),
            backoffs: HashMap::new(),
            failures: HashMap::new(),
            skipped: BTreeMap::new(),
            refused: HashMap::new(),
        }
    }

    /// Scans the directory and deposits settled files, until none waits or a second has passed: the
    /// deposits under way then go on during the next step. Returns how many were deposited. Once
    /// `stop` is cancelled, copies are cut, and the step ends with the last file that was already
    /// copied.
    pub async fn step(&mut self, ingest: &Arc<Ingest>, stop: &CancellationToken) -> usize {
        let mut deposited = 0;
        let _ = stop.run_until_cancelled(self.scan()).await;
        let rescan = sleep(RESCAN_AFTER);
        tokio::pin!(rescan);
        loop {
            if stop.is_cancelled() {
                self.turns.clear();
            }
            self.start_tries(ingest, stop);
            tokio::select! {
                ended = self.tries.join_next() => match ended {
                    Some(ended) => deposited += usize::from(self.end(ingest, joined(ended))),
                    None => return deposited,
                },
                () = &mut rescan, if !stop.is_cancelled() => return deposited,
            }
        }
    }

    /// Finds the files that have settled, and lets them wait for their turns.
    async fn scan(&mut self) {
        let root = Arc::clone(&self.depositor.root);
        let listing = blocking(move || list(&root)).await;
        self.log_skipped(listing.skipped);
        let now = Instant::now();
        self.backoffs.retain(|_, until| *until > now);
        self.stalled.retain(|_, thread| thread.strong_count() > 0);
        let here = listing.files.iter().flat_map(|file| file.path.ancestors().take(2));
        let here: HashSet<&Path> = here.collect();
        self.failures.retain(|path, _| here.contains(path.as_path()));
        self.refused.retain(|path, _| here.contains(path.as_path()));
        let settled = self.settling.settled(listing.files);
        let left_alone = |path: &Path| self.backoffs.contains_key(path);
        let waiting = settled.into_iter().filter(|f| !f.path.ancestors().take(2).any(left_alone));
        self.turns.refill(waiting);
    }

    fn start_tries(&mut self, ingest: &Arc<Ingest>, stop: &CancellationToken) {
        while self.tries.len() < MAX_DEPOSITS {
            let is_busy =
                |sender: &Sender| self.busy.contains(sender) || self.stalled.contains_key(sender);
            let Some(file) = self.turns.next(is_busy) else { return };
            self.busy.insert(file.sender.clone());
            let (depositor, ingest, stop) =
                (Arc::clone(&self.depositor), Arc::clone(ingest), stop.clone());
            self.tries.spawn(async move {
                let tried = depositor.deposit(&ingest, &file, &stop).await;
                (file, tried)
            });
        }
    }

    /// Ends a try. Returns whether the file was deposited.
    fn end(&mut self, ingest: &Ingest, (file, tried): Try) -> bool {
        self.busy.remove(&file.sender);
        self.turns.remove(&file);
        let is_deposited = matches!(tried, Ok(Tried::Deposited));
        match tried {
            Ok(Tried::Deposited | Tried::Changed) => {
                self.settling.forget(&file.path);
                self.failures.remove(&file.path);
            }
            Ok(Tried::Leased) => self.turns.pass_over(&file.sender),
            Ok(Tried::Stopped) => {}
            Ok(Tried::Refused(refusal)) => self.refuse(ingest, &file, refusal),
            Ok(Tried::Stalled(thread)) => {
                log_stalled(&file);
                self.stalled.insert(file.sender, thread);
                self.backoffs.insert(file.path, Instant::now() + BACKOFF);
            }
            Err(failure) => {
                failure.count();
                let log = self.failures.entry(file.path.clone()).or_default();
                log_failure(&file, &failure, log);
                self.backoffs.insert(file.path, Instant::now() + BACKOFF);
            }
        }
        is_deposited
    }

    /// Leaves a refused file alone for a while, or every file of its sender when a quota is used
    /// up. A new refusal is logged and counted, and its sender gets a notice.
    fn refuse(&mut self, ingest: &Ingest, file: &DroppedFile, refusal: Refusal) {
        let (path, backoff) = match refusal {
            Refusal::TooLarge { .. } => (file.path.clone(), BACKOFF),
            Refusal::FilesOfDay { .. } | Refusal::BytesOfDay { .. } => {
                self.turns.pass_over(&file.sender);
                (file.path.parent().unwrap_or(&file.path).to_owned(), QUOTA_BACKOFF)
            }
        };
        self.backoffs.insert(path.clone(), Instant::now() + backoff);
        if self.refused.insert(path, refusal) == Some(refusal) {
            return;
        }
        refusal.cause().count();
        warn!(
            sender = %file.sender, file = %FileName::from(file.path.as_path()),
            bytes = file.fingerprint.size, cause = refusal.cause().as_str(),
            "dropped file refused, it stays in the drop directory"
        );
        self.depositor.write_notice(ingest, file, refusal);
    }

    /// Logs and counts entries that cannot be deposited, each once for as long as it is there.
    fn log_skipped(&mut self, skipped: BTreeMap<PathBuf, Skipped>) {
        let logged = &self.skipped;
        for (path, new) in skipped.iter().filter(|(path, new)| logged.get(*path) != Some(*new)) {
            let name = FileName::from(path.as_path());
            new.cause.count();
            warn!(
                %name, cause = new.cause.as_str(), why = %new.why,
                "entry of the drop directory skipped"
            );
        }
        self.skipped = skipped;
    }
}

/// Returns the value of a task, and continues its panic.
fn joined<T>(ended: Result<T, JoinError>) -> T {
    match ended {
        Ok(value) => value,
        Err(failure) => std::panic::resume_unwind(failure.into_panic()),
    }
}

fn log_stalled(file: &DroppedFile) {
    Cause::Stalled.count();
    let (sender, name) = (&file.sender, FileName::from(file.path.as_path()));
    error!(
        %sender, file = %name, seconds = COPY_TIMEOUT.as_secs(),
        "dropped file could not be copied to the archive in time: its sender waits until the file \
         systems of drop directory and archive answer, the others go on"
    );
}

/// Logs the first failure of a file and reminders; those of a database that is away are logged once
/// for all files, by `service::health`.
fn log_failure(file: &DroppedFile, failure: &IngestError, log: &mut FailureLog) {
    let text = Chain(failure).to_string();
    let is_due = log.failed(&text).is_some();
    if !is_due || matches!(failure, IngestError::Store(cause) if cause.is_away()) {
        debug!(sender = %file.sender, error = text, "deposit failed again");
        return;
    }
    let (sender, name) = (&file.sender, FileName::from(file.path.as_path()));
    if let IngestError::BlockedBy { exchange } = failure {
        info!(
            %sender, file = %name, behind = %exchange,
            "deposit waits for a staged deposit that has the same invoices"
        );
    } else {
        error!(
            %sender, file = %name, error = text,
            "deposit failed, the file stays in the drop directory"
        );
    }
}
