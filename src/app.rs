//! Opens an installation and runs the gateway on it: open, announce, run, drain.

mod access;
mod database;
mod descriptors;
mod jobs;
mod key;
mod local;
mod mark;
mod open;
mod places;
mod probe;
mod reason_codes;
mod restore;
mod service;
mod setting;
pub mod sweep;
mod witness;

pub use access::ServeLock;
pub use key::create_key;
pub use local::local_caller;
pub use mark::InstallationView;
pub use open::NoInstallation;
pub use probe::{admin_address, probe};
pub use restore::FinishedRestore;
pub use service::dead_letters;
pub use setting::BadSetting;

use crate::admin::{self, AdminState};
use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::conventionnement::Conventionnement;
use crate::decisions_queue;
use crate::domain::ReasonCodes;
use crate::grpc;
use crate::ingest::Ingest;
use crate::limits::GrpcLimits;
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

/// Timeout of the work after the last deposit: events and return files of committed deposits. The
/// relay drains and closes its sink in less.
const FINISH_TIMEOUT: Duration = Duration::from_secs(15);

/// Timeout of the answers in flight on the admin port, which closes last.
const ADMIN_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Returns the longest time that an orderly stop takes. The grace of a supervisor must exceed it.
#[must_use]
pub fn longest_stop(config: &Config) -> Duration {
    Duration::from_secs(config.drain_seconds) + CLOSE_TIMEOUT + FINISH_TIMEOUT + ADMIN_CLOSE_TIMEOUT
}

/// The two signals of an orderly stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Cancelled first: the gateway says that it is not ready, and still takes work.
    pub announced: CancellationToken,
    /// Cancelled at the end of the drain: the entry points close.
    pub closing: CancellationToken,
}

impl Stop {
    /// Stops without a drain.
    pub fn now(&self) {
        self.announced.cancel();
        self.closing.cancel();
    }
}

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
    /// Codes of the reasons of rejects and deferrals.
    pub reason_codes: Arc<ReasonCodes>,
    /// Origin of the vault key.
    pub key_origin: KeyOrigin,
    /// Location of the installation that this start created; `None` when it existed.
    pub created: Option<String>,
}

impl App {
    /// Returns the service that the edges ask.
    #[must_use]
    pub fn service(&self) -> Service {
        let service = Service::new(Rooms {
            store: Arc::clone(&self.store),
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
            ingest: Arc::clone(&self.ingest),
            max_uploads: self.config.max_uploads,
            conventionnement: Arc::clone(&self.conventionnement),
        });
        service.with_reason_codes(Arc::clone(&self.reason_codes))
    }

    /// Makes the 580 files of rejects and writes return files until none waits.
    pub async fn write_returns(&self) -> Result<()> {
        jobs::ReturnFiles::new(self).write_all().await.map(|_| ()).map_err(|e| anyhow!(e))
    }

    /// Runs the gateway until `stop`, then drains it: the entry points close first (the deposit in
    /// flight is finished, calls are answered), then committed events and return files are sent.
    /// The admin port answers until the end.
    pub async fn serve(self, metrics: PrometheusHandle, stop: Stop) -> Result<()> {
        self.check_witness().await?;
        let limits = descriptors::grpc_limits(&self.config)?;
        let (grpc, admin) = listen(&self.config).await?;
        let drop_dir = self.config.drop_dir();
        crate::files::create_directory(&drop_dir)
            .with_context(|| format!("making the drop directory {}", drop_dir.display()))?;
        let sink = self.sink().await?;
        let decisions = self.decisions_queue().await?;
        self.announce(&grpc, &admin)?;
        let (closed, ended) = (CancellationToken::new(), CancellationToken::new());
        let entry_points = self.open_entry_points((grpc, limits), drop_dir, decisions, &stop);
        let status = RelayStatus::default();
        let health =
            Health::new(Arc::clone(&self.store) as _, Arc::clone(&self.clock), status.clone());
        let state = AdminState {
            health: health.clone(),
            metrics: metrics.clone(),
            shutdown: stop.announced.clone(),
        };
        let mut port = tokio::spawn(admin::serve(admin, admin::router(state), ended.clone()));
        let mut tasks = self.start_tasks((metrics, health, status), sink, &stop, &closed);
        let (token, closing) = (stop.clone(), closed.clone());
        tasks.spawn(async move {
            let _tasks_may_stop = closing.drop_guard();
            close_entry_points(entry_points, &token).await
        });
        let outcome = tokio::select! {
            outcome = finish(&mut tasks, &stop, &closed) => outcome,
            failed = &mut port => {
                stop.now();
                let failed = failed
                    .context("the admin port panicked")
                    .and_then(|served| served.context("admin port"));
                finish(&mut tasks, &stop, &closed).await.and(failed)
            }
        };
        ended.cancel();
        if !port.is_finished() {
            // A probe that reads slowly may not hold the process.
            let _ = tokio::time::timeout(ADMIN_CLOSE_TIMEOUT, &mut port).await;
        }
        info!("gateway is closed");
        outcome
    }

