//! The sink that publishes to RabbitMQ.
//!
//! The sink does not use lapin's own recovery: with an outbox it is simpler and safer to drop the
//! connection, declare everything again, and resend the unconfirmed events. An unknown or
//! unroutable outcome therefore closes the connection; the next [`Sink::ready`] opens another one.

use super::connection::{
    AmqpSettings, CLOSE_TIMEOUT, CONNECT_TIMEOUT, broker_error, connect, with_timeout,
};
use super::message::{properties, short};
use super::sink::{Outcome, Sink, SinkError};
use super::topology::{self, Prefix};
use super::{MAX_BATCHES, REPLY_SUCCESS};
use crate::kill_point;
use crate::store::OutboxEvent;
use async_trait::async_trait;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Confirmation, Connection, PublisherConfirm};
use metrics::gauge;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::{Instant, timeout, timeout_at};

/// Publishes to RabbitMQ.
pub struct AmqpSink {
    settings: AmqpSettings,
    exchange: ShortString,
    link: Option<Link>,
    /// Depth of the unroutable queue when it was last read; `None` before the first connection.
    unroutable_depth: Option<u32>,
    /// Growth of the unroutable queue that was not yet taken; `None` when it was not read since.
    unroutable: Option<u64>,
}

/// A connection with every exchange and queue declared: one channel to read queue depths, and one
/// channel in confirm mode per batch in flight. RabbitMQ attaches a returned message to any confirm
/// of its channel. With a channel of its own, a batch gets returned messages of its own events
/// only.
struct Link {
    connection: Connection,
    channel: Channel,
    /// The channels without a batch in flight.
    free_channels: Mutex<Vec<Channel>>,
    /// Set after an unknown or unroutable outcome: the next [`Sink::ready`] reconnects.
    reconnect: AtomicBool,
    checked_at: Instant,
    unroutable: u32,
}

impl AmqpSink {
    /// Returns a sink that connects at the first [`Sink::ready`].
    #[must_use]
    pub fn new(settings: AmqpSettings) -> Self {
        let exchange = short(&settings.prefix.name(topology::CLAIMS));
        Self { settings, exchange, link: None, unroutable_depth: None, unroutable: None }
    }

    /// Adds the growth of the unroutable queue. Its first depth is that of earlier processes.
    fn note_unroutable(&mut self, depth: u32) {
        let before = self.unroutable_depth.replace(depth).unwrap_or(depth);
        let growth = u64::from(depth.saturating_sub(before));
        *self.unroutable.get_or_insert(0) += growth;
    }

    async fn link(&self) -> Result<Link, SinkError> {
        let connection = connect(&self.settings, "relay").await?;
        let opened = self.open_channels(&connection);
        match with_timeout(CONNECT_TIMEOUT, "declaring exchanges and queues", opened).await {
            Ok((channel, publishing)) => Ok(Link {
                connection,
                channel,
                free_channels: Mutex::new(publishing),
                reconnect: AtomicBool::new(false),
                checked_at: Instant::now(),
                unroutable: 0,
            }),
            Err(error) => {
                // `error` has the reason. Closing spares the broker a dead connection.
                let _ = connection.close(REPLY_SUCCESS, "bye".into()).await;
                Err(error)
            }
        }
    }

    /// Declares exchanges and queues. Returns a channel to read queue depths, and
    /// [`MAX_BATCHES`] channels in confirm mode.
    async fn open_channels(
        &self,
        connection: &Connection,
    ) -> Result<(Channel, Vec<Channel>), SinkError> {
        let opening = || broker_error("opening a channel");
        let channel = connection.create_channel().await.map_err(opening())?;
        topology::declare(&channel, &self.settings.prefix).await?;
        let mut publishing = Vec::with_capacity(MAX_BATCHES);
        for _ in 0..MAX_BATCHES {
            let confirming = connection.create_channel().await.map_err(opening())?;
            confirming
                .confirm_select(ConfirmSelectOptions::default())
                .await
                .map_err(broker_error("asking for confirms"))?;
            publishing.push(confirming);
        }
        Ok((channel, publishing))
    }

    /// Closes channels and connection, each explicitly and in this order, within
    /// [`CLOSE_TIMEOUT`]: the broker may be gone.
    async fn disconnect(&mut self) {
        let Some(link) = self.link.take() else { return };
        let publishing = link.free_channels.into_inner().unwrap_or_else(PoisonError::into_inner);
        let close = async {
            // An error means that the channel or the connection is closed already.
            for channel in publishing.into_iter().chain([link.channel]) {
                let _ = channel.close(REPLY_SUCCESS, "bye".into()).await;
            }
            let _ = link.connection.close(REPLY_SUCCESS, "bye".into()).await;
        };
        let _ = timeout(CLOSE_TIMEOUT, close).await;
    }

