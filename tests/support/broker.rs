//! A claim worker on a real RabbitMQ: it consumes the documented queue, under a prefix whose queues
//! are deleted at the end.

use super::wait::{PATIENCE, eventually};
use futures::StreamExt as _;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicQosOptions, ExchangeDeclareOptions,
    ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ConnectionProperties, Consumer, ExchangeKind};
use noemie_gateway::clock::{Clock, SystemClock};
use noemie_gateway::relay::topology::{CLAIMS, EXCHANGES, INSTALLATION, QUEUES, WORK};
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;

const DEFAULT_URL: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";
/// Prefetch of a worker: unacknowledged messages.
const PREFETCH: u16 = 1_000;

/// A broker, with the prefix of one test.
pub struct Broker {
    url: String,
    prefix: String,
    connection: Connection,
}

/// A message as delivered.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: String,
    pub kind: String,
    pub routing_key: String,
    pub body: Value,
    /// The whole message as text, properties and headers included.
    pub raw: String,
}

/// Runs a test with a prefix of its own, and deletes the exchanges and queues under it, also when
/// the test fails.
pub async fn on_broker<F: Future<Output = ()> + Send + 'static>(
    test: impl FnOnce(Arc<Broker>) -> F + Send + 'static,
) {
    let broker =
        Arc::new(Broker::at(url(), format!("e2e-{}.", SystemClock.new_id().simple())).await);
    let given = Arc::clone(&broker);
    let outcome = tokio::spawn(async move { test(given).await }).await;
    broker.delete_all().await;
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure.into_panic());
    }
}

fn url() -> String {
    std::env::var("NOEMIE_TEST_AMQP_URL").unwrap_or_else(|_| DEFAULT_URL.to_owned())
}

