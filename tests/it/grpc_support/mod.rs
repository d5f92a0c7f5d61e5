//! A gateway on a free port over a real SQLite file and a real archive, and clients for it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub use crate::support::samples;

use noemie_gateway::archive::Archive;
use noemie_gateway::clock::{Clock, FixedClock};
use noemie_gateway::conventionnement::Conventionnement;
use noemie_gateway::grpc::proto::claim_work_service_client::ClaimWorkServiceClient;
use noemie_gateway::grpc::proto::conventionnement_service_client::ConventionnementServiceClient;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::proto::exchange_service_client::ExchangeServiceClient;
use noemie_gateway::grpc::serve;
use noemie_gateway::ingest::{Ingest, Limits};
use noemie_gateway::limits::GrpcLimits;
use noemie_gateway::service::{Rooms, Service};
use noemie_gateway::store::{Database, SharedStore};
use noemie_gateway::vault::Vault;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::Channel;
use tonic_types::StatusExt as _;

/// Largest file that the gateway takes, bytes.
pub const MAX_FILE_BYTES: u64 = 1_000_000;

pub struct Gateway {
    pub store: SharedStore,
    pub clock: Arc<FixedClock>,
    pub vault: Arc<Vault>,
    pub conventionnement: Arc<Conventionnement>,
    pub service: Service,
    pub pool: SqlitePool,
    pub address: SocketAddr,
    pub channel: Channel,
    pub stop: CancellationToken,
    pub served: JoinHandle<()>,
    _directory: tempfile::TempDir,
}

impl Gateway {
    pub async fn start() -> Self {
        Self::start_within(GrpcLimits::default()).await
    }

    /// Starts a gateway with other limits.
    pub async fn start_within(grpc_limits: GrpcLimits) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("gateway.db");
        let database = Database::open(None, directory.path(), 1).await.expect("the database opens");
        let store = database.store();
        store.migrate().await.expect("the migrations apply");
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path))
            .await
            .expect("a second connection");
        let clock = Arc::new(FixedClock::new(samples::NOW));
        let vault = Arc::new(Vault::from_master_key([7; 32]));
        let conventionnement =
            Arc::new(Conventionnement::new(database.conventions(), clock.clone()));
        let archive = Archive::new(directory.path().join("archive"), vault.clone());
        let limits = Limits { file_bytes: MAX_FILE_BYTES, ..Limits::default() };
        let ingest =
            Ingest::new(store.clone(), vault.clone(), Arc::new(archive), clock.clone(), limits);
        let service = Service::new(Rooms {
            store: store.clone(),
            vault: vault.clone(),
            clock: clock.clone(),
            ingest: Arc::new(ingest),
            max_uploads: 64,
            conventionnement: conventionnement.clone(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port is known");
        let stop = CancellationToken::new();
        let shutdown = stop.clone();
        let ids = clock.clone();
        let served_service = service.clone();
        let served = tokio::spawn(async move {
            serve(listener, served_service, ids, grpc_limits, shutdown.clone(), shutdown)
                .await
                .expect("serves");
        });
        let channel = Channel::from_shared(format!("http://{address}"))
            .expect("an address")
            .connect()
            .await
            .expect("connects");
        Self {
            store,
            clock,
            vault,
            conventionnement,
            service,
            pool,
            address,
            channel,
            stop,
            served,
            _directory: directory,
        }
    }

    pub fn work(&self) -> ClaimWorkServiceClient<Channel> {
        ClaimWorkServiceClient::new(self.channel.clone())
    }

    pub fn status(&self) -> DreStatusServiceClient<Channel> {
        DreStatusServiceClient::new(self.channel.clone())
    }

    pub fn exchange(&self) -> ExchangeServiceClient<Channel> {
        ExchangeServiceClient::new(self.channel.clone())
    }

    pub fn conventions(&self) -> ConventionnementServiceClient<Channel> {
        ConventionnementServiceClient::new(self.channel.clone())
    }

    /// Publishes every event, as the relay would.
    pub async fn publish(&self) {
        self.publish_oldest(1000).await;
    }

    /// Publishes the oldest events of the outbox.
    pub async fn publish_oldest(&self, count: usize) {
        let events = self.store.unpublished_events(count, &[]).await.expect("reads the outbox");
        let ids: Vec<i64> = events.iter().map(|event| event.event_no).collect();
        self.store.mark_published(&ids, self.clock.now()).await.expect("marks");
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap_or_else(|e| panic!("{sql}: {e}"))
    }
}

/// Names of the wrong fields that a status carries.
pub fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    details
        .bad_request()
        .map(|bad| bad.field_violations.iter().map(|v| v.field.clone()).collect())
        .unwrap_or_default()
}

/// The stable reason that a status carries.
pub fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}
