//! The sink towards RabbitMQ.
//!
//! lapin's own recovery is not used: with an outbox it is simpler and safer to drop the connection,
//! declare everything again, and resend what was not confirmed. Any outcome that leaves doubt
//! therefore hangs up; the next [`Sink::ready`] connects from scratch.

use super::LANES;
use super::message::{properties, short};
use super::sink::{Outcome, Sink, SinkError};
use super::topology::{self, Prefix};
use crate::kill_point;
use crate::store::OutboxEvent;
use async_trait::async_trait;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::uri::AMQPUri;
use lapin::{Channel, Confirmation, Connection, ConnectionProperties, PublisherConfirm};
use metrics::gauge;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Reaching the broker, logging in and declaring the table.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Waiting for the confirms of a wave. A healthy quorum queue takes milliseconds; one that elects a
/// leader takes seconds.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);
/// Two of these without a sign of life end a half-open connection.
const HEARTBEAT_SECONDS: u16 = 10;
/// Saying goodbye.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Queue depths are for dashboards, which ask every 10 to 15 s.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// AMQP's "everything is fine".
pub(super) const REPLY_SUCCESS: u16 = 200;

/// How to reach the broker.
#[derive(Clone)]
pub struct AmqpSettings {
    /// `amqp://user:password@host:port/vhost`, or `amqps://`.
    pub url: String,
    /// Before every name of the topology.
    pub prefix: Prefix,
    /// How long a wave waits for its confirms; 30 s by default.
    pub confirm_timeout: Duration,
    /// How often the depth of the queues is read; 10 s by default. A queue that was deleted is
    /// noticed, and declared again, within this time.
    pub look_interval: Duration,
}

impl AmqpSettings {
    /// Settings with the usual limits.
    #[must_use]
    pub const fn new(url: String, prefix: Prefix) -> Self {
        Self { url, prefix, confirm_timeout: CONFIRM_TIMEOUT, look_interval: LOOK_INTERVAL }
    }
}

impl fmt::Debug for AmqpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpSettings")
            .field("url", &"***")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Publishes to RabbitMQ.
pub struct AmqpSink {
    settings: AmqpSettings,
    exchange: ShortString,
    line: Option<Line>,
}

/// A connection, topology declared, with one channel to look at queues and one in confirm mode for
/// each wave in flight. A returned message comes attached to any confirm of its channel: on a
/// channel of its own, it is one of the wave.
struct Line {
    connection: Connection,
    channel: Channel,
    /// The channels that no wave is in flight on.
    lanes: Mutex<Vec<Channel>>,
    /// Whether an outcome left a doubt: the line is not used again.
    doubtful: AtomicBool,
    looked_at: Instant,
    unroutable: u32,
}

impl AmqpSink {
    /// A sink that connects when it is first needed.
    #[must_use]
    pub fn new(settings: AmqpSettings) -> Self {
        let exchange = short(&settings.prefix.name(topology::CLAIMS));
        Self { settings, exchange, line: None }
    }

    async fn connect(&self) -> Result<Line, SinkError> {
        let connection = dial(&self.settings, "relay").await?;
        match self.prepare(&connection).await {
            Ok((channel, lanes)) => {
                let (lanes, doubtful) = (Mutex::new(lanes), AtomicBool::new(false));
                Ok(Line {
                    connection,
                    channel,
                    lanes,
                    doubtful,
                    looked_at: Instant::now(),
                    unroutable: 0,
                })
            }
            Err(error) => {
                // The reason is in `error`; this only spares the broker a dead connection.
                let _ = connection.close(REPLY_SUCCESS, "bye".into()).await;
                Err(error)
            }
        }
    }

    async fn prepare(&self, connection: &Connection) -> Result<(Channel, Vec<Channel>), SinkError> {
        let channel = connection.create_channel().await.map_err(broker("opening a channel"))?;
        topology::declare(&channel, &self.settings.prefix).await?;
        let mut lanes = Vec::with_capacity(LANES);
        for _ in 0..LANES {
            let lane = connection.create_channel().await.map_err(broker("opening a channel"))?;
            lane.confirm_select(ConfirmSelectOptions::default())
                .await
                .map_err(broker("asking for confirms"))?;
            lanes.push(lane);
        }
        Ok((channel, lanes))
    }

    /// Closes channels and connection, each explicitly and in this order, without waiting long: the
    /// other side may be gone.
    async fn hang_up(&mut self) {
        let Some(line) = self.line.take() else { return };
        let lanes = line.lanes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let goodbye = async {
            // Errors here say that it is closed already.
            for channel in lanes.into_iter().chain([line.channel]) {
                let _ = channel.close(REPLY_SUCCESS, "bye".into()).await;
            }
            let _ = line.connection.close(REPLY_SUCCESS, "bye".into()).await;
        };
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
    }

    /// Hands the wave to the broker; the confirms come later. Shorter than the wave when the
    /// connection broke.
    async fn send(&self, lane: &Channel, wave: &[OutboxEvent]) -> Vec<PublisherConfirm> {
        let mut confirms = Vec::with_capacity(wave.len());
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        for event in wave {
            let key = short(&event.event.routing_key());
            let sent = lane
                .basic_publish(
                    self.exchange.clone(),
                    key,
                    options,
                    event.payload.as_bytes(),
                    properties(event),
                )
                .await;
            match sent {
                Ok(confirm) => confirms.push(confirm),
                Err(error) => {
                    tracing::debug!(%error, "connection lost while publishing");
                    break;
                }
            }
        }
        confirms
    }

