//! A claim worker to start from: consumes `claims.work`, takes each fact once whatever is repeated,
//! and gives up what it cannot read.
//!
//! ```text
//! WORKER_AMQP_URL=amqp://guest:guest@127.0.0.1:5672/%2f WORKER_DB=worker.db cargo run --example worker
//! ```
//!
//! Its work is to keep, for each claim, the facts told. The ids of the events done stand in the
//! same database and are written in the same transaction as the work: kept anywhere else, a crash
//! between the two would either repeat the work or lose it.
//!
//! With `WORKER_GRPC` (`http://127.0.0.1:50051`) it also reads each received claim and accepts it,
//! under the event id as idempotency key.

use anyhow::{Context, Result};
use futures::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, BasicRejectOptions,
};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, Consumer};
use noemie_gateway::domain::{ClaimEvent, PartState};
use noemie_gateway::grpc::proto;
use noemie_gateway::grpc::proto::claim_work_service_client::ClaimWorkServiceClient;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use std::time::Duration;
use tokio::time::timeout;
use tonic::transport::Channel;

/// Messages on the way to this worker that it has not acknowledged.
const PREFETCH: u16 = 50;
/// Signs of life on the line to the broker.
const HEARTBEAT_SECONDS: u16 = 10;
/// For the broker to answer: a line that takes the call and says nothing would keep this worker for
/// ever.
const ANSWER: Duration = Duration::from_secs(10);
/// Between two tries: of the broker, and of a message whose work failed for now.
const PAUSE: Duration = Duration::from_secs(1);

type Gateway = ClaimWorkServiceClient<Channel>;

/// What becomes of a message.
enum Verdict {
    /// Done, now or before.
    Done,
    /// Nobody will ever read it: to the dead letters, at once.
    Poison(String),
}

#[tokio::main]
async fn main() -> Result<()> {
    let setting =
        |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let url = setting("WORKER_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2f");
    let queue = setting("WORKER_QUEUE", "claims.work");
    let db = open(&setting("WORKER_DB", "worker.db")).await?;
    let gateway = match std::env::var("WORKER_GRPC") {
        Ok(address) => Some(Gateway::new(Channel::from_shared(address)?.connect_lazy())),
        Err(_) => None,
    };
    // A line that breaks costs a pause: what was not acknowledged comes again, and is recognised.
    loop {
        if let Err(failure) = consume(&url, &queue, &db, gateway.as_ref()).await {
            eprintln!("worker: {failure:#}, trying again");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn open(path: &str) -> Result<SqlitePool> {
    // SQLite flushes each commit to disk by default: what is acknowledged must outlive a power cut.
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let db = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .context("opening the database")?;
    sqlx::query("CREATE TABLE IF NOT EXISTS done (event_id TEXT PRIMARY KEY, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)").execute(&db).await?;
    // Without a key of its own on purpose: a fact taken twice would show.
    sqlx::query("CREATE TABLE IF NOT EXISTS facts (claim_id TEXT NOT NULL, sequence INTEGER NOT NULL, fact TEXT NOT NULL)").execute(&db).await?;
    Ok(db)
}

/// Works until the line breaks.
async fn consume(url: &str, queue: &str, db: &SqlitePool, gateway: Option<&Gateway>) -> Result<()> {
    let mut uri: AMQPUri =
        url.parse().map_err(anyhow::Error::msg).context("reading the address of the broker")?;
    // A line that died without a word is noticed after two of these.
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
    let (connection, mut messages) =
        timeout(ANSWER, subscribe(uri, queue)).await.context("no answer from the broker")??;
    eprintln!("worker: consuming {queue}");
    while let Some(delivery) = messages.next().await {
        let delivery = delivery?;
        // One after the other: the events of a claim stay in order.
        let told = match work(&delivery, db, gateway).await {
            Ok(Verdict::Done) => timeout(ANSWER, delivery.ack(BasicAckOptions::default())).await,
            Ok(Verdict::Poison(why)) => {
                eprintln!("worker: given up: {why}");
                timeout(ANSWER, delivery.reject(BasicRejectOptions { requeue: false })).await
            }
            // It may pass: the message comes again, at most 5 times.
            Err(failure) => {
                eprintln!("worker: put back: {failure:#}");
                tokio::time::sleep(PAUSE).await;
                timeout(ANSWER, delivery.nack(BasicNackOptions { requeue: true, multiple: false }))
                    .await
            }
        };
        told.context("no way to answer the broker")??;
    }
    drop(connection);
    anyhow::bail!("the queue is gone")
}

/// A line of its own, with the queue at its end.
async fn subscribe(uri: AMQPUri, queue: &str) -> Result<(Connection, Consumer)> {
    let connection = Connection::connect_uri(uri, ConnectionProperties::default())
        .await
        .context("connecting")?;
    let channel = connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let messages = channel
        .basic_consume(
            queue.into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await
        .context("consuming")?;
    Ok((connection, messages))
}

/// One message: recognise it, do its work, commit. The acknowledgement comes after.
async fn work(delivery: &Delivery, db: &SqlitePool, gateway: Option<&Gateway>) -> Result<Verdict> {
    // The error of the parser is not shown: it quotes the body, and what is not ours may hold
    // anything.
    let Ok(event) = serde_json::from_slice::<ClaimEvent>(&delivery.data) else {
        return Ok(Verdict::Poison("the body is not an event".into()));
    };
    let event_id = event.event_id.to_string();
    if delivery.properties.message_id().as_ref().map(|id| id.as_str()) != Some(event_id.as_str()) {
        return Ok(Verdict::Poison("message id and event id differ".into()));
    }
    let mut tx = db.begin().await?;
    let new = sqlx::query("INSERT INTO done (event_id) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(&event_id)
        .execute(&mut *tx)
        .await?
        .rows_affected();
    if new == 0 {
        return Ok(Verdict::Done);
    }
    sqlx::query("INSERT INTO facts (claim_id, sequence, fact) VALUES ($1, $2, $3)")
        .bind(event.claim_id.to_string())
        .bind(i64::try_from(event.sequence)?)
        .bind(event.fact.as_str())
        .execute(&mut *tx)
        .await?;
    if let (Some(gateway), PartState::Received) = (gateway, event.fact) {
        decide(gateway.clone(), &event).await?;
    }
    tx.commit().await?;
    Ok(Verdict::Done)
}

/// Reads the claim and accepts it. Not part of our transaction, so it is done before the commit and
/// under a key: repeated, it changes nothing.
async fn decide(mut gateway: Gateway, event: &ClaimEvent) -> Result<()> {
    let claim_id = event.claim_id.to_string();
    let claim = gateway
        .get_claim(proto::GetClaimRequest { claim_id: claim_id.clone(), purpose: String::new() })
        .await?
        .into_inner();
    eprintln!("worker: claim {claim_id} has {} lines", claim.lines.len());
    let kind = Some(proto::decision::Kind::Accept(proto::Accept {}));
    let decision = proto::Decision {
        claim_id,
        part: event.part.as_str().into(),
        idempotency_key: event.event_id.to_string(),
        kind,
    };
    gateway.record_decision(proto::RecordDecisionRequest { decision: Some(decision) }).await?;
    Ok(())
}
