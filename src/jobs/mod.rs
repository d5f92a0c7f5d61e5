//! Background jobs: one runner for every piece of work that repeats.
//!
//! A [`Job`] has a name, a [`Schedule`] and a [`Step`]. The runner calls the step, waits, and calls
//! it again until the gateway stops; [`AtStop`] says how a job ends. A failure does not end a job:
//! the next run tries again. The log has a failure once, and then reminders at a growing
//! interval; the metrics count every run.
//!
//! The runner takes no lease: replicas run the same jobs side by side. A step that must not run
//! twice takes the lease of the deposit or the row locks that it needs. A lease for the whole job
//! would make every deposit and every file wait for the one replica that holds it, and files are
//! written to a directory that may be on one machine only.
//!
//! The relay is no job: its loop is woken by notifications, has several batches in flight, and
//! drains within a limit of its own (`relay::run`). The runner does not know what a step does.

mod metrics;
mod runner;

pub use metrics::{RUNS, SECONDS, SECONDS_BUCKETS, describe_metrics};
pub use runner::run;

use async_trait::async_trait;
use std::error::Error;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Error of a step: the runner logs it with its sources.
pub type JobError = Box<dyn Error + Send + Sync>;

/// Result of one run of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The step found nothing to do.
    Idle,
    /// The step changed something.
    Worked,
}

impl Outcome {
    /// Returns `Worked` for a positive number of things done.
    #[must_use]
    pub const fn of(done: usize) -> Self {
        if done == 0 { Self::Idle } else { Self::Worked }
    }
}

/// Work of a job: one call does what waits now and returns.
#[async_trait]
pub trait Step: Send {
    /// Runs once. A long step looks at `stop` and ends early when it is cancelled.
    async fn run(&mut self, stop: &CancellationToken) -> Result<Outcome, JobError>;
}

/// Times at which a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Once, when the gateway starts.
    AtStart,
    /// When the gateway starts, and then with this pause after each run.
    Every(Duration),
}

/// End of a job when the gateway stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtStop {
    /// The runner drops a run under way: a transaction that is open rolls back, and the next start
    /// goes on with the work.
    Cut,
    /// The runner waits for the run under way.
    Finish,
    /// The runner waits for the run under way, and then runs once more: work committed by the last
    /// deposits is done before the process ends.
    RunOnceMore,
}

/// Repeating work of the gateway.
pub struct Job {
    /// Name in logs and metrics, in snake case.
    pub name: &'static str,
    /// Times of its runs.
    pub schedule: Schedule,
    /// End of the job.
    pub at_stop: AtStop,
    /// Work of one run.
    pub step: Box<dyn Step>,
    /// Returns whether another part of the gateway logs this failure: the runner then logs it at
    /// the level `debug` only.
    pub is_logged_elsewhere: fn(&(dyn Error + 'static)) -> bool,
}

impl Job {
    /// Returns a job.
    pub fn new(
        name: &'static str,
        schedule: Schedule,
        at_stop: AtStop,
        step: impl Step + 'static,
    ) -> Self {
        Self { name, schedule, at_stop, step: Box::new(step), is_logged_elsewhere: |_| false }
    }

    /// Returns the job with its test of failures that another part of the gateway logs.
    #[must_use]
    pub fn logged_elsewhere(self, is_logged_elsewhere: fn(&(dyn Error + 'static)) -> bool) -> Self {
        Self { is_logged_elsewhere, ..self }
    }
}
