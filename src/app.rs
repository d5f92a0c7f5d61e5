//! Opens an installation and runs the gateway on it: open, announce, run, drain.

mod access;
mod jobs;
mod key;
mod local;
mod open;
mod probe;
mod service;
mod setting;
pub mod sweep;

pub use access::ServeLock;
pub use local::local_caller;
pub use open::NoInstallation;
pub use probe::{admin_address, probe};
pub use service::dead_letters;
pub use setting::BadSetting;

use crate::admin::{self, AdminState};
use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::conventionnement::Conventionnement;
use crate::grpc;
use crate::ingest::Ingest;
use crate::relay::{self, AmqpSettings, AmqpSink, LocalLog, RelayStatus, Sink};
use crate::service::health::Health;
use crate::service::{Rooms, Service};
use crate::store::SharedStore;
use crate::vault::{KeyOrigin, Vault};
use anyhow::{Context, Result, anyhow};
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Timeout of an orderly stop for the deposit and the calls in flight. A deposit that is cut then
/// has no receipt: its rows are rolled back and the sender sends it again, or, staged, it is
/// resumed at the next start.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(20);

/// An open installation, and the rooms that work on it. No task runs yet.
pub struct App {
    /// Settings.
    pub config: Config,
    /// Clock.
    pub clock: SharedClock,
    /// Store.
    pub store: SharedStore,
    /// Vault.
    pub vault: Arc<Vault>,
    /// Raw files.
    pub archive: Arc<Archive>,
    /// Deposits.
    pub ingest: Arc<Ingest>,
    /// Register and conventions.
    pub conventionnement: Arc<Conventionnement>,
    /// Origin of the vault key.
    pub key_origin: KeyOrigin,
    /// Location of the installation that this start created; `None` when it existed.
    pub created: Option<String>,
}

impl App {
    /// Returns the service that the edges ask.
    #[must_use]
    pub fn service(&self) -> Service {
        Service::new(Rooms {
            store: Arc::clone(&self.store),
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
            ingest: Arc::clone(&self.ingest),
            max_uploads: self.config.max_uploads,
            conventionnement: Arc::clone(&self.conventionnement),
        })
    }

    /// Makes the 580 files of rejects and writes return files until none waits.
    pub async fn write_returns(&self) -> Result<()> {
        jobs::ReturnFiles::new(self).write_all().await.map(|_| ()).map_err(|e| anyhow!(e))
    }

    /// Runs the gateway until `stop`, then drains it: the entry points close first (the deposit in
    /// flight is finished, calls are answered), then committed events and return files are sent.
    pub async fn serve(self, metrics: PrometheusHandle, stop: CancellationToken) -> Result<()> {
        let (grpc, admin) = listen(&self.config).await?;
        let drop_dir = self.config.drop_dir();
        crate::files::create_directory(&drop_dir)
            .with_context(|| format!("making the drop directory {}", drop_dir.display()))?;
        self.announce(&grpc, &admin)?;
        let closed = CancellationToken::new();
        let entry_points = self.open_entry_points(grpc, drop_dir, &stop);
        let mut tasks = self.start_tasks(admin, metrics, &stop, &closed)?;
        let token = stop.clone();
        tasks.spawn(async move {
            let _tasks_may_stop = closed.drop_guard();
            close_entry_points(entry_points, &token).await
        });
        let outcome = join(&mut tasks, &stop).await;
        info!("gateway is closed");
        outcome
    }

    /// Starts the entry points of work: gRPC and the drop directory.
    fn open_entry_points(
        &self,
        grpc: TcpListener,
        drop_dir: PathBuf,
        stop: &CancellationToken,
    ) -> JoinSet<Result<()>> {
        let mut entry_points = JoinSet::new();
        let (service, clock, token) = (self.service(), Arc::clone(&self.clock), stop.clone());
        entry_points
            .spawn(async move { grpc::serve(grpc, service, clock, token).await.context("gRPC") });
        let (job, token) = (jobs::drop_directory(self, drop_dir), stop.clone());
        entry_points.spawn(async move {
            crate::jobs::run(job, token).await;
            Ok(())
        });
        entry_points
    }

