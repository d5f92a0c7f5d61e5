//! A gateway on a free port over a real SQLite file, and clients for it. The door of files is a
//! small stand-in: what is behind it is tested elsewhere.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

#[path = "../support/samples.rs"]
pub mod samples;

use async_trait::async_trait;
use futures::StreamExt as _;
use noemie_gateway::clock::{Clock, FixedClock};
use noemie_gateway::conventionnement::Conventionnement;
use noemie_gateway::domain::{ExchangeId, Verdict};
use noemie_gateway::grpc::proto::claim_work_service_client::ClaimWorkServiceClient;
use noemie_gateway::grpc::proto::conventionnement_service_client::ConventionnementServiceClient;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::proto::exchange_service_client::ExchangeServiceClient;
use noemie_gateway::grpc::{Chunks, Intake, Services, serve};
use noemie_gateway::ingest::{Deposit, IngestError, Receipt};
use noemie_gateway::store::{Database, SharedStore};
use noemie_gateway::vault::Vault;
use noemie_xray::Report;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::Channel;
use tonic_types::StatusExt as _;

/// Largest file of the stand-in door, bytes.
pub const LARGEST_FILE: u64 = 1_000_000;
/// An idempotency key that the stand-in door takes for used.
pub const USED_KEY: &str = "used";
/// The idempotency key of a deposit that meets an invoice of a load.
pub const HELD_KEY: &str = "held-key";

pub struct Gateway {
    pub store: SharedStore,
    pub clock: Arc<FixedClock>,
    pub vault: Arc<Vault>,
    pub conventionnement: Arc<Conventionnement>,
    pub pool: SqlitePool,
    pub channel: Channel,
    pub stop: CancellationToken,
    pub served: JoinHandle<()>,
    _directory: tempfile::TempDir,
}

impl Gateway {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("gateway.db");
        let database = Database::open(None, directory.path(), 1).await.expect("the database opens");
        let store = database.store();
        store.migrate().await.expect("the migrations apply");
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path))
            .await
            .expect("a second door");
        let clock = Arc::new(FixedClock::new(samples::NOW));
        let vault = Arc::new(Vault::from_master_key([7; 32]));
        let conventionnement =
            Arc::new(Conventionnement::new(database.conventions(), clock.clone()));
        let services = Services {
            store: store.clone(),
            clock: clock.clone(),
            vault: vault.clone(),
            intake: Arc::new(StandInDoor),
            conventionnement: conventionnement.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port is known");
        let stop = CancellationToken::new();
        let shutdown = stop.clone();
        let served =
            tokio::spawn(async move { serve(listener, services, shutdown).await.expect("serves") });
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
            pool,
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

    /// Publishes everything, as the relay would.
    pub async fn publish(&self) {
        let events = self.store.unpublished(1000, &[]).await.expect("reads the outbox");
        let ids: Vec<i64> = events.iter().map(|event| event.outbox_id).collect();
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

/// Reads what it is given and stores nothing; accepts everything but what its constants say.
struct StandInDoor;

impl StandInDoor {
    async fn read(chunks: &mut Chunks<'_>) -> Result<u64, IngestError> {
        let mut size = 0;
        while let Some(chunk) = chunks.next().await {
            size += chunk
                .map_err(|source| IngestError::Archive { doing: "reading the upload", source })?
                .len() as u64;
            if size > LARGEST_FILE {
                return Err(IngestError::TooLarge { limit: LARGEST_FILE });
            }
        }
        Ok(size)
    }
}

#[async_trait]
impl Intake for StandInDoor {
    async fn submit(
        &self,
        deposit: Deposit,
        chunks: &mut Chunks<'_>,
    ) -> Result<Receipt, IngestError> {
        let size = Self::read(chunks).await?;
        if deposit.idempotency_key == USED_KEY {
            return Err(IngestError::KeyReused);
        }
        if deposit.idempotency_key == HELD_KEY {
            return Err(IngestError::Held { exchange: ExchangeId(samples::new_id()) });
        }
        let closing = samples::closing(ExchangeId(samples::new_id()), "digest", &[]);
        let mut exchange = closing.exchange;
        (exchange.sender, exchange.channel, exchange.file_name, exchange.size) =
            (deposit.sender, deposit.channel, deposit.file_name, size);
        Ok(Receipt { exchange, arl: closing.arl, arl_body: b"ARL".to_vec(), repeated: false })
    }

    async fn validate(
        &self,
        file_name: &str,
        chunks: &mut Chunks<'_>,
    ) -> Result<Report, IngestError> {
        let records = Self::read(chunks).await? / 128;
        Ok(Report {
            file: file_name.to_owned(),
            norm: Some(noemie_xray::Norm::B2),
            packaging: Some(noemie_xray::Packaging::Blocks),
            detected: "128-byte blocks".to_owned(),
            assumptions: Vec::new(),
            verdict: Verdict::Accepted,
            logical_files: 1,
            lots: 1,
            invoices: 0,
            lines: 0,
            records,
            entities: 0,
            accepted_invoices: 0,
            quarantined_invoices: Vec::new(),
            total_centimes: 0,
            amo_centimes: 0,
            amc_centimes: 0,
            sums: None,
            anomaly_count: 0,
            anomalies: Vec::new(),
        })
    }
}
