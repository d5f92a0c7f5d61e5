//! `serve`: runs the gateway.

use crate::app::{ServeLock, Stop, check_ports};
use crate::config::Config;
use crate::telemetry;
use anyhow::{Context, Result};
use clap::Args;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use tracing::{info, warn};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Leave the schema of the database as it is: `serve` then needs no right to create tables, and
    /// refuses to start unless `migrate` brought the database to this version.
    #[arg(long)]
    no_migrate: bool,
}

/// Runs the gateway until SIGTERM or SIGINT; a second signal ends the process at once. SIGHUP is
/// ignored: the settings are read at the start only.
pub(super) async fn run(args: &ServeArgs, config: Config) -> Result<ExitCode> {
    let metrics = telemetry::init_metrics()?;
    let stop = Stop::default();
    let signals = Signals {
        term: signal(SignalKind::terminate()).context("listening to SIGTERM")?,
        interrupt: signal(SignalKind::interrupt()).context("listening to SIGINT")?,
    };
    let mut hangup = signal(SignalKind::hangup()).context("listening to SIGHUP")?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            warn!("SIGHUP ignored: settings are read at the start, restart the gateway");
        }
    });
    super::check_installation(&config)?;
    tokio::spawn(signals.stop(stop.clone(), Duration::from_secs(config.drain_seconds)));
    check_ports(&config).await?;
    let _until_the_end = ServeLock::take(&config)?;
    let app = if args.no_migrate {
        super::open_migrated(config).await?
    } else {
        super::open_or_create(config).await?
    };
    app.mark_places().await?;
    app.serve(metrics, stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// The signals that stop the gateway.
struct Signals {
    term: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Stops the gateway at the first signal. After SIGTERM, which a supervisor sends, the gateway
    /// takes work for the time of the drain; SIGINT comes from a terminal, which nobody routes to.
    async fn stop(mut self, stop: Stop, drain: Duration) {
        let drain = tokio::select! {
            _ = self.term.recv() => drain,
            _ = self.interrupt.recv() => Duration::ZERO,
        };
        info!(?drain, "stopping: not ready any more, new work is taken until the end of the drain");
        stop.announced.cancel();
        tokio::select! {
            () = sleep(drain) => {}
            () = self.next() => end_at_once(),
        }
        info!("stopping: finishing the work in flight");
        stop.closing.cancel();
        self.next().await;
        end_at_once();
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn end_at_once() {
    warn!("second signal: stopping at once");
    std::process::exit(1);
}
