//! An example claim worker: consumes `claims.work`, handles each event once although messages may be
//! repeated, and rejects unreadable messages.
//!
//! ```text
//! WORKER_AMQP_URL=amqp://guest:guest@127.0.0.1:5672/%2f WORKER_DB=worker.db cargo run --example worker
//! ```
//!
//! The worker stores the facts of each claim. It writes the id of each handled event to the same
//! database, in the same transaction as the work: with the ids elsewhere, a crash between the two
//! would either repeat the work or lose it.
//!
//! With `WORKER_GRPC` (`http://127.0.0.1:50051`) the worker also reads each received claim and
//! accepts it, with the event id as idempotency key.

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

/// Unacknowledged messages that the broker sends ahead.
const PREFETCH: u16 = 50;
/// AMQP heartbeat: two missed heartbeats end a dead connection.
const HEARTBEAT_SECS: u16 = 10;
/// Limit for an answer of the broker. Without it a silent connection would block the worker for ever.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Wait before the next connection, and before a message whose work failed is put back.
const RETRY_WAIT: Duration = Duration::from_secs(1);

type Gateway = ClaimWorkServiceClient<Channel>;

/// Outcome of a message.
enum Verdict {
    /// The event is handled, now or by an earlier delivery.
    Done,
    /// The message is unreadable, and goes to the dead letters at once.
    Unreadable(String),
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
    // After a broken connection the broker delivers unacknowledged messages again, and the worker
    // recognises the events that it has handled.
    loop {
        if let Err(failure) = consume(&url, &queue, &db, gateway.as_ref()).await {
            eprintln!("worker: {failure:#}, trying again");
        }
        tokio::time::sleep(RETRY_WAIT).await;
    }
}

async fn open(path: &str) -> Result<SqlitePool> {
    // SQLite flushes each commit to disk by default, so that an acknowledged event survives a power
    // failure.
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let db = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .context("opening the database")?;
    sqlx::query("CREATE TABLE IF NOT EXISTS done (event_id TEXT PRIMARY KEY, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)").execute(&db).await?;
    // The table has no unique key, so that an event handled twice would be visible.
    sqlx::query("CREATE TABLE IF NOT EXISTS facts (claim_id TEXT NOT NULL, sequence INTEGER NOT NULL, fact TEXT NOT NULL)").execute(&db).await?;
    Ok(db)
}

/// Handles messages until the connection breaks.
async fn consume(url: &str, queue: &str, db: &SqlitePool, gateway: Option<&Gateway>) -> Result<()> {
    let mut uri: AMQPUri =
        url.parse().map_err(anyhow::Error::msg).context("reading the address of the broker")?;
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECS);
    let (connection, mut messages) = timeout(ANSWER_TIMEOUT, subscribe(uri, queue))
        .await
        .context("no answer from the broker")??;
    eprintln!("worker: consuming {queue}");
    while let Some(delivery) = messages.next().await {
        let delivery = delivery?;
        // One message after the other, so that the events of a claim stay in order.
        let answered = match work(&delivery, db, gateway).await {
            Ok(Verdict::Done) => {
                timeout(ANSWER_TIMEOUT, delivery.ack(BasicAckOptions::default())).await
            }
            Ok(Verdict::Unreadable(why)) => {
                eprintln!("worker: given up: {why}");
                timeout(ANSWER_TIMEOUT, delivery.reject(BasicRejectOptions { requeue: false }))
                    .await
            }
            // The failure may be temporary: the broker delivers the message again, at most 5 times.
            Err(failure) => {
                eprintln!("worker: put back: {failure:#}");
                tokio::time::sleep(RETRY_WAIT).await;
                timeout(
                    ANSWER_TIMEOUT,
                    delivery.nack(BasicNackOptions { requeue: true, multiple: false }),
                )
                .await
            }
        };
        answered.context("answering the broker")??;
    }
    drop(connection);
    anyhow::bail!("the queue is gone")
}

/// Connects and consumes the queue.
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

/// Handles one message in one transaction. The caller acknowledges it after the commit.
async fn work(delivery: &Delivery, db: &SqlitePool, gateway: Option<&Gateway>) -> Result<Verdict> {
    // The parser's error quotes the body, which may hold personal data, and is not printed.
    let Ok(event) = serde_json::from_slice::<ClaimEvent>(&delivery.data) else {
        return Ok(Verdict::Unreadable("the body is not an event".into()));
    };
    let event_id = event.event_id.to_string();
    if delivery.properties.message_id().as_ref().map(|id| id.as_str()) != Some(event_id.as_str()) {
        return Ok(Verdict::Unreadable("message id and event id differ".into()));
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

/// Reads the claim and accepts it, unless it changed after that reading. The call is not part of the transaction: it comes before the
/// commit, and its idempotency key makes a repeated call harmless.
async fn decide(mut gateway: Gateway, event: &ClaimEvent) -> Result<()> {
    let claim_id = event.claim_id.to_string();
    let claim = gateway
        .get_claim(proto::GetClaimRequest { claim_id: claim_id.clone(), purpose: String::new() })
        .await?
        .into_inner();
    eprintln!("worker: claim {claim_id} has {} lines", claim.lines.len());
    let kind = Some(proto::decision::Kind::Accept(proto::Accept {}));
    let expected_version = claim.dre.map(|dre| dre.version);
    let decision = proto::Decision {
        claim_id,
        part: event.part.as_str().into(),
        idempotency_key: event.event_id.to_string(),
        expected_version,
        kind,
    };
    gateway.record_decision(proto::RecordDecisionRequest { decision: Some(decision) }).await?;
    Ok(())
}
