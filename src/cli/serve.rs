//! `serve`: runs the gateway.

use crate::app::{ServeLock, check_ports};
use crate::config::Config;
use crate::telemetry;
use anyhow::{Context, Result};
use clap::Args;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Leave the schema of the database as it is: `serve` then needs no right to create tables, and
    /// refuses to start unless `migrate` brought the database to this version.
    #[arg(long)]
    no_migrate: bool,
}

/// Runs the gateway until SIGTERM or SIGINT; a second signal ends the process at once.
pub(super) async fn run(args: &ServeArgs, config: Config) -> Result<ExitCode> {
    let metrics = telemetry::init_metrics()?;
    let stop = CancellationToken::new();
    let mut term = signal(SignalKind::terminate()).context("listening to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening to SIGINT")?;
    let token = stop.clone();
    tokio::spawn(async move {
        for _ in 0..2 {
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
            if token.is_cancelled() {
                tracing::warn!("second signal: stopping at once");
                std::process::exit(1);
            }
            tracing::info!("stopping: finishing the work in flight");
            token.cancel();
        }
    });
    super::check_installation(&config)?;
    check_ports(&config).await?;
    let _until_the_end = ServeLock::take(&config)?;
    let app = if args.no_migrate {
        super::open_migrated(config).await?
    } else {
        super::open_or_create(config).await?
    };
    app.serve(metrics, stop).await?;
    Ok(ExitCode::SUCCESS)
}