impl Broker {
    /// Connects to a broker.
    pub async fn at(url: String, prefix: String) -> Self {
        let connection = Connection::connect(&url, ConnectionProperties::default())
            .await
            .unwrap_or_else(|error| {
                panic!(
                    "RabbitMQ cannot be reached ({error}): run ./test, which starts it, or set \
                NOEMIE_TEST_AMQP_URL"
                );
            });
        Self { url, prefix, connection }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Deletes a queue with its messages, as an operator may by mistake.
    pub async fn delete_queue(&self, queue: &str) {
        self.channel()
            .await
            .queue_delete(self.name(queue), QueueDeleteOptions::default())
            .await
            .expect("the queue is deleted");
    }

    pub fn prefix(&self) -> String {
        self.prefix.clone()
    }

    fn name(&self, name: &str) -> ShortString {
        format!("{}{name}", self.prefix).into()
    }

    async fn channel(&self) -> Channel {
        self.connection.create_channel().await.expect("a channel")
    }

    /// Returns whether a queue is declared.
    pub async fn exists(&self, queue: &str) -> bool {
        // A passive declaration that fails closes its channel.
        let channel = self.channel().await;
        channel
            .queue_declare(
                self.name(queue),
                QueueDeclareOptions::durable().passive(),
                FieldTable::default(),
            )
            .await
            .is_ok()
    }

    /// Consumes the workers' queue once the gateway has declared it. The consumer has a connection of
    /// its own: RabbitMQ 3.10 closes the connection of a consumer of a quorum queue that is being
    /// declared.
    pub async fn consume(&self) -> Worker {
        eventually("the workers' queue can be consumed", || async {
            if !self.exists(WORK).await {
                return None;
            }
            let connection =
                Connection::connect(&self.url, ConnectionProperties::default()).await.ok()?;
            let channel = connection.create_channel().await.ok()?;
            channel.basic_qos(PREFETCH, BasicQosOptions::default()).await.ok()?;
            let consumer = channel
                .basic_consume(
                    self.name(WORK),
                    "worker".into(),
                    BasicConsumeOptions::default(),
                    FieldTable::default(),
                )
                .await
                .ok()?;
            Some(Worker { consumer, _channel: channel, _connection: Some(connection) })
        })
        .await
    }

    /// Takes the messages of a queue, in order. The queue must not grow meanwhile.
    pub async fn drain(&self, queue: &str) -> Vec<Message> {
        let channel = self.channel().await;
        let declared = channel
            .queue_declare(
                self.name(queue),
                QueueDeclareOptions::durable().passive(),
                FieldTable::default(),
            )
            .await;
        let count = usize::try_from(declared.expect("the queue is declared").message_count())
            .expect("small");
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await.expect("a window");
        let consumer = channel
            .basic_consume(
                self.name(queue),
                "drain".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await;
        let mut worker =
            Worker { consumer: consumer.expect("consumes"), _channel: channel, _connection: None };
        worker.messages(count).await
    }

    /// Takes one message of a queue, and returns it as text, properties and headers included.
    pub async fn take(&self, queue: &str) -> Option<String> {
        let channel = self.channel().await;
        let taken = channel.basic_get(self.name(queue), BasicGetOptions { no_ack: true }).await;
        let delivery = taken.expect("the queue is read")?.delivery;
        let body = String::from_utf8(delivery.data.clone()).expect("text");
        let headers = delivery.properties.headers().clone().unwrap_or_default();
        let texts = headers.inner().iter().filter_map(|(name, value)| match value {
            AMQPValue::LongString(text) => Some(format!("{name}: {text}; ")),
            _ => None,
        });
        Some(format!("{:?} {}{body}", delivery.properties, texts.collect::<String>()))
    }

    /// Replaces the mark of the broker by that of an installation.
    pub async fn mark_as(&self, installation: &str) {
        self.unmark().await;
        let options =
            ExchangeDeclareOptions { durable: true, internal: true, ..Default::default() };
        let named = format!("{}.{installation}", self.name(CLAIMS));
        let mut arguments = FieldTable::default();
        arguments.insert("alternate-exchange".into(), AMQPValue::LongString(named.into()));
        self.channel()
            .await
            .exchange_declare(self.name(INSTALLATION), ExchangeKind::Fanout, options, arguments)
            .await
            .expect("the mark is declared");
    }

    /// Removes the mark of the broker, as an operator may, or a broker that lost its data.
    pub async fn unmark(&self) {
        self.channel()
            .await
            .exchange_delete(self.name(INSTALLATION), ExchangeDeleteOptions::default())
            .await
            .expect("the mark is deleted");
    }

    async fn delete_all(&self) {
        let channel = self.channel().await;
        for row in QUEUES {
            channel
                .queue_delete(self.name(row.name), QueueDeleteOptions::default())
                .await
                .expect("the queue is deleted");
        }
        for name in EXCHANGES.iter().map(|row| row.name).chain([INSTALLATION]) {
            channel
                .exchange_delete(self.name(name), ExchangeDeleteOptions::default())
                .await
                .expect("the exchange is deleted");
        }
    }
}

/// A consumer of the workers' queue that acknowledges each message.
pub struct Worker {
    consumer: Consumer,
    _channel: Channel,
    /// The connection, if the consumer has its own.
    _connection: Option<Connection>,
}

impl Worker {
    /// Returns the next message. Panics after [`PATIENCE`].
    pub async fn next(&mut self) -> Message {
        tokio::time::timeout(PATIENCE, self.next_unlimited()).await.expect("a message in time")
    }

    /// Returns the next message, and waits without limit.
    pub async fn next_unlimited(&mut self) -> Message {
        let delivery = self.consumer.next().await.expect("the queue lives").expect("a message");
        delivery.ack(BasicAckOptions::default()).await.expect("acknowledges");
        let text =
            |value: &Option<ShortString>| value.as_ref().expect("a property").as_str().to_owned();
        let body = String::from_utf8(delivery.data.clone()).expect("text");
        Message {
            id: text(delivery.properties.message_id()),
            kind: text(delivery.properties.kind()),
            routing_key: delivery.routing_key.as_str().to_owned(),
            raw: format!("{} {:?} {body}", delivery.routing_key, delivery.properties),
            body: serde_json::from_str(&body).expect("JSON"),
        }
    }

    /// Returns the next messages in their order.
    pub async fn messages(&mut self, count: usize) -> Vec<Message> {
        let mut found = Vec::with_capacity(count);
        while found.len() < count {
            found.push(self.next().await);
        }
        found
    }
}
