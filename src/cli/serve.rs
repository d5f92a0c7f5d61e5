//! `serve` and `health`.

use crate::config::Config;
use crate::{admin, telemetry};
use anyhow::{Context, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Runs the gateway until SIGTERM or SIGINT; a second signal ends the process at once.
pub(super) async fn run(config: Config) -> Result<ExitCode> {
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
            tracing::info!("stopping: work under way is finished");
            token.cancel();
        }
    });
    super::open_or_create(config).await?.serve(metrics, stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the admin port of the configuration; a gateway that listens on every address is asked on
/// loopback.
pub(super) async fn health(config: &Config) -> ExitCode {
    let ip = match config.admin_listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    if admin::probe(SocketAddr::new(ip, config.admin_listen.port())).await {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
