//! The relay on a real RabbitMQ, over a real database: what reaches the workers, in which order, and what a cut line costs.
//!
//! Every test declares its exchanges and queues under a prefix of its own and deletes them, also when it fails.

#![allow(clippy::unwrap_used, reason = "a test that unwraps is a test that fails with a line number")]

#[allow(dead_code, unreachable_pub, reason = "shared with the tests of the store")]
mod support;

use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::*;
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use metrics_exporter_prometheus::PrometheusHandle;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::domain::{Claim, ClaimEvent};
use noemie_gateway::relay::topology::{self, CLAIMS, DEAD, Prefix, UNROUTABLE, WORK};
use noemie_gateway::relay::{self, AmqpSettings, AmqpSink, RelayState, RelayStatus, Sink, SinkError};
use noemie_gateway::store::SharedStore;
use noemie_gateway::telemetry;
use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use support::databases::{on_postgres, on_sqlite};
use support::samples::{deposit_many, event, new_id};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

const DEFAULT_URL: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";
/// Far above what any of these waits takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_the_workers_as_documented() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let relay = broker.relay(&db.store).await;
            let claims = deposit_many(&db.store, "d", 1).await;
            let delivery = broker.consume(WORK, 1).await.remove(0);

            let kept = db.store.history(claims[0].claim.id).await.unwrap().remove(0);
            assert_eq!(String::from_utf8(delivery.data.clone()).unwrap(), kept.payload, "the payload of the commit, byte for byte");
            assert_eq!(delivery.exchange.as_str(), broker.prefix.name(CLAIMS));
            assert_eq!(delivery.routing_key.as_str(), "claim.dre.received.0099900011");
            let properties = &delivery.properties;
            let id = kept.event.event_id.to_string();
            assert_eq!(properties.message_id().as_ref().unwrap().as_str(), id);
            assert_eq!(properties.kind().as_ref().unwrap().as_str(), "claim.received");
            assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
            assert_eq!(properties.app_id().as_ref().unwrap().as_str(), "noemie-gateway");
            assert_eq!(*properties.delivery_mode(), Some(2));
            assert_eq!(*properties.timestamp(), Some(u64::try_from(kept.event.occurred_at.unix_timestamp()).unwrap()));
            let trace = kept.event.exchange_id.unwrap().0.simple().to_string();
            let headers = headers(&delivery);
            let header = |name: &str| headers.get(name).map(String::as_str);
            assert_eq!(header("cloudEvents_specversion"), Some("1.0"));
            assert_eq!(header("cloudEvents_id"), Some(id.as_str()));
            assert_eq!(header("cloudEvents_type"), Some("claim.received"));
            assert_eq!(header("cloudEvents_source"), Some("/noemie-gateway"));
            assert_eq!(header("cloudEvents_subject"), Some(format!("claims/{}", kept.event.claim_id).as_str()));
            assert_eq!(header("cloudEvents_time"), Some("2025-03-10T09:30:00.123456Z"));
            assert_eq!(header("cloudEvents_partitionkey"), Some(kept.event.claim_id.to_string().as_str()));
            assert_eq!(header("cloudEvents_sequence"), Some("1"));
            let traceparent = header("traceparent").unwrap();
            assert!(traceparent.starts_with(&format!("00-{trace}-")) && traceparent.len() == 55, "{traceparent}");

            relay.stop().await;
            assert_eq!(db.store.published_after(0, 10).await.unwrap().len(), 1);
            assert_eq!(db.store.outbox_depth().await.unwrap().pending, 0);
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_events_keep_the_order_of_their_claims() {
    on_broker(|broker| {
        on_postgres(|db| async move {
            let told = tell(&db.store, 40, 50).await;
            let relay = broker.relay(&db.store).await;
            let deliveries = broker.consume(WORK, 2_000).await;
            check_order(&told, &deliveries);
            assert_eq!(deliveries.len(), 2_000, "nothing twice when nothing fails");
            relay.stop().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_cut_again_and_again_loses_nothing_and_keeps_the_order() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let proxy = Proxy::start().await;
            let told = tell(&db.store, 40, 50).await;
            let relay = broker.relay_with(&db.store, AmqpSettings::new(proxy.url(), broker.prefix.clone())).await;
            let cutter = tokio::spawn(async move {
                for _ in 0..8 {
                    sleep(Duration::from_millis(120)).await;
                    proxy.cut();
                }
                proxy
            });
            let deliveries = broker.consume(WORK, 2_000).await;
            check_order(&told, &deliveries);
            cutter.await.unwrap();
            relay.stop().await;
            assert_eq!(db.store.outbox_depth().await.unwrap().pending, 0);
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_falls_silent_is_given_up_in_time() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let proxy = Proxy::start().await;
            let settings = AmqpSettings { confirm_timeout: Duration::from_millis(500), ..AmqpSettings::new(proxy.url(), broker.prefix.clone()) };
            let relay = broker.relay_with(&db.store, settings).await;
            proxy.silence();
            let told = tell(&db.store, 10, 3).await;
            relay.is(RelayState::Down).await;
            let deliveries = broker.consume(WORK, 30).await;
            check_order(&told, &deliveries);
            relay.stop().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_queue_wants_waits_in_the_unroutable_queue_and_is_counted() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let metrics = metrics();
            let settings = AmqpSettings { look_interval: Duration::from_millis(100), ..broker.settings() };
            let relay = broker.relay_with(&db.store, settings).await;
            broker.unbind_workers().await;
            deposit_many(&db.store, "lost", 3).await;
            let waiting = format!("noemie_queue_messages{{queue=\"{}\"}} 3", broker.prefix.name(UNROUTABLE));
            eventually("the gauge counts them", || async { metrics.render().contains(&waiting) }).await;
            assert_eq!(db.store.outbox_depth().await.unwrap().pending, 0, "the broker holds them: they are published");
            // Looking also mended the binding.
            eventually("workers get events again", || async {
                deposit_many(&db.store, &new_id().to_string(), 1).await;
                broker.depth(WORK).await > 0
            })
            .await;
            assert!(broker.consume(UNROUTABLE, 3).await.iter().all(|delivery| delivery.routing_key.as_str() == "claim.dre.received.0099900011"));
            relay.stop().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_returns_is_not_published_and_goes_out_again() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let metrics = metrics();
            let relay = broker.relay(&db.store).await;
            // Nothing is bound to anything: `mandatory` sends the messages back.
            broker.unbind_workers().await;
            broker.channel.queue_delete(broker.name(UNROUTABLE), QueueDeleteOptions::default()).await.unwrap();
            let told = tell(&db.store, 3, 2).await;
            let deliveries = broker.consume(WORK, 6).await;
            check_order(&told, &deliveries);
            assert!(metrics.render().contains("noemie_relay_published_total{outcome=\"unroutable\"} 3"), "{}", metrics.render());
            let attempts: i32 = db.store.published_after(0, 10).await.unwrap().iter().map(|event| event.attempts).sum();
            assert_eq!(attempts, 3, "each first event was tried once in vain");
            relay.stop().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_workers_refuse_goes_to_the_dead_letters() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let relay = broker.relay(&db.store).await;
            deposit_many(&db.store, "d", 2).await;
            let mut deliveries = broker.consume(WORK, 2).await;
            // One is refused outright, the other one comes back until the delivery limit.
            deliveries.remove(0).reject(BasicRejectOptions { requeue: false }).await.unwrap();
            deliveries.remove(0).nack(BasicNackOptions { requeue: true, multiple: false }).await.unwrap();
            for redelivery in 1..=topology::DELIVERY_LIMIT {
                let again = broker.consume(WORK, 1).await.remove(0);
                assert_eq!(headers(&again).get("x-delivery-count").map(String::as_str), Some(redelivery.to_string().as_str()));
                again.nack(BasicNackOptions { requeue: true, multiple: false }).await.unwrap();
            }
            let dead = broker.consume(DEAD, 2).await;
            assert!(dead.iter().all(|delivery| delivery.properties.message_id().is_some()));
            let reasons: HashSet<String> = dead.iter().map(|delivery| headers(delivery)["x-first-death-reason"].clone()).collect();
            assert_eq!(reasons, HashSet::from(["rejected".to_owned(), "delivery_limit".to_owned()]));
            relay.stop().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replica_takes_over_in_order() {
    on_broker(|broker| {
        on_postgres(|db| async move {
            let first = broker.relay(&db.store).await;
            let second = broker.relay(&db.replica().await).await;
            assert_eq!(second.status.get(), RelayState::Standby);
            let told = tell(&db.store, 40, 50).await;
            // Killed in the middle: no goodbye, no drain.
            eventually("the first one is well under way", || async { db.store.published_after(200, 1).await.unwrap().len() == 1 }).await;
            first.task.abort();
            let deliveries = broker.consume(WORK, 2_000).await;
            check_order(&told, &deliveries);
            second.stop().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declaring_twice_is_harmless() {
    on_broker(|broker| async move {
        for _ in 0..2 {
            topology::declare(&broker.channel, &broker.prefix).await.unwrap();
        }
        let mut sink = AmqpSink::new(broker.settings());
        sink.ready().await.unwrap();
        sink.ready().await.unwrap();
        sink.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_with_other_settings_is_named_and_the_remedy_told() {
    on_broker(|broker| async move {
        broker.channel.queue_declare(broker.name(WORK), QueueDeclareOptions::durable(), FieldTable::default()).await.unwrap();
        let mut sink = AmqpSink::new(broker.settings());
        let error = sink.ready().await.unwrap_err();
        assert!(matches!(&error, SinkError::OtherSettings { kind: "queue", .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&broker.prefix.name(WORK)) && text.contains("inequivalent arg") && text.contains("delete it"), "{text}");
        // Once the operator has settled it, the same sink goes on.
        broker.channel.queue_delete(broker.name(WORK), QueueDeleteOptions::default()).await.unwrap();
        sink.ready().await.unwrap();
        sink.close().await;
    })
    .await;
}

#[tokio::test]
async fn wrong_addresses_are_refused_without_repeating_them() {
    for (url, expect) in [("http://me:secret@host", "unreadable broker address"), ("amqp://me:secret@127.0.0.1:1/%2f", "broker, while connecting")] {
        let error = AmqpSink::new(AmqpSettings::new(url.to_owned(), Prefix::default())).ready().await.unwrap_err();
        assert!(error.to_string().starts_with(expect), "{error}");
        assert!(!format!("{error:?} {:?}", AmqpSettings::new(url.to_owned(), Prefix::default())).contains("secret"));
    }
}

/// A broker, seen through a prefix of our own.
struct Broker {
    prefix: Prefix,
    channel: Channel,
    connection: Connection,
}

/// Runs a test with a prefix of its own, and deletes what was declared under it.
async fn on_broker<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Arc<Broker>) -> F + Send + 'static) {
    let broker = Arc::new(Broker::open().await);
    // In a task of its own, so that the queues are deleted also when the test panics.
    let given = Arc::clone(&broker);
    let outcome = tokio::spawn(async move { test(given).await }).await;
    broker.delete_all().await;
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure.into_panic());
    }
}

impl Broker {
    async fn open() -> Self {
        let connection = Connection::connect(&broker_url(), ConnectionProperties::default()).await.unwrap_or_else(|error| {
            panic!("RabbitMQ cannot be reached ({error}): run ./test, which starts it, or set NOEMIE_TEST_AMQP_URL");
        });
        let channel = connection.create_channel().await.unwrap();
        // Without a prefetch, a quorum queue stops at 2,000 deliveries that nobody acknowledged.
        channel.basic_qos(60_000, BasicQosOptions::default()).await.unwrap();
        let prefix = Prefix::try_from(format!("test-{}.", new_id().simple())).unwrap();
        Self { prefix, channel, connection }
    }

    fn settings(&self) -> AmqpSettings {
        AmqpSettings::new(broker_url(), self.prefix.clone())
    }

    fn name(&self, name: &str) -> lapin::types::ShortString {
        self.prefix.name(name).into()
    }

    async fn relay(&self, store: &SharedStore) -> Running {
        self.relay_with(store, self.settings()).await
    }

    /// A relay that has declared its queues: RabbitMQ 3.10 breaks the connection of who consumes from a quorum queue that is being made.
    async fn relay_with(&self, store: &SharedStore, settings: AmqpSettings) -> Running {
        let (status, shutdown) = (RelayStatus::default(), CancellationToken::new());
        let sink = Box::new(AmqpSink::new(settings));
        let task = tokio::spawn(relay::run(store.clone(), sink, Arc::new(SystemClock), status.clone(), shutdown.clone()));
        let running = Running { task, status, shutdown };
        running.reaches(|state| matches!(state, RelayState::Publishing | RelayState::Standby)).await;
        running
    }

    /// Deliveries of a queue until they hold `events` different ones, in the order they came; none is acknowledged.
    async fn consume(&self, queue: &str, events: usize) -> Vec<Delivery> {
        let tag = new_id().to_string();
        let mut consumer =
            self.channel.basic_consume(self.name(queue), tag.as_str().into(), BasicConsumeOptions::default(), FieldTable::default()).await.unwrap();
        let (mut deliveries, mut seen) = (Vec::new(), HashSet::new());
        while seen.len() < events {
            let delivery = timeout(PATIENCE, consumer.next()).await.unwrap_or_else(|_| panic!("only {} of {events} events came", seen.len()));
            let delivery = delivery.unwrap().unwrap();
            seen.insert(delivery.properties.message_id().clone().unwrap());
            deliveries.push(delivery);
        }
        self.channel.basic_cancel(tag.as_str().into(), BasicCancelOptions::default()).await.unwrap();
        deliveries
    }

    async fn depth(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions::durable().passive();
        self.channel.queue_declare(self.name(queue), options, FieldTable::default()).await.unwrap().message_count()
    }

    async fn unbind_workers(&self) {
        self.channel.queue_unbind(self.name(WORK), self.name(CLAIMS), "claim.#".into(), FieldTable::default()).await.unwrap();
    }

    async fn delete_all(&self) {
        // Over a line of its own: a test may have lost the other one.
        let connection = Connection::connect(&broker_url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        for row in topology::QUEUES {
            channel.queue_delete(self.name(row.name), QueueDeleteOptions::default()).await.unwrap();
        }
        for row in topology::EXCHANGES {
            channel.exchange_delete(self.name(row.name), ExchangeDeleteOptions::default()).await.unwrap();
        }
        connection.close(200, "bye".into()).await.unwrap();
        let _ = self.connection.close(200, "bye".into()).await;
    }
}

/// A relay at work.
struct Running {
    task: JoinHandle<()>,
    status: RelayStatus,
    shutdown: CancellationToken,
}

impl Running {
    async fn is(&self, state: RelayState) {
        self.reaches(|now| now == state).await;
    }

    async fn reaches(&self, holds: impl Fn(RelayState) -> bool) {
        let mut states = self.status.subscribe();
        timeout(PATIENCE, states.wait_for(|now| holds(*now))).await.expect("the relay gets there").unwrap();
    }

    async fn stop(self) {
        self.shutdown.cancel();
        timeout(PATIENCE, self.task).await.expect("the relay stops").unwrap();
    }
}

/// A TCP line to the broker that can be cut, or fall silent, without disturbing the other users of the broker.
struct Proxy {
    port: u16,
    line: watch::Sender<Order>,
    accepting: JoinHandle<()>,
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    Carry,
    Cut,
    Silence,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = watch::Sender::new(Order::Carry);
        let orders = line.clone();
        let accepting = tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(near, orders.subscribe()));
            }
        });
        Self { port, line, accepting }
    }

    fn url(&self) -> String {
        let uri: AMQPUri = broker_url().parse().unwrap();
        let user = &uri.authority.userinfo;
        format!("amqp://{}:{}@127.0.0.1:{}/{}", user.username, user.password, self.port, uri.vhost.replace('/', "%2f"))
    }

    /// Cuts the connections that are open; later ones are carried.
    fn cut(&self) {
        self.line.send_replace(Order::Cut);
    }

    /// Stops carrying on the connections that are open, without closing them; later ones are carried.
    fn silence(&self) {
        self.line.send_replace(Order::Silence);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries bytes both ways until the next order.
async fn carry(mut near: TcpStream, mut orders: watch::Receiver<Order>) {
    let uri: AMQPUri = broker_url().parse().unwrap();
    let mut far = TcpStream::connect((uri.authority.host.as_str(), uri.authority.port)).await.unwrap();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        order = orders.changed() => {
            let silent = order.is_ok() && *orders.borrow_and_update() == Order::Silence;
            if silent {
                // Holds both ends open for longer than any test.
                sleep(PATIENCE * 2).await;
            }
        }
    }
}

/// Commits `claims` claims with `facts` events each; the younger events of all claims are interleaved. Answers the claims.
async fn tell(store: &SharedStore, claims: u64, facts: u64) -> Vec<(Claim, u64)> {
    let claims = deposit_many(store, &new_id().to_string(), claims).await;
    for sequence in 2..=facts {
        let mut unit = store.begin().await.unwrap();
        let events: Vec<ClaimEvent> = claims.iter().map(|claim| event(&claim.claim, sequence)).collect();
        unit.insert_events(&events).await.unwrap();
        unit.commit().await.unwrap();
    }
    claims.into_iter().map(|claim| (claim.claim, facts)).collect()
}

/// A consumer that forgets repeated event ids sees every fact of every claim once, in order.
fn check_order(told: &[(Claim, u64)], deliveries: &[Delivery]) {
    let mut seen = HashSet::new();
    let mut facts: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for delivery in deliveries {
        let event: ClaimEvent = serde_json::from_slice(&delivery.data).unwrap();
        assert_eq!(delivery.properties.message_id().as_ref().unwrap().as_str(), event.event_id.to_string());
        if seen.insert(event.event_id) {
            facts.entry(event.claim_id).or_default().push(event.sequence);
        }
    }
    assert_eq!(facts.len(), told.len());
    for (claim, count) in told {
        assert_eq!(facts[&claim.id], (1..=*count).collect::<Vec<_>>());
    }
}

fn headers(delivery: &Delivery) -> BTreeMap<String, String> {
    let table = delivery.properties.headers().clone().unwrap_or_default();
    let text = |value: &AMQPValue| match value {
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        AMQPValue::LongLongInt(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    table.inner().iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// One recorder for the whole process; queue names tell the tests apart.
fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| telemetry::init_metrics().unwrap())
}

async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let wait = async {
        while !holds().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"));
}

fn broker_url() -> String {
    std::env::var("NOEMIE_TEST_AMQP_URL").unwrap_or_else(|_| DEFAULT_URL.to_owned())
}
