//! A reader that takes nothing is closed, and continues from its last token.

use super::history::{End, Filter, History, Kind, Reader, Stream};
use super::reader::{self, Plan};
use super::server::Server;
use super::writer::{Dice, Stage};
use super::{mutants, predicates};
use crate::support::databases::{TestDatabase, on_sqlite};
use crate::support::wait::PATIENCE;
use futures::StreamExt as _;
use noemie_gateway::limits::GrpcLimits;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// Events: many times what the transport holds.
const EVENTS: u64 = 3_000;
/// Messages that the reader takes before it stalls.
const TAKEN: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_reader_ends_and_continues_from_its_token() {
    on_sqlite(|db: TestDatabase| async move {
        let limits = GrpcLimits {
            slow_reader_timeout: Duration::from_millis(300),
            heartbeat_interval: Duration::from_millis(50),
            ..GrpcLimits::default()
        };
        let server = Server::start(&db.database, limits).await;
        let stage = Stage::default();
        stage.write(&db.store, "w", EVENTS).await;
        let stop = CancellationToken::new();
        stop.cancel();
        stage.publish(&db.store, Dice(1), stop).await;
        let plan = || Plan {
            kind: Kind::Events,
            filter: Filter::Everything,
            start: "oldest",
            most: u64::MAX,
            pause: None,
        };
        let (token, stalled) = stall(&server, &plan()).await;
        let rest = rest(&server, &plan(), token).await;
        let reader = Reader {
            kind: Kind::Events,
            filter: Filter::Everything,
            lives: vec![vec![stalled, rest]],
        };
        let history = History {
            committed: stage.published.into_inner().expect("no panic"),
            rolled_back: stage.rolled_back.into_inner().expect("no panic"),
            readers: vec![reader],
        };
        predicates::hold(&history);
        mutants::of_stalled_readers_are_rejected(&history);
    })
    .await;
}

fn stream(after: Option<i64>) -> Stream {
    Stream {
        after,
        purged_before: 0,
        purged_by_start: 0,
        purged_by_end: 0,
        messages: Vec::new(),
        stalled_after: None,
        end: End::Cut,
    }
}

/// Takes some messages, then none until the gateway closes the connection, then what had come.
async fn stall(server: &Server, plan: &Plan) -> (String, Stream) {
    let mut health = HealthClient::new(server.channel.clone())
        .watch(HealthCheckRequest::default())
        .await
        .expect("watches")
        .into_inner();
    health.next().await.expect("goes on").expect("the first state");
    let mut messages = reader::open(server.channel.clone(), plan, "").await.expect("subscribes");
    let (mut stream, mut token) = (stream(None), String::new());
    for _ in 0..TAKEN {
        let message = messages.next().await.expect("goes on").expect("a message");
        token = message.0;
        stream.messages.push(message.1);
    }
    stream.stalled_after = Some(TAKEN);
    // A stream of the same connection ends with it.
    let end = timeout(PATIENCE, health.next()).await.expect("the connection ends");
    assert!(end.is_none_or(|last| last.is_err()), "the connection is closed");
    while let Some(Ok(message)) = messages.next().await {
        token = message.0;
        stream.messages.push(message.1);
    }
    stream.end = End::Closed;
    (token, stream)
}

/// Continues after a token up to the last event.
async fn rest(server: &Server, plan: &Plan, token: String) -> Stream {
    let mut stream = stream(Some(reader::position(&token)));
    let mut messages =
        reader::open(server.channel.clone(), plan, &token).await.expect("subscribes");
    loop {
        let message = timeout(PATIENCE, messages.next()).await.expect("in time");
        let (_, message) = message.expect("goes on").expect("a message");
        let is_heartbeat = message.change().is_none();
        stream.messages.push(message);
        if is_heartbeat {
            return stream;
        }
    }
}
