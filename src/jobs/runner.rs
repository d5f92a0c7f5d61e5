//! The loop around the step of a job.

use super::metrics::count_run;
use super::{AtStop, Job, Schedule};
use crate::error_chain::Chain;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span};

/// Runs a job until `stop` is cancelled.
pub async fn run(job: Job, stop: CancellationToken) {
    let span = info_span!("job.run", job = job.name);
    let at_stop = job.at_stop;
    let repeat = repeat(job, &stop).instrument(span);
    if at_stop == AtStop::Cut {
        let _ = stop.run_until_cancelled(repeat).await;
    } else {
        repeat.await;
    }
}

async fn repeat(mut job: Job, stop: &CancellationToken) {
    let mut failures = FailureLog::default();
    loop {
        // Read before the run: a job that runs once more begins that run after the stop.
        let stopping = stop.is_cancelled();
        if stopping && job.at_stop != AtStop::RunOnceMore {
            return;
        }
        run_once(&mut job, stop, &mut failures).await;
        let Schedule::Every(pause) = job.schedule else { return };
        if stopping {
            return;
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn run_once(job: &mut Job, stop: &CancellationToken, failures: &mut FailureLog) {
    let started = Instant::now();
    let outcome = job.step.run(stop).await;
    count_run(job.name, outcome.as_ref().ok().copied(), started.elapsed());
    match outcome {
        Ok(_) if failures.clear() => info!("job works again"),
        Ok(_) => {}
        Err(failure) => {
            let text = Chain(failure.as_ref()).to_string();
            if failures.is_new(&text) {
                error!(error = text, "job failed, it is tried again");
            }
        }
    }
}

/// Text of the last failure: a database that is away fails every run in the same words.
#[derive(Debug, Default)]
struct FailureLog(Option<String>);

impl FailureLog {
    /// Returns whether this failure differs from the one of the last run, and keeps it.
    fn is_new(&mut self, text: &str) -> bool {
        let is_new = self.0.as_deref() != Some(text);
        self.0 = Some(text.to_owned());
        is_new
    }

    /// Forgets the last failure; returns whether there was one.
    fn clear(&mut self) -> bool {
        self.0.take().is_some()
    }
}