    /// Sends a batch, and returns one pending confirm per event sent. The vector is shorter than
    /// the batch when the connection broke.
    async fn send(&self, channel: &Channel, batch: &[OutboxEvent]) -> Vec<PublisherConfirm> {
        let mut confirms = Vec::with_capacity(batch.len());
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        for event in batch {
            let key = short(&event.routing_key);
            let sent = channel
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

    /// Sends a batch and waits for its confirms, within the confirm timeout.
    async fn publish_on(&self, channel: &Channel, batch: &[OutboxEvent]) -> Vec<Outcome> {
        let deadline = Instant::now() + self.settings.confirm_timeout;
        let Ok(confirms) = timeout_at(deadline, self.send(channel, batch)).await else {
            // The broker stopped reading (memory or disk alarm), at an unknown event of the batch.
            return vec![Outcome::Unknown; batch.len()];
        };
        kill_point::reach("relay.sent");
        await_confirms(batch, confirms, deadline).await
    }
}

#[async_trait]
impl Sink for AmqpSink {
    async fn ready(&mut self) -> Result<(), SinkError> {
        if self.is_ready() {
            return Ok(());
        }
        if let Some(link) = &mut self.link {
            if link.is_sound()
                && let Ok(depth) = read_depths(link, &self.settings.prefix).await
            {
                self.note_unroutable(depth);
                return Ok(());
            }
            self.disconnect().await;
        }
        let mut link = self.link().await?;
        let read = read_depths(&mut link, &self.settings.prefix).await;
        self.link = Some(link);
        self.note_unroutable(read?);
        Ok(())
    }

    fn is_ready(&self) -> bool {
        self.link.as_ref().is_some_and(|link| {
            link.is_sound() && link.checked_at.elapsed() < self.settings.queue_check_interval
        })
    }

    async fn publish(&self, batch: &[OutboxEvent]) -> Vec<Outcome> {
        let Some((link, channel)) =
            self.link.as_ref().and_then(|link| Some((link, link.free_channels().pop()?)))
        else {
            return Vec::new();
        };
        let outcomes = self.publish_on(&channel, batch).await;
        if outcomes.len() < batch.len()
            || outcomes
                .iter()
                .any(|outcome| matches!(outcome, Outcome::Unknown | Outcome::Unroutable))
        {
            link.reconnect.store(true, Ordering::Relaxed);
        }
        link.free_channels().push(channel);
        outcomes
    }

    fn take_unroutable(&mut self) -> Option<u64> {
        self.unroutable.take()
    }

    async fn close(&mut self) {
        self.disconnect().await;
    }
}

/// [`Link::read_depths`] within [`CONNECT_TIMEOUT`].
async fn read_depths(link: &mut Link, prefix: &Prefix) -> Result<u32, SinkError> {
    with_timeout(CONNECT_TIMEOUT, "looking at a queue", link.read_depths(prefix)).await
}

impl Link {
    /// Returns whether connection and channels are open and no outcome asked for a reconnection.
    fn is_sound(&self) -> bool {
        let is_open = |channel: &Channel| channel.status().connected();
        let is_open = self.connection.status().connected()
            && is_open(&self.channel)
            && self.free_channels().iter().all(is_open);
        is_open && !self.reconnect.load(Ordering::Relaxed)
    }

    fn free_channels(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.free_channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the depth of each declared queue into its gauge, and fails when a queue was deleted.
    /// Returns the depth of the unroutable queue.
    /// A rise of the unroutable queue is logged, and exchanges, queues and bindings are declared
    /// again: somebody may have unbound the workers' queue.
    async fn read_depths(&mut self, prefix: &Prefix) -> Result<u32, SinkError> {
        self.checked_at = Instant::now();
        for row in topology::QUEUES {
            let name = prefix.name(row.name);
            let options = QueueDeclareOptions::durable().passive();
            let queue = self
                .channel
                .queue_declare(short(&name), options, FieldTable::default())
                .await
                .map_err(broker_error("looking at a queue"))?;
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
        Ok(self.unroutable)
    }
}

/// Waits for every confirm until the deadline, and returns the outcome of each event sent.
///
/// lapin attaches a returned message to the confirm that it resolves next, which may belong to
/// another event (one ack may confirm many). The message id tells which event was returned.
async fn await_confirms(
    batch: &[OutboxEvent],
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
        for (event, outcome) in batch.iter().zip(&mut outcomes) {
            if *outcome == Outcome::Acked && returned.contains(&event.event_id.to_string()) {
                *outcome = Outcome::Unroutable;
            }
        }
    }
    outcomes
}
