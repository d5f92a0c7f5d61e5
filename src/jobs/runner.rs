//! The loop around the step of a job.

use super::metrics::count_run;
use super::{AtStop, Job, Schedule};
use crate::error_chain::Chain;
use crate::failure_log::FailureLog;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, error, info, info_span};

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
        Ok(_) => {
            if let Some(lasted) = failures.works() {
                info!(?lasted, "job works again");
            }
        }
        Err(failure) => {
            let text = Chain(failure.as_ref()).to_string();
            if (job.is_logged_elsewhere)(failure.as_ref()) {
                debug!(error = text, "job failed, it is tried again");
            } else if let Some(lasted) = failures.failed(&text) {
                error!(error = text, ?lasted, "job failed, it is tried again");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{JobError, Outcome, Step};
    use async_trait::async_trait;
    use std::time::Duration;
    use tokio::sync::{mpsc, oneshot};

    /// Reports each run with the state of the stop, and ends the run when the test allows it.
    struct Probe {
        runs: mpsc::UnboundedSender<(bool, oneshot::Sender<()>)>,
    }

    #[async_trait]
    impl Step for Probe {
        async fn run(&mut self, stop: &CancellationToken) -> Result<Outcome, JobError> {
            let (allow, allowed) = oneshot::channel();
            self.runs.send((stop.is_cancelled(), allow))?;
            allowed.await?;
            Ok(Outcome::Worked)
        }
    }

    /// Runs a job whose first run is under way when the stop comes; returns how many runs ended,
    /// and whether the last one began after the stop.
    async fn stopped_in_its_first_run(at_stop: AtStop) -> (u32, bool) {
        let (runs, mut begun) = mpsc::unbounded_channel();
        let every = Schedule::Every(Duration::from_millis(1));
        let job = Job::new("probe", every, at_stop, Probe { runs });
        let stop = CancellationToken::new();
        let running = tokio::spawn(run(job, stop.clone()));
        let (mut ended, mut after_stop) = (0, false);
        let first = begun.recv().await.unwrap();
        stop.cancel();
        let mut next = Some(first);
        while let Some((stopping, allow)) = next {
            ended += u32::from(allow.send(()).is_ok());
            after_stop = stopping;
            next = begun.recv().await;
        }
        running.await.unwrap();
        (ended, after_stop)
    }

    #[tokio::test]
    async fn a_job_finishes_its_run_or_runs_once_more_after_the_stop() {
        assert_eq!(stopped_in_its_first_run(AtStop::Finish).await, (1, false));
        assert_eq!(stopped_in_its_first_run(AtStop::RunOnceMore).await, (2, true));
    }

    #[tokio::test]
    async fn a_run_that_may_be_cut_is_dropped_at_the_stop() {
        let (runs, mut begun) = mpsc::unbounded_channel();
        let job = Job::new("probe", Schedule::AtStart, AtStop::Cut, Probe { runs });
        let stop = CancellationToken::new();
        let running = tokio::spawn(run(job, stop.clone()));
        let (_, allow) = begun.recv().await.unwrap();
        stop.cancel();
        running.await.unwrap();
        assert!(allow.is_closed(), "the run was dropped while it waited");
    }

    #[tokio::test]
    async fn a_job_at_the_start_runs_once_and_ends() {
        let (runs, mut begun) = mpsc::unbounded_channel();
        let job = Job::new("probe", Schedule::AtStart, AtStop::Finish, Probe { runs });
        let running = tokio::spawn(run(job, CancellationToken::new()));
        begun.recv().await.unwrap().1.send(()).unwrap();
        running.await.unwrap();
        assert!(begun.recv().await.is_none());
    }
}
