//! A relay on a real RabbitMQ, under a prefix of its own whose queues are deleted at the end, and a
//! proxy that can cut its connection.

use super::samples::{deposit_many, event, new_id};
use super::wait::PATIENCE;
pub use super::wait::until as eventually;
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::*;
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use metrics_exporter_prometheus::PrometheusHandle;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::domain::{Claim, ClaimEvent};
use noemie_gateway::relay::topology::{self, CLAIMS, Prefix, WORK};
use noemie_gateway::relay::{self, AmqpSettings, AmqpSink, RelayState, RelayStatus};
use noemie_gateway::store::SharedStore;
use noemie_gateway::telemetry;
use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const DEFAULT_URL: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";
/// A broker, with the prefix of one test.
pub struct Broker {
    pub prefix: Prefix,
    pub channel: Channel,
    connection: Connection,
}

/// Runs a test with a prefix of its own, and deletes the exchanges and queues under it.
pub async fn on_broker<F: Future<Output = ()> + Send + 'static>(
    test: impl FnOnce(Arc<Broker>) -> F + Send + 'static,
) {
    let broker = Arc::new(Broker::open().await);
    // A task of its own, so that the queues are deleted also when the test panics.
    let given = Arc::clone(&broker);
    let outcome = tokio::spawn(async move { test(given).await }).await;
    broker.delete_all().await;
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure.into_panic());
    }
}

impl Broker {
    pub async fn open() -> Self {
        let connection = Connection::connect(&broker_url(), ConnectionProperties::default())
            .await
            .unwrap_or_else(|error| {
                panic!(
                    "RabbitMQ cannot be reached ({error}): run ./test, which starts it, or set \
                NOEMIE_TEST_AMQP_URL"
                );
            });
        let channel = connection.create_channel().await.unwrap();
        // Without a prefetch, a quorum queue stops at 2,000 unacknowledged deliveries.
        channel.basic_qos(60_000, BasicQosOptions::default()).await.unwrap();
        let prefix = Prefix::try_from(format!("test-{}.", new_id().simple())).unwrap();
        Self { prefix, channel, connection }
    }

    pub fn settings(&self) -> AmqpSettings {
        AmqpSettings::new(broker_url(), self.prefix.clone())
    }

    pub fn name(&self, name: &str) -> lapin::types::ShortString {
        self.prefix.name(name).into()
    }

    pub async fn relay(&self, store: &SharedStore) -> Running {
        self.relay_with(store, self.settings()).await
    }

    /// Starts a relay and waits until its queues are declared. RabbitMQ 3.10 closes the connection of
    /// a consumer of a quorum queue that is being declared.
    pub async fn relay_with(&self, store: &SharedStore, settings: AmqpSettings) -> Running {
        let (status, shutdown) = (RelayStatus::default(), CancellationToken::new());
        let sink = Box::new(AmqpSink::new(settings));
        let task = tokio::spawn(relay::run(
            store.clone(),
            sink,
            Arc::new(SystemClock),
            status.clone(),
            shutdown.clone(),
        ));
        let running = Running { task, status, shutdown };
        running
            .reaches(|state| matches!(state, RelayState::Publishing | RelayState::Standby))
            .await;
        running
    }

