//! Time from the outbox to the confirm, and from the commit to the delivery.

use crate::gateway::{Bench, POLL_INTERVAL, file};
use crate::{ROUNDS, median, rate};
use futures::StreamExt as _;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions,
    ExchangeDeleteOptions, QueueDeleteOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use noemie_gateway::clock::{Clock, SharedClock, SystemClock};
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::{Caller, ClaimEvent, ClaimId, PartKind};
use noemie_gateway::relay::topology::{self, CLAIMS, EXCHANGES, Prefix, QUEUES, WORK};
use noemie_gateway::relay::{self, AmqpSettings, AmqpSink, Relay, RelayStatus, StepOutcome};
use noemie_gateway::service::decisions::{Decision, DecisionKind, decide};
use noemie_gateway::store::{ClaimFilter, Database, SharedStore};
use sqlx::{Connection as _, PgConnection, query, query_as};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Events in flight together on each side.
const WINDOW_EVENTS: i64 = 500;
/// Rate of the latency measurement, in events per second.
const EVENTS_PER_SEC: u64 = 500;
/// Duration of the latency measurement.
const DURATION_SECS: u64 = 8;

pub fn url() -> String {
    std::env::var("NOEMIE_TEST_AMQP_URL")
        .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}

/// A broker with a prefix of its own. The exchanges and queues of the gateway are declared under it,
/// and deleted at the end.
pub struct Broker {
    connection: Connection,
    channel: Channel,
    pub prefix: Prefix,
}

impl Broker {
    pub async fn new() -> Self {
        let prefix = Prefix::try_from(format!("bench-{}.", SystemClock.new_id().simple())).unwrap();
        let connection =
            Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        topology::declare(&channel, &prefix).await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { connection, channel, prefix }
    }

    fn sink(&self) -> Box<AmqpSink> {
        Box::new(AmqpSink::new(AmqpSettings::new(url(), self.prefix.clone())))
    }

    /// Publishes persistent and mandatory messages, and waits for every confirm.
    async fn publish(&self, messages: &[(String, String)]) {
        let exchange = ShortString::from(self.prefix.name(CLAIMS));
        let mut confirms = Vec::with_capacity(messages.len());
        for (key, payload) in messages {
            let options = BasicPublishOptions { mandatory: true, immediate: false };
            let properties = BasicProperties::default().with_delivery_mode(2);
            let sent = self.channel.basic_publish(
                exchange.clone(),
                key.as_str().into(),
                options,
                payload.as_bytes(),
                properties,
            );
            confirms.push(sent.await.unwrap());
        }
        for confirm in confirms {
            assert!(confirm.await.unwrap().is_ack());
        }
    }

    pub async fn close(self) {
        for queue in QUEUES {
            self.channel
                .queue_delete(self.prefix.name(queue.name).into(), QueueDeleteOptions::default())
                .await
                .unwrap();
        }
        for exchange in EXCHANGES {
            self.channel
                .exchange_delete(
                    self.prefix.name(exchange.name).into(),
                    ExchangeDeleteOptions::default(),
                )
                .await
                .unwrap();
        }
        self.connection.close(200, "bye".into()).await.unwrap();
    }
}

