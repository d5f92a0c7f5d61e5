//! The background jobs of a gateway.
//!
//! | job | runs | at a stop |
//! |---|---|---|
//! | `drop_directory` | every half second | files being copied stay, the others are finished |
//! | `return_files` | every half second | one more run after the last deposit |
//! | `witness` | every minute, for a line each hour | one more run after the last deposit |
//! | `staged_deposits` | every 15 s | cut: a later start resumes the deposit |
//! | `archive_sweep`, `return_file_sweep` | once, at the start | the run under way is finished |
//! | `metrics_upkeep` | every 5 s | cut |
//! | `database_watch` | every 5 s | cut |

use super::App;
use super::local::replica_name;
use super::sweep;
use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::ingest::Ingest;
use crate::ingest::drop_dir::{DropDir, Quota};
use crate::jobs::{AtStop, Job, JobError, Outcome, Schedule, Step};
use crate::outgoing::{deliver, rejects};
use crate::service::error::is_database_away;
use crate::service::health::Health;
use crate::store::SharedStore;
use crate::vault::Vault;
use async_trait::async_trait;
use metrics_exporter_prometheus::PrometheusHandle;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Pause between two scans of the drop directory.
const DROP_SCAN_INTERVAL: Duration = Duration::from_millis(500);

/// Pause between two looks for rejects to announce and return files to write.
const RETURN_FILES_INTERVAL: Duration = Duration::from_millis(500);

/// Pause between two looks for staged deposits of a replica that died.
const RESUME_INTERVAL: Duration = Duration::from_secs(15);

/// Pause between two upkeeps of the metrics: without scrapes, histograms keep every value until an
/// upkeep.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Pause between two questions whether the database answers: the log and `noemie_database_up` must
/// say so also when no probe asks.
const DATABASE_WATCH_INTERVAL: Duration = Duration::from_secs(5);

/// Returns the job that deposits the files of the drop directory.
pub(super) fn drop_directory(app: &App, root: PathBuf) -> Job {
    info!(directory = %root.display(), "watching the drop directory");
    let config = &app.config;
    let quota = Quota { files: config.sender_files_per_day, bytes: config.sender_bytes_per_day };
    let drop_dir = DropDir::new(&root, Some(config.out_dir()), replica_name(), quota);
    let step = DropScan { drop_dir, ingest: Arc::clone(&app.ingest) };
    Job::new("drop_directory", Schedule::Every(DROP_SCAN_INTERVAL), AtStop::RunOnceMore, step)
}

/// Returns the job that announces rejects and writes return files.
pub(super) fn return_files(app: &App) -> Job {
    let step = ReturnFiles::new(app);
    Job::new("return_files", Schedule::Every(RETURN_FILES_INTERVAL), AtStop::RunOnceMore, step)
        .logged_elsewhere(is_database_away)
}

/// Returns the jobs that end when a stop is asked for, before the last deposits are finished.
pub(super) fn until_stop(app: &App, metrics: PrometheusHandle, health: Health) -> [Job; 5] {
    let resume = Resume { ingest: Arc::clone(&app.ingest) };
    let archive = ArchiveSweep { archive: Arc::clone(&app.archive), store: Arc::clone(&app.store) };
    let out = ReturnFileSweep { out: app.config.out_dir() };
    let every = Schedule::Every;
    [
        Job::new("staged_deposits", every(RESUME_INTERVAL), AtStop::Cut, resume),
        Job::new("archive_sweep", Schedule::AtStart, AtStop::Finish, archive),
        Job::new("return_file_sweep", Schedule::AtStart, AtStop::Finish, out),
        Job::new("metrics_upkeep", every(UPKEEP_INTERVAL), AtStop::Cut, MetricsUpkeep(metrics)),
        Job::new("database_watch", every(DATABASE_WATCH_INTERVAL), AtStop::Cut, Watch(health)),
    ]
    .map(|job| job.logged_elsewhere(is_database_away))
}

struct DropScan {
    drop_dir: DropDir,
    ingest: Arc<Ingest>,
}