    /// Starts the entry points of work: gRPC, the drop directory and the queue of decisions.
    fn open_entry_points(
        &self,
        (grpc, limits): (TcpListener, GrpcLimits),
        drop_dir: PathBuf,
        decisions: Option<AmqpSettings>,
        stop: &Stop,
    ) -> JoinSet<Result<()>> {
        let mut entry_points = JoinSet::new();
        let (service, clock, stop) = (self.service(), Arc::clone(&self.clock), stop.clone());
        let (token, closing) = (stop.closing.clone(), stop.closing.clone());
        entry_points.spawn(async move {
            grpc::serve(grpc, service, clock, limits, stop.announced, stop.closing)
                .await
                .context("gRPC")
        });
        let job = jobs::drop_directory(self, drop_dir);
        entry_points.spawn(async move {
            crate::jobs::run(job, token).await;
            Ok(())
        });
        if let Some(settings) = decisions {
            let (service, clock, token) = (self.service(), Arc::clone(&self.clock), closing);
            entry_points.spawn(async move {
                decisions_queue::run(settings, service.decisions, clock, token).await;
                Ok(())
            });
        }
        entry_points
    }

    /// Starts relay and return files, which run until the entry points are closed, and the jobs
    /// that end when the entry points begin to close.
    fn start_tasks(
        self,
        (metrics, health, status): (PrometheusHandle, Health, RelayStatus),
        sink: Box<dyn Sink>,
        stop: &Stop,
        closed: &CancellationToken,
    ) -> JoinSet<Result<()>> {
        let mut tasks = JoinSet::new();
        let (store, clock, token) =
            (Arc::clone(&self.store), Arc::clone(&self.clock), closed.clone());
        tasks.spawn(async move {
            relay::run(store, sink, clock, status, token).await;
            Ok(())
        });
        let jobs = jobs::until_stop(&self, metrics, health).map(|job| (job, stop.closing.clone()));
        let last = [jobs::return_files(&self), witness::job(&self)];
        let last = last.map(|job| (job, closed.clone()));
        for (job, token) in jobs.into_iter().chain(last) {
            tasks.spawn(async move {
                crate::jobs::run(job, token).await;
                Ok(())
            });
        }
        tasks
    }

    /// Returns the sink of events: RabbitMQ, or the log of the embedded gateway.
    async fn sink(&self) -> Result<Box<dyn Sink>> {
        Ok(match places::marked_broker(self).await? {
            None => Box::new(LocalLog),
            Some(settings) => Box::new(AmqpSink::new(settings)),
        })
    }

    /// Returns the broker whose queue of decisions is consumed; `None` without a broker, or when
    /// the settings switch the queue off.
    async fn decisions_queue(&self) -> Result<Option<AmqpSettings>> {
        if self.config.decisions_queue { places::marked_broker(self).await } else { Ok(None) }
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

/// Returns the broker that the settings name; `None` without one.
fn broker(config: &Config) -> Result<Option<AmqpSettings>> {
    let Some(url) = config.amqp_url.clone() else { return Ok(None) };
    let prefix = config.amqp_prefix.clone().try_into();
    let prefix = prefix.context(BadSetting("amqp_prefix".to_owned()))?;
    Ok(Some(AmqpSettings::new(url, prefix)))
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
async fn close_entry_points(mut entry_points: JoinSet<Result<()>>, stop: &Stop) -> Result<()> {
    let too_long = async {
        stop.closing.cancelled().await;
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

/// Waits for every task, and for [`FINISH_TIMEOUT`] at most once the entry points are closed.
async fn finish(
    tasks: &mut JoinSet<Result<()>>,
    stop: &Stop,
    closed: &CancellationToken,
) -> Result<()> {
    let too_long = async {
        closed.cancelled().await;
        tokio::time::sleep(FINISH_TIMEOUT).await;
    };
    tokio::select! {
        outcome = join(tasks, stop) => outcome,
        () = too_long => {
            warn!("events or return files were not all sent in time: the next start sends them");
            Ok(())
        }
    }
}

/// Waits for every task; the first failure stops the others.
async fn join(tasks: &mut JoinSet<Result<()>>, stop: &Stop) -> Result<()> {
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.context("a task of the gateway panicked").and_then(|r| r);
        if ended.is_err() {
            stop.now();
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
        let stop = Stop::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(async { panic!("a step of a job") });
        let token = stop.closing.clone();
        tasks.spawn(async move {
            token.cancelled().await;
            Ok(())
        });
        let failure = join(&mut tasks, &stop).await.expect_err("a task panicked");
        assert!(format!("{failure:#}").contains("panicked"), "{failure:#}");
        assert!(stop.announced.is_cancelled() && stop.closing.is_cancelled());
    }
}