/// Measures the gateway's relay, a bare relay loop (select, publish, confirm, update), and a bare
/// publisher, with the same messages and the same kind of queue.
pub async fn throughput(events: u64) {
    let bytes = file(events, 1);
    let (mut ours, mut loops, mut publishers) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (bench, broker) = (Bench::postgres().await, Broker::new().await);
        let mut relay = Relay::new(
            bench.store.clone(),
            broker.sink(),
            Arc::new(SystemClock),
            RelayStatus::default(),
        );
        // Like the other sides, the relay is connected before the measurement.
        assert!(matches!(relay.step().await, StepOutcome::Idle));
        bench.ingest(&bytes).await;
        let start = Instant::now();
        while !matches!(relay.step().await, StepOutcome::Idle) {}
        ours.push(start.elapsed());
        relay.close().await;
        assert_eq!(bench.store.outbox_depth().await.unwrap().pending, 0);
        broker.close().await;
        bench.close().await;

        let (bench, broker) = (Bench::postgres().await, Broker::new().await);
        bench.ingest(&bytes).await;
        let mut db = PgConnection::connect(&bench.url).await.unwrap();
        let messages: Vec<(String, String)> =
            query_as("SELECT routing_key, payload FROM events ORDER BY event_no")
                .fetch_all(&mut db)
                .await
                .unwrap();
        let start = Instant::now();
        bare_loop(&mut db, &broker).await;
        loops.push(start.elapsed());
        let start = Instant::now();
        for window in messages.chunks(usize::try_from(WINDOW_EVENTS).unwrap()) {
            broker.publish(window).await;
        }
        publishers.push(start.elapsed());
        drop(db);
        broker.close().await;
        bench.close().await;
    }
    let (ours, bare_loop, publisher) = (median(ours), median(loops), median(publishers));
    println!("relay: {events} events to a quorum queue, {WINDOW_EVENTS} in flight");
    println!("  gateway                    {ours:>10.2?}  {:>9.0} events/s", rate(events, ours));
    println!(
        "  bare relay loop            {bare_loop:>10.2?}  {:>9.0} events/s  ratio {:.2}",
        rate(events, bare_loop),
        bare_loop.as_secs_f64() / ours.as_secs_f64()
    );
    println!(
        "  bare publisher             {publisher:>10.2?}  {:>9.0} events/s  ratio {:.2}",
        rate(events, publisher),
        publisher.as_secs_f64() / ours.as_secs_f64()
    );
}

async fn bare_loop(db: &mut PgConnection, broker: &Broker) {
    loop {
        let rows: Vec<(i64, String, String)> = query_as(
            "SELECT event_no, routing_key, payload FROM outbox JOIN events USING (event_no) \
                 ORDER BY event_no LIMIT $1",
        )
        .bind(WINDOW_EVENTS)
        .fetch_all(&mut *db)
        .await
        .unwrap();
        if rows.is_empty() {
            return;
        }
        let ids: Vec<i64> = rows.iter().map(|(id, ..)| *id).collect();
        let messages: Vec<(String, String)> =
            rows.into_iter().map(|(_, key, payload)| (key, payload)).collect();
        broker.publish(&messages).await;
        let publish = "WITH removed AS (DELETE FROM outbox WHERE event_no = ANY($1) \
                       RETURNING event_no) INSERT INTO published_events \
                       SELECT event_no, event_no, now(), 1 FROM removed";
        query(publish).bind(ids).execute(&mut *db).await.unwrap();
    }
}

/// Measures the time from the commit of a decision on one replica to its delivery by the relay of
/// another. A second run inserts events without a notification, as if each notification were lost.
pub async fn latency() {
    println!(
        "latency: {EVENTS_PER_SEC} events/s for {DURATION_SECS} s, committed on one replica, relayed by another"
    );
    for (name, notified) in [("with notifications", true), ("without", false)] {
        let (bench, broker) = (Bench::postgres().await, Broker::new().await);
        let claims = EVENTS_PER_SEC * DURATION_SECS;
        bench.ingest(&file(claims, 1)).await;
        let stop = CancellationToken::new();
        let clock: SharedClock = Arc::new(SystemClock);
        let relaying = tokio::spawn(relay::run(
            bench.store.clone(),
            broker.sink(),
            Arc::clone(&clock),
            RelayStatus::default(),
            stop.clone(),
        ));
        let arrivals = consume(&broker).await;
        bench.drained().await;
        let replica =
            Database::open(Some(&bench.url), std::path::Path::new("."), 8).await.unwrap().store();
        let claims = received(&replica).await;
        let commits = if notified {
            steady_decisions(&replica, &clock, claims).await
        } else {
            steady_inserts(&bench.url, claims).await
        };
        bench.drained().await;
        while arrivals.lock().unwrap().len() < commits.len() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        let arrivals = arrivals.lock().unwrap().clone();
        let mut waits: Vec<Duration> = commits
            .iter()
            .map(|(claim, at)| arrivals[claim].saturating_duration_since(*at))
            .collect();
        waits.sort();
        let at = |share: usize| waits[(waits.len() - 1) * share / 1000];
        println!(
            "  {name:<22} p50 {:>9.2?}  p99 {:>9.2?}  max {:>9.2?}  over {} events",
            at(500),
            at(990),
            at(1000),
            waits.len()
        );
        stop.cancel();
        relaying.await.unwrap();
        drop(replica);
        broker.close().await;
        bench.close().await;
    }
}