    /// Consumes a queue until `events` different events are delivered. Returns the deliveries in
    /// their order, unacknowledged.
    pub async fn consume(&self, queue: &str, events: usize) -> Vec<Delivery> {
        let tag = new_id().to_string();
        let mut consumer = self
            .channel
            .basic_consume(
                self.name(queue),
                tag.as_str().into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await
            .unwrap();
        let (mut deliveries, mut seen) = (Vec::new(), HashSet::new());
        while seen.len() < events {
            let delivery = timeout(PATIENCE, consumer.next())
                .await
                .unwrap_or_else(|_| panic!("only {} of {events} events came", seen.len()));
            let delivery = delivery.unwrap().unwrap();
            seen.insert(delivery.properties.message_id().clone().unwrap());
            deliveries.push(delivery);
        }
        self.channel
            .basic_cancel(tag.as_str().into(), BasicCancelOptions::default())
            .await
            .unwrap();
        deliveries
    }

    /// Returns one message of a queue, given its full name.
    pub async fn consume_one(&self, queue: &str) -> Delivery {
        let got = self.channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap();
        got.expect("a message").delivery
    }

    pub async fn depth(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions::durable().passive();
        self.channel
            .queue_declare(self.name(queue), options, FieldTable::default())
            .await
            .unwrap()
            .message_count()
    }

    pub async fn unbind_workers(&self) {
        for key in ["claim.dre.#", "claim.b2.#"] {
            let (queue, exchange) = (self.name(WORK), self.name(CLAIMS));
            let unbound =
                self.channel.queue_unbind(queue, exchange, key.into(), FieldTable::default());
            unbound.await.unwrap();
        }
    }

    pub async fn delete_all(&self) {
        // A new connection: the test may have lost the first one.
        let connection =
            Connection::connect(&broker_url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        for row in topology::QUEUES {
            channel.queue_delete(self.name(row.name), QueueDeleteOptions::default()).await.unwrap();
        }
        let exchanges = topology::EXCHANGES.iter().map(|row| row.name);
        for name in exchanges.chain([topology::INSTALLATION]) {
            channel
                .exchange_delete(self.name(name), ExchangeDeleteOptions::default())
                .await
                .unwrap();
        }
        connection.close(200, "bye".into()).await.unwrap();
        let _ = self.connection.close(200, "bye".into()).await;
    }
}

/// A running relay.
pub struct Running {
    pub task: JoinHandle<()>,
    pub status: RelayStatus,
    shutdown: CancellationToken,
}

impl Running {
    pub async fn is(&self, state: RelayState) {
        self.reaches(|now| now == state).await;
    }

    pub async fn reaches(&self, holds: impl Fn(RelayState) -> bool) {
        let mut states = self.status.subscribe();
        timeout(PATIENCE, states.wait_for(|now| holds(*now)))
            .await
            .expect("the relay gets there")
            .unwrap();
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        timeout(PATIENCE, self.task).await.expect("the relay stops").unwrap();
    }
}

/// A TCP proxy to the broker that can close its connections or fall silent. Other users of the
/// broker are not disturbed.
pub struct Proxy {
    port: u16,
    orders: watch::Sender<Order>,
    accepting: JoinHandle<()>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Order {
    Carry,
    Cut,
    Silence,
}

impl Proxy {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let orders = watch::Sender::new(Order::Carry);
        let sender = orders.clone();
        let accepting = tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(near, sender.subscribe()));
            }
        });
        Self { port, orders, accepting }
    }

    pub fn url(&self) -> String {
        let uri: AMQPUri = broker_url().parse().unwrap();
        let user = &uri.authority.userinfo;
        format!(
            "amqp://{}:{}@127.0.0.1:{}/{}",
            user.username,
            user.password,
            self.port,
            uri.vhost.replace('/', "%2f")
        )
    }

    /// Closes the open connections, and carries later ones.
    pub fn cut(&self) {
        self.orders.send_replace(Order::Cut);
    }

    /// Stops carrying bytes on the open connections, without closing them, and carries later ones.
    pub fn silence(&self) {
        self.orders.send_replace(Order::Silence);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries bytes both ways until the next order.
pub async fn carry(mut near: TcpStream, mut orders: watch::Receiver<Order>) {
    let uri: AMQPUri = broker_url().parse().unwrap();
    let mut far =
        TcpStream::connect((uri.authority.host.as_str(), uri.authority.port)).await.unwrap();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        order = orders.changed() => {
            let silent = order.is_ok() && *orders.borrow_and_update() == Order::Silence;
            if silent {
                // Both connections stay open until the test ends.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Commits `claims` claims with `facts` events each; the later events of all claims are interleaved.
/// Returns each claim with its number of events.
pub async fn commit_events(store: &SharedStore, claims: u64, facts: u64) -> Vec<(Claim, u64)> {
    let claims = deposit_many(store, &new_id().to_string(), claims).await;
    for sequence in 2..=facts {
        let mut unit = store.begin().await.unwrap();
        let events: Vec<ClaimEvent> =
            claims.iter().map(|claim| event(&claim.claim, sequence)).collect();
        unit.insert_events(&events).await.unwrap();
        unit.commit().await.unwrap();
    }
    claims.into_iter().map(|claim| (claim.claim, facts)).collect()
}

/// Asserts that a consumer that ignores repeated event ids gets every event of every claim once, in
/// order.
pub fn check_order(committed: &[(Claim, u64)], deliveries: &[Delivery]) {
    let mut seen = HashSet::new();
    let mut facts: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for delivery in deliveries {
        let event: ClaimEvent = serde_json::from_slice(&delivery.data).unwrap();
        assert_eq!(
            delivery.properties.message_id().as_ref().unwrap().as_str(),
            event.event_id.to_string()
        );
        if seen.insert(event.event_id) {
            facts.entry(event.claim_id).or_default().push(event.sequence);
        }
    }
    assert_eq!(facts.len(), committed.len());
    for (claim, count) in committed {
        assert_eq!(facts[&claim.id], (1..=*count).collect::<Vec<_>>());
    }
}

pub fn headers(delivery: &Delivery) -> BTreeMap<String, String> {
    let table = delivery.properties.headers().clone().unwrap_or_default();
    let text = |value: &AMQPValue| match value {
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        AMQPValue::LongLongInt(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    table.inner().iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// Returns the metrics recorder of the whole process. Queue names differ between the tests.
pub fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| telemetry::init_metrics().unwrap())
}

pub fn broker_url() -> String {
    std::env::var("NOEMIE_TEST_AMQP_URL").unwrap_or_else(|_| DEFAULT_URL.to_owned())
}