    async fn publish_on(&self, lane: &Channel, wave: &[OutboxEvent]) -> Vec<Outcome> {
        let deadline = Instant::now() + self.settings.confirm_timeout;
        let Ok(confirms) = timeout_at(deadline, self.send(lane, wave)).await else {
            // The broker stopped reading (memory or disk alarm): how far it read, nobody knows.
            return vec![Outcome::Unknown; wave.len()];
        };
        kill_point::reach("relay.sent");
        outcomes(wave, confirms, deadline).await
    }
}

#[async_trait]
impl Sink for AmqpSink {
    async fn ready(&mut self) -> Result<(), SinkError> {
        if self.is_ready() {
            return Ok(());
        }
        if let Some(line) = &mut self.line {
            if line.is_sound()
                && in_time(CONNECT_TIMEOUT, "looking at a queue", line.look(&self.settings.prefix))
                    .await
                    .is_ok()
            {
                return Ok(());
            }
            self.hang_up().await;
        }
        let mut line = in_time(CONNECT_TIMEOUT, "connecting", self.connect()).await?;
        let looked =
            in_time(CONNECT_TIMEOUT, "looking at a queue", line.look(&self.settings.prefix)).await;
        self.line = Some(line);
        looked
    }

    fn is_ready(&self) -> bool {
        self.line.as_ref().is_some_and(|line| {
            line.is_sound() && line.looked_at.elapsed() < self.settings.look_interval
        })
    }

    async fn publish(&self, wave: &[OutboxEvent]) -> Vec<Outcome> {
        let Some((line, lane)) =
            self.line.as_ref().and_then(|line| Some((line, line.lanes().pop()?)))
        else {
            return Vec::new();
        };
        let outcomes = self.publish_on(&lane, wave).await;
        if outcomes.len() < wave.len()
            || outcomes
                .iter()
                .any(|outcome| matches!(outcome, Outcome::Unknown | Outcome::Unroutable))
        {
            line.doubtful.store(true, Ordering::Relaxed);
        }
        line.lanes().push(lane);
        outcomes
    }

    async fn close(&mut self) {
        self.hang_up().await;
    }
}

impl Line {
    fn is_sound(&self) -> bool {
        let is_open = |channel: &Channel| channel.status().connected();
        let is_open = self.connection.status().connected()
            && is_open(&self.channel)
            && self.lanes().iter().all(is_open);
        is_open && !self.doubtful.load(Ordering::Relaxed)
    }

    fn lanes(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the depth of our queues, which fails when one was deleted. Messages newly without a
    /// queue are told once, and the table is declared again: somebody may have unbound the workers'
    /// queue.
    async fn look(&mut self, prefix: &Prefix) -> Result<(), SinkError> {
        self.looked_at = Instant::now();
        for row in topology::QUEUES {
            let name = prefix.name(row.name);
            let options = QueueDeclareOptions::durable().passive();
            let queue = self
                .channel
                .queue_declare(short(&name), options, FieldTable::default())
                .await
                .map_err(broker("looking at a queue"))?;
            let depth = queue.message_count();
            gauge!("noemie_queue_messages", "queue" => name).set(f64::from(depth));
            if row.name == topology::UNROUTABLE {
                if depth > self.unroutable {
                    tracing::warn!(
                        waiting = depth,
                        "events that no queue was bound for wait in the unroutable queue"
                    );
                    topology::declare(&self.channel, prefix).await?;
                }
                self.unroutable = depth;
            }
        }
        Ok(())
    }
}

/// Waits for every confirm until the deadline.
///
/// A returned message comes attached to whichever confirm lapin resolves next, not always its own
/// (one ack may confirm many): its message id says whose it is.
async fn outcomes(
    wave: &[OutboxEvent],
    confirms: Vec<PublisherConfirm>,
    deadline: Instant,
) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(confirms.len());
    let mut returned = HashSet::new();
    for confirm in confirms {
        let (outcome, message) = match timeout_at(deadline, confirm).await {
            Ok(Ok(Confirmation::Ack(message))) => (Outcome::Acked, message),
            Ok(Ok(Confirmation::Nack(message))) => (Outcome::Nacked, message),
            Ok(Ok(Confirmation::NotRequested) | Err(_)) | Err(_) => (Outcome::Unknown, None),
        };
        outcomes.push(outcome);
        returned.extend(
            message
                .and_then(|message| message.delivery.properties.message_id().clone())
                .map(String::from),
        );
    }
    if !returned.is_empty() {
        tracing::warn!(
            events = returned.len(),
            "events returned: no queue took them, not even the unroutable one"
        );
        for (event, outcome) in wave.iter().zip(&mut outcomes) {
            if *outcome == Outcome::Acked && returned.contains(&event.event.event_id.to_string()) {
                *outcome = Outcome::Unroutable;
            }
        }
    }
    outcomes
}

/// Connects; `role` is what the broker's dashboards show.
pub(super) async fn dial(settings: &AmqpSettings, role: &str) -> Result<Connection, SinkError> {
    let mut uri: AMQPUri = settings.url.parse().map_err(SinkError::Address)?;
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
    let name = format!("noemie-gateway {role} {}", settings.prefix);
    let options = ConnectionProperties::default().with_connection_name(name.trim_end().into());
    Connection::connect_uri(uri, options).await.map_err(broker("connecting"))
}

pub(super) fn broker(doing: &'static str) -> impl Fn(lapin::Error) -> SinkError {
    move |source| SinkError::Broker { doing, source }
}

pub(super) async fn in_time<T>(
    limit: Duration,
    doing: &'static str,
    work: impl Future<Output = Result<T, SinkError>>,
) -> Result<T, SinkError> {
    timeout(limit, work).await.unwrap_or(Err(SinkError::Timeout(limit, doing)))
}