/// Returns the claims whose AMC part waits for a decision.
async fn received(store: &SharedStore) -> Vec<ClaimId> {
    let mut claims = Vec::new();
    let mut after = None;
    loop {
        let page =
            store.claims(&Scope::everything(), &ClaimFilter::default(), after, 500).await.unwrap();
        claims.extend(
            page.items.into_iter().filter(|c| c.amc.state.as_str() == "received").map(|c| c.id),
        );
        after = page.next;
        if after.is_none() {
            return claims;
        }
    }
}

/// Waits until the n-th event is due.
async fn due(start: Instant, n: u64) {
    tokio::time::sleep_until(
        (start + Duration::from_micros(1_000_000 / EVENTS_PER_SEC * n)).into(),
    )
    .await;
}

/// Accepts the AMC part of each claim, evenly in time, at most eight at once. Returns the instant
/// after each commit.
async fn steady_decisions(
    store: &SharedStore,
    clock: &SharedClock,
    claims: Vec<ClaimId>,
) -> HashMap<ClaimId, Instant> {
    let start = Instant::now();
    let timed =
        futures::stream::iter(claims.into_iter().zip(0u64..)).map(|(claim, n)| async move {
            due(start, n).await;
            let decision = Decision {
                claim_id: claim,
                part: PartKind::Amc,
                kind: DecisionKind::Accept,
                expected_version: None,
                idempotency_key: None,
                decided_by: Some("bench".into()),
            };
            decide(store.as_ref(), clock.as_ref(), &Caller::local(), &decision).await.unwrap();
            (claim, Instant::now())
        });
    timed.buffer_unordered(8).collect().await
}

/// Stores the instant at which the last event of each claim was delivered.
async fn consume(broker: &Broker) -> Arc<Mutex<HashMap<ClaimId, Instant>>> {
    let channel = broker.connection.create_channel().await.unwrap();
    let queue = broker.prefix.name(WORK);
    let mut consumer = channel
        .basic_consume(
            queue.into(),
            "bench".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    let arrivals = Arc::new(Mutex::new(HashMap::new()));
    let shared = Arc::clone(&arrivals);
    tokio::spawn(async move {
        while let Some(Ok(delivery)) = consumer.next().await {
            let at = Instant::now();
            let event: ClaimEvent = serde_json::from_slice(&delivery.data).unwrap();
            shared.lock().unwrap().insert(event.claim_id, at);
            // The acknowledgement fails once the connection is closed at the end.
            let _ = delivery.ack(BasicAckOptions::default()).await;
        }
    });
    arrivals
}

/// Inserts a second event for each claim, evenly in time, without a notification.
async fn steady_inserts(url: &str, claims: Vec<ClaimId>) -> HashMap<ClaimId, Instant> {
    let mut db = PgConnection::connect(url).await.unwrap();
    let (start, mut commits) = (Instant::now(), HashMap::new());
    for (claim, n) in claims.into_iter().zip(0u64..) {
        due(start, n).await;
        let again = "WITH again AS (INSERT INTO events (event_id, subject_kind, subject_id, \
                     sequence, kind, actor_name, actor_role, actor_proof, routing_key, payload, \
                     occurred_at) SELECT gen_random_uuid(), subject_kind, subject_id, 2, kind, \
                     actor_name, actor_role, actor_proof, routing_key, payload, now() FROM events \
                     WHERE subject_kind = 'claim' AND subject_id = $1 RETURNING event_no) \
                     INSERT INTO outbox (event_no) SELECT event_no FROM again";
        query(again).bind(claim.0).execute(&mut db).await.unwrap();
        commits.insert(claim, Instant::now());
    }
    commits
}
