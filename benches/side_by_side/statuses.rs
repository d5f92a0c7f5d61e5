//! Time of `GetDreStatus` on one warm connection, against a bare call that selects a row by key.

use crate::gateway::Bench;
use crate::served::{Kind, Served, connect, percentile, with_history};
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::proto::dre_status_service_server::{
    DreStatusService, DreStatusServiceServer,
};
use noemie_gateway::grpc::proto::get_dre_status_request::Dre;
use noemie_gateway::grpc::proto::{self, GetDreStatusRequest, GetDreStatusResponse, InvoiceKey};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{PgPool, SqlitePool, query_as, query_scalar};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// Largest median of a call.
const GOAL_P50: Duration = Duration::from_millis(2);
/// Largest 99th percentile, against that of the bare call.
const GOAL_P99: f64 = 2.0;
/// Claims that are asked for, drawn from the whole history.
const CLAIMS: i64 = 1_000;

/// Connections of the bare program.
#[derive(Clone)]
enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

impl Pool {
    async fn of(kind: Kind, url: &str) -> Self {
        match kind {
            Kind::Postgres => Self::Postgres(
                PgPoolOptions::new().test_before_acquire(false).connect(url).await.unwrap(),
            ),
            Kind::Sqlite => Self::Sqlite(
                SqlitePoolOptions::new().test_before_acquire(false).connect(url).await.unwrap(),
            ),
        }
    }

    /// Selects one row by its key.
    async fn select(&self, id: Uuid) -> Vec<u8> {
        let sql = "SELECT vault FROM claims WHERE id = $1";
        match self {
            Self::Postgres(pool) => query_scalar(sql).bind(id).fetch_one(pool).await.unwrap(),
            Self::Sqlite(pool) => query_scalar(sql).bind(id).fetch_one(pool).await.unwrap(),
        }
    }

    /// Returns claims of the whole history: id, PS and invoice number.
    async fn claims(&self) -> Vec<(Uuid, String, String)> {
        let sql = format!(
            "SELECT id, ps, invoice_number FROM claims WHERE NOT is_test \
             ORDER BY identity LIMIT {CLAIMS}"
        );
        let sql = sqlx::AssertSqlSafe(sql);
        match self {
            Self::Postgres(pool) => query_as(sql).fetch_all(pool).await.unwrap(),
            Self::Sqlite(pool) => query_as(sql).fetch_all(pool).await.unwrap(),
        }
    }
}

/// A service that selects one row and answers the message of the gateway, made beforehand.
struct Bare {
    pool: Pool,
    answers: Arc<HashMap<String, GetDreStatusResponse>>,
}

#[tonic::async_trait]
impl DreStatusService for Bare {
    async fn get_dre_status(
        &self,
        request: Request<GetDreStatusRequest>,
    ) -> Result<Response<GetDreStatusResponse>, Status> {
        let Some(Dre::ClaimId(id)) = &request.get_ref().dre else {
            return Err(Status::invalid_argument("claim_id"));
        };
        let row = self.pool.select(id.parse().unwrap()).await;
        assert!(!row.is_empty());
        Ok(Response::new(self.answers[id].clone()))
    }

    async fn batch_get_dre_status(
        &self,
        _: Request<proto::BatchGetDreStatusRequest>,
    ) -> Result<Response<proto::BatchGetDreStatusResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_dre(
        &self,
        _: Request<proto::ListDreRequest>,
    ) -> Result<Response<proto::ListDreResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_dre_history(
        &self,
        _: Request<proto::GetDreHistoryRequest>,
    ) -> Result<Response<proto::GetDreHistoryResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    type WatchDreStream = tokio_stream::Empty<Result<proto::WatchDreResponse, Status>>;

    async fn watch_dre(
        &self,
        _: Request<proto::WatchDreRequest>,
    ) -> Result<Response<Self::WatchDreStream>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// Measures so many calls of each side in turn, over a history of so many claims.
pub async fn statuses(calls: u64, claims: u64) {
    for kind in Kind::BOTH {
        let bench = with_history(kind, claims).await;
        measure(kind, &bench, calls, claims).await;
        bench.close().await;
    }
}

async fn measure(kind: Kind, bench: &Bench, calls: u64, claims: u64) {
    let pool = Pool::of(kind, &bench.url).await;
    let asked = pool.claims().await;
    let by_id = |(id, _, _): &(Uuid, String, String)| GetDreStatusRequest {
        dre: Some(Dre::ClaimId(id.to_string())),
        ..GetDreStatusRequest::default()
    };
    let by_number = |(_, ps, number): &(Uuid, String, String)| GetDreStatusRequest {
        dre: Some(Dre::Invoice(InvoiceKey { ps: ps.clone(), invoice_number: number.clone() })),
        ..GetDreStatusRequest::default()
    };
    let served = Served::start(bench).await;
    let mut gateway = served.statuses();
    let mut answers = HashMap::new();
    for claim in &asked {
        let answer = gateway.get_dre_status(by_id(claim)).await.unwrap().into_inner();
        answers.insert(claim.0.to_string(), answer);
    }
    let mut bare = DreStatusServiceClient::new(bare(pool, answers).await);
    let mut times: [Vec<Duration>; 3] = Default::default();
    for claim in asked.iter().cycle().take(usize::try_from(calls).unwrap()) {
        times[0].push(call(&mut gateway, by_id(claim)).await);
        times[1].push(call(&mut bare, by_id(claim)).await);
        times[2].push(call(&mut gateway, by_number(claim)).await);
    }
    println!(
        "{kind:?}: {calls} calls of each side in turn over {claims} claims, one connection each"
    );
    let p99 = percentile(&times[1], 0.99);
    for (name, times) in ["GetDreStatus by claim", "bare call, one key", "GetDreStatus by invoice"]
        .iter()
        .zip(&times)
    {
        let ratio = percentile(times, 0.99).as_secs_f64() / p99.as_secs_f64();
        println!(
            "  {name:<24} p50 {:>9.1?}  p99 {:>9.1?}  p99 against bare {ratio:.2}",
            percentile(times, 0.5),
            percentile(times, 0.99)
        );
    }
    println!("  goals: p50 below {GOAL_P50:?}, p99 within {GOAL_P99} of the bare call");
}

async fn call(
    client: &mut DreStatusServiceClient<Channel>,
    request: GetDreStatusRequest,
) -> Duration {
    let start = Instant::now();
    client.get_dre_status(request).await.unwrap();
    start.elapsed()
}

/// Serves the bare service on a free port.
async fn bare(pool: Pool, answers: HashMap<String, GetDreStatusResponse>) -> Channel {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = DreStatusServiceServer::new(Bare { pool, answers: Arc::new(answers) });
    let incoming = futures::StreamExt::map(TcpListenerStream::new(listener), |socket| {
        let socket = socket?;
        socket.set_nodelay(true)?;
        Ok::<_, std::io::Error>(socket)
    });
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    connect(address).await
}
