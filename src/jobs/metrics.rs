//! Metrics of the jobs: how often each one ran, with which outcome, for how long.

use super::Outcome;
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use std::time::Duration;

/// Counter of runs, with the labels `job` and `outcome` (`worked`, `idle`, `failed`).
pub const RUNS: &str = "noemie_job_runs_total";
/// Histogram of the seconds that a run took, with the label `job`.
pub const SECONDS: &str = "noemie_job_seconds";
/// Upper limits of the histogram's buckets: an idle look takes about a millisecond, a large deposit
/// minutes.
pub const SECONDS_BUCKETS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0];

/// Registers the descriptions of the metrics, once a recorder is installed.
pub fn describe_metrics() {
    describe_counter!(RUNS, "Runs of background jobs, by job and outcome (worked, idle, failed)");
    describe_histogram!(SECONDS, Unit::Seconds, "Time that a run of a background job took, by job");
}

/// Counts one run. `outcome` is `None` for a run that failed.
pub(super) fn count_run(job: &'static str, outcome: Option<Outcome>, took: Duration) {
    let outcome = match outcome {
        Some(Outcome::Worked) => "worked",
        Some(Outcome::Idle) => "idle",
        None => "failed",
    };
    counter!(RUNS, "job" => job, "outcome" => outcome).increment(1);
    histogram!(SECONDS, "job" => job).record(took.as_secs_f64());
}