#[async_trait]
impl Step for DropScan {
    async fn run(&mut self, stop: &CancellationToken) -> Result<Outcome, JobError> {
        Ok(Outcome::of(self.drop_dir.step(&self.ingest, stop).await))
    }
}

/// Announces rejects and writes return files until none waits.
pub(super) struct ReturnFiles {
    store: SharedStore,
    vault: Arc<Vault>,
    clock: SharedClock,
    out: PathBuf,
}

impl ReturnFiles {
    pub(super) fn new(app: &App) -> Self {
        Self {
            store: Arc::clone(&app.store),
            vault: Arc::clone(&app.vault),
            clock: Arc::clone(&app.clock),
            out: app.config.out_dir(),
        }
    }

    /// Makes the 580 files of rejects, then writes the files that wait. Rejects that fail do not
    /// stop files that are made already. Returns the number of rejects and files.
    pub(super) async fn write_all(&self) -> Result<usize, JobError> {
        let rejects = self.announce_rejects().await;
        let mut files = 0;
        loop {
            match deliver::step(&self.store, &self.vault, &self.clock, &self.out).await? {
                0 => break,
                written => files += written,
            }
        }
        Ok(rejects? + files)
    }

    async fn announce_rejects(&self) -> Result<usize, JobError> {
        let mut all = 0;
        loop {
            match rejects::step(&self.store, &self.vault, &self.clock).await? {
                0 => return Ok(all),
                rejects => all += rejects,
            }
        }
    }
}

#[async_trait]
impl Step for ReturnFiles {
    async fn run(&mut self, _stop: &CancellationToken) -> Result<Outcome, JobError> {
        self.write_all().await.map(Outcome::of)
    }
}

/// Resumes staged deposits: those of this gateway's last process, and those of replicas that died.
struct Resume {
    ingest: Arc<Ingest>,
}

#[async_trait]
impl Step for Resume {
    async fn run(&mut self, _stop: &CancellationToken) -> Result<Outcome, JobError> {
        let closed = self.ingest.resume().await?;
        if closed > 0 {
            info!(closed, "staged deposits resumed, they have their receipts now");
        }
        Ok(Outcome::of(closed))
    }
}

/// Removes half received files of killed processes from the archive, and logs files that no
/// exchange names.
struct ArchiveSweep {
    archive: Arc<Archive>,
    store: SharedStore,
}

#[async_trait]
impl Step for ArchiveSweep {
    async fn run(&mut self, stop: &CancellationToken) -> Result<Outcome, JobError> {
        let (archive, store) = (Arc::clone(&self.archive), Arc::clone(&self.store));
        let swept = sweep::archive(archive, store, stop.clone()).await?;
        if !swept.removed.is_empty() {
            info!(
                files = swept.removed.len(),
                "half received files of killed processes removed from the archive"
            );
        }
        if let Some(first) = swept.orphans.first() {
            warn!(
                files = swept.orphans.len(),
                first,
                "archived files that no exchange knows: their deposits were cut before the commit"
            );
        }
        Ok(Outcome::of(swept.removed.len()))
    }
}

/// Removes return files that killed processes left half written.
struct ReturnFileSweep {
    out: PathBuf,
}

#[async_trait]
impl Step for ReturnFileSweep {
    async fn run(&mut self, _stop: &CancellationToken) -> Result<Outcome, JobError> {
        let out = self.out.clone();
        let files = tokio::task::spawn_blocking(move || deliver::sweep(&out)).await??;
        if files > 0 {
            info!(files, "half written return files of killed processes removed");
        }
        Ok(Outcome::of(files))
    }
}

struct MetricsUpkeep(PrometheusHandle);

#[async_trait]
impl Step for MetricsUpkeep {
    async fn run(&mut self, _stop: &CancellationToken) -> Result<Outcome, JobError> {
        self.0.run_upkeep();
        Ok(Outcome::Idle)
    }
}

/// Asks the database whether it answers; [`Health`] keeps the gauge and the log.
struct Watch(Health);

#[async_trait]
impl Step for Watch {
    async fn run(&mut self, _stop: &CancellationToken) -> Result<Outcome, JobError> {
        self.0.database_fault().await;
        Ok(Outcome::Idle)
    }
}
