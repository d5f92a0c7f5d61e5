//! A database with a history, and a gateway that serves it on a real socket.

use crate::gateway::Bench;
use crate::past;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::conventionnement::Conventionnement;
use noemie_gateway::grpc::proto::claim_work_service_client::ClaimWorkServiceClient;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::serve;
use noemie_gateway::limits::GrpcLimits;
use noemie_gateway::service::{Rooms, Service};
use sqlx::{Connection, PgConnection, SqliteConnection, query};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

/// Kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Sqlite,
}

impl Kind {
    pub const BOTH: [Self; 2] = [Self::Postgres, Self::Sqlite];
}

/// Opens a database with a history of so many claims. A database named by
/// `NOEMIE_BENCH_HISTORY_DATABASE` or `NOEMIE_BENCH_HISTORY_FILE` is filled when empty, and kept
/// for the next run.
pub async fn with_history(kind: Kind, claims: u64) -> Bench {
    let kept = std::env::var(match kind {
        Kind::Postgres => "NOEMIE_BENCH_HISTORY_DATABASE",
        Kind::Sqlite => "NOEMIE_BENCH_HISTORY_FILE",
    });
    let bench = match (kind, kept) {
        (Kind::Postgres, Ok(name)) => Bench::named(&name).await,
        (Kind::Postgres, Err(_)) => Bench::postgres().await,
        (Kind::Sqlite, Ok(file)) => Bench::file(&file).await,
        (Kind::Sqlite, Err(_)) => Bench::sqlite().await,
    };
    let start = Instant::now();
    let any = "SELECT 1 FROM claims LIMIT 1";
    match kind {
        Kind::Postgres => {
            let mut db = PgConnection::connect(&bench.url).await.unwrap();
            if query(any).fetch_optional(&mut db).await.unwrap().is_some() {
                return bench;
            }
            past::fill_postgres(&mut db, claims).await;
        }
        Kind::Sqlite => {
            let mut db = SqliteConnection::connect(&bench.url).await.unwrap();
            if query(any).fetch_optional(&mut db).await.unwrap().is_some() {
                return bench;
            }
            past::fill_sqlite(&mut db, claims).await;
        }
    }
    println!("{kind:?}: {claims} claims generated in {:.0?}", start.elapsed());
    bench
}

/// A gateway that answers on a free port, until it is dropped.
pub struct Served {
    pub channel: Channel,
    stop: CancellationToken,
}

impl Served {
    pub async fn start(bench: &Bench) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Arc::new(SystemClock);
        let service = Service::new(Rooms {
            store: Arc::clone(&bench.store),
            vault: Arc::clone(&bench.vault),
            clock: clock.clone(),
            ingest: Arc::clone(&bench.ingest),
            max_uploads: 16,
            conventionnement: Arc::new(Conventionnement::new(
                bench.database.conventions(),
                clock.clone(),
            )),
        });
        let stop = CancellationToken::new();
        let (announced, stopped) = (stop.clone(), stop.clone());
        tokio::spawn(serve(listener, service, clock, GrpcLimits::default(), announced, stopped));
        Self { channel: connect(address).await, stop }
    }

    pub fn statuses(&self) -> DreStatusServiceClient<Channel> {
        DreStatusServiceClient::new(self.channel.clone())
            .max_decoding_message_size(64 * 1024 * 1024)
    }

    pub fn work(&self) -> ClaimWorkServiceClient<Channel> {
        ClaimWorkServiceClient::new(self.channel.clone())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Opens a connection with the options of a plain client: acknowledgements may be delayed.
pub async fn connect(address: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

/// Returns the value below which this share of the times lies.
pub fn percentile(times: &[Duration], share: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a list"
    )]
    let at = ((sorted.len() as f64 * share) as usize).min(sorted.len() - 1);
    sorted[at]
}