    /// Starts relay, return files and jobs, which run until the entry points are closed, and the
    /// admin port, which answers until the end.
    fn start_tasks(
        self,
        admin: TcpListener,
        metrics: PrometheusHandle,
        stop: &CancellationToken,
        closed: &CancellationToken,
    ) -> Result<JoinSet<Result<()>>> {
        let (mut tasks, status, upkeep) = (JoinSet::new(), RelayStatus::default(), metrics.clone());
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let health = Health::new(store, clock, status.clone());
        let state = AdminState { health, metrics, shutdown: stop.clone() };
        let token = closed.clone();
        tasks.spawn(async move {
            admin::serve(admin, admin::router(state), token).await.context("admin port")
        });
        let (store, sink, clock, token) =
            (Arc::clone(&self.store), self.sink()?, Arc::clone(&self.clock), closed.clone());
        tasks.spawn(async move {
            relay::run(store, sink, clock, status, token).await;
            Ok(())
        });
        let jobs = jobs::until_stop(&self, upkeep).map(|job| (job, stop.clone()));
        for (job, token) in jobs.into_iter().chain([(jobs::return_files(&self), closed.clone())]) {
            tasks.spawn(async move {
                crate::jobs::run(job, token).await;
                Ok(())
            });
        }
        Ok(tasks)
    }

    /// Returns the sink of events: RabbitMQ, or the log of the embedded gateway.
    fn sink(&self) -> Result<Box<dyn Sink>> {
        let Some(url) = &self.config.amqp_url else { return Ok(Box::new(LocalLog)) };
        let prefix = self.config.amqp_prefix.clone().try_into();
        let prefix = prefix.context(BadSetting("amqp_prefix".to_owned()))?;
        Ok(Box::new(AmqpSink::new(AmqpSettings::new(url.clone(), prefix))))
    }

    fn announce(&self, grpc: &TcpListener, admin: &TcpListener) -> Result<()> {
        let events = if self.config.amqp_url.is_some() {
            "RabbitMQ"
        } else {
            "outbox only (SubscribeClaimEvents)"
        };
        let database =
            self.config.masked().database_url.unwrap_or_else(|| "embedded SQLite".to_owned());
        info!(
            grpc = %grpc.local_addr()?, admin = %admin.local_addr()?, database, events,
            drop = %self.config.drop_dir().display(), "gateway is open"
        );
        Ok(())
    }
}

/// Checks that both ports of the settings are free, for a start that must not create anything
/// before it fails.
pub async fn check_ports(config: &Config) -> Result<()> {
    listen(config).await.map(|_| ())
}

/// Listens on the gRPC port and the admin port.
async fn listen(config: &Config) -> Result<(TcpListener, TcpListener)> {
    let bind = async |name: &str, address: SocketAddr| {
        let failure = || BadSetting(format!("{name}: listening on {address}"));
        TcpListener::bind(address).await.with_context(failure)
    };
    Ok((
        bind("grpc_listen", config.grpc_listen).await?,
        bind("admin_listen", config.admin_listen).await?,
    ))
}

/// Waits for the entry points. After `stop` they have [`CLOSE_TIMEOUT`]: a client that never ends
/// its upload must not keep the gateway from stopping.
async fn close_entry_points(
    mut entry_points: JoinSet<Result<()>>,
    stop: &CancellationToken,
) -> Result<()> {
    let too_long = async {
        stop.cancelled().await;
        tokio::time::sleep(CLOSE_TIMEOUT).await;
    };
    tokio::select! {
        outcome = join(&mut entry_points, stop) => outcome,
        () = too_long => {
            warn!("a call or a deposit did not end in time and was cut: it has no receipt");
            Ok(())
        }
    }
}

/// Waits for every task; the first failure stops the others.
async fn join(tasks: &mut JoinSet<Result<()>>, stop: &CancellationToken) -> Result<()> {
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.context("a task of the gateway panicked").and_then(|r| r);
        if ended.is_err() {
            stop.cancel();
            outcome = outcome.and(ended);
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_stops_the_others_and_fails_the_gateway() {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(async { panic!("a step of a job") });
        let token = stop.clone();
        tasks.spawn(async move {
            token.cancelled().await;
            Ok(())
        });
        let failure = join(&mut tasks, &stop).await.expect_err("a task panicked");
        assert!(format!("{failure:#}").contains("panicked"), "{failure:#}");
        assert!(stop.is_cancelled());
    }
}
