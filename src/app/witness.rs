//! The witness lines of a running gateway: the check at its start, and the job that writes lines.

use super::App;
use crate::domain::Scope;
use crate::jobs::{AtStop, Job, JobError, Outcome, Schedule, Step};
use crate::service::error::is_database_away;
use crate::witness::{Due, Witness, WitnessError};
use anyhow::Result;
use async_trait::async_trait;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Pause between two checks whether a line is due. Of several replicas the first one writes the
/// line.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

impl App {
    /// Returns the witness lines of this installation.
    pub(super) fn witness(&self) -> Witness {
        Witness {
            store: Arc::clone(&self.store),
            archive: Arc::clone(&self.archive),
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Refuses a database that does not reach the last witness line of the archive: receipts given
    /// on it would take the ranks of receipts that were lost.
    pub async fn check_witness(&self) -> Result<()> {
        let last = self.witness().last().await?;
        if last.altered > 0 {
            warn!(
                lines = last.altered,
                "lines of the file `witness` of the archive do not fit their check value: run \
                 `noemie-gateway verify`"
            );
        }
        self.look_for_last_file().await?;
        let Some(line) = last.line else { return Ok(()) };
        match self.witness().difference(&line).await? {
            Some(difference) => Err(WitnessError::Differs(difference).into()),
            None => Ok(()),
        }
    }

    /// Warns when the archive has no raw file of the last receipt: an older archive was restored.
    async fn look_for_last_file(&self) -> Result<()> {
        let newest = self.store.exchanges(&Scope::everything(), None, None, 1).await?.items.pop();
        let Some(exchange) = newest else { return Ok(()) };
        let (archive, name) = (Arc::clone(&self.archive), exchange.archive_name.clone());
        let opened = tokio::task::spawn_blocking(move || archive.open(&name).map(|_| ())).await?;
        if opened.is_err_and(|failure| failure.kind() == ErrorKind::NotFound) {
            warn!(
                exchange = %exchange.id,
                file = exchange.archive_name,
                "the archive lacks the raw file of the last receipt: it is older than the \
                 database, or is not the archive of this database; run `noemie-gateway verify`"
            );
        }
        Ok(())
    }
}

/// Returns the job that writes witness lines: after the start and at the stop when there is
/// something new, and each hour.
pub(super) fn job(app: &App) -> Job {
    let step = WitnessLines { witness: app.witness(), started: false };
    Job::new("witness", Schedule::Every(LOOK_INTERVAL), AtStop::RunOnceMore, step)
        .logged_elsewhere(is_database_away)
}

struct WitnessLines {
    witness: Witness,
    /// Whether the line of the start was written, or was not due.
    started: bool,
}

#[async_trait]
impl Step for WitnessLines {
    async fn run(&mut self, stop: &CancellationToken) -> Result<Outcome, JobError> {
        let is_hourly = self.started && !stop.is_cancelled();
        let due = if is_hourly { Due::Hourly } else { Due::WhenNew };
        let written = self.witness.append(due).await?;
        self.started = true;
        Ok(Outcome::of(usize::from(written.is_some())))
    }
}
