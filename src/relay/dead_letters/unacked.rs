//! Messages consumed from a queue and not acknowledged. The broker requeues them when the channel
//! closes.

use super::letter::DeadLetter;
use super::{DeadLetterError, DeadQueue};
use crate::relay::AmqpSettings;
use crate::relay::REPLY_SUCCESS;
use crate::relay::connection::{CLOSE_TIMEOUT, broker_error, connect};
use crate::relay::message::short;
use crate::relay::sink::SinkError;
use futures::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ErrorKind};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Time to wait for the next message that the queue announced: another consumer may have it.
const NEXT_MESSAGE_TIMEOUT: Duration = Duration::from_secs(3);
const CONSUMER_TAG: &str = "noemie-gateway-dlq";

/// A message, and the letter read from it.
pub(super) struct UnackedMessage {
    pub(super) letter: DeadLetter,
    pub(super) delivery: Delivery,
}

/// Unacknowledged messages of one connection.
pub(super) struct UnackedMessages {
    pub(super) connection: Connection,
    channel: Channel,
    pub(super) waiting: u32,
    pub(super) messages: Vec<UnackedMessage>,
    /// Instant at which the first message was consumed, or a little before.
    pub(super) since: Instant,
}

impl UnackedMessages {
    /// Consumes at most `at_most` messages of a queue, oldest first. The consumer is cancelled
    /// before the function returns: later acknowledgements then fetch no further messages, and a
    /// message replayed to the same queue is not consumed again.
    pub(super) async fn consume(
        settings: &AmqpSettings,
        queue: DeadQueue,
        at_most: u16,
    ) -> Result<Self, DeadLetterError> {
        let name = settings.prefix.name(queue.queue());
        let connection = connect(settings, "dlq").await?;
        let channel =
            connection.create_channel().await.map_err(broker_error("opening a channel"))?;
        let waiting = depth(&channel, &name).await?;
        let mut unacked =
            Self { connection, channel, waiting, messages: Vec::new(), since: Instant::now() };
        let wanted = u16::try_from(waiting).unwrap_or(u16::MAX).min(at_most);
        if wanted > 0 {
            unacked.fill(queue, &name, wanted).await?;
        }
        Ok(unacked)
    }

    async fn fill(&mut self, queue: DeadQueue, name: &str, wanted: u16) -> Result<(), SinkError> {
        let taking = broker_error("consuming dead letters");
        self.channel.basic_qos(wanted, BasicQosOptions::default()).await.map_err(&taking)?;
        let options = BasicConsumeOptions::default();
        let mut consumer = self
            .channel
            .basic_consume(short(name), CONSUMER_TAG.into(), options, FieldTable::default())
            .await
            .map_err(&taking)?;
        while self.messages.len() < usize::from(wanted) {
            let Ok(next) = timeout(NEXT_MESSAGE_TIMEOUT, consumer.next()).await else { break };
            // The stream ends when the queue is deleted.
            let Some(delivery) = next else { break };
            let delivery = delivery.map_err(&taking)?;
            let letter = DeadLetter::read(
                queue,
                delivery.routing_key.as_str(),
                &delivery.properties,
                &delivery.data,
            );
            self.messages.push(UnackedMessage { letter, delivery });
        }
        self.channel
            .basic_cancel(CONSUMER_TAG.into(), BasicCancelOptions::default())
            .await
            .map_err(&taking)
    }

    /// Keeps the messages for which `keep` is true and requeues the others at once.
    pub(super) async fn keep(
        &mut self,
        keep: impl Fn(&DeadLetter) -> bool,
    ) -> Result<(), SinkError> {
        let (kept, others): (Vec<UnackedMessage>, Vec<UnackedMessage>) =
            std::mem::take(&mut self.messages)
                .into_iter()
                .partition(|message| keep(&message.letter));
        self.messages = kept;
        self.requeue(&others).await
    }

    /// Keeps the first `count` messages and requeues the others.
    pub(super) async fn keep_first(&mut self, count: usize) -> Result<(), SinkError> {
        let others = self.messages.split_off(count.min(self.messages.len()));
        self.requeue(&others).await
    }

    async fn requeue(&self, messages: &[UnackedMessage]) -> Result<(), SinkError> {
        for message in messages {
            let options = BasicNackOptions { requeue: true, multiple: false };
            self.channel
                .basic_nack(message.delivery.delivery_tag, options)
                .await
                .map_err(broker_error("requeuing dead letters"))?;
        }
        Ok(())
    }

    /// Removes a message from its queue.
    pub(super) async fn remove(&self, message: &UnackedMessage) -> Result<(), SinkError> {
        self.channel
            .basic_ack(message.delivery.delivery_tag, BasicAckOptions::default())
            .await
            .map_err(broker_error("removing a dead letter"))
    }

    /// Closes the connection: the broker requeues the messages that were not removed. Returns when
    /// the broker has processed every acknowledgement.
    pub(super) async fn release(self) {
        let closing = async {
            // An error says that the connection is closed already: the messages are requeued.
            let _ = self.channel.close(REPLY_SUCCESS, "bye".into()).await;
            let _ = self.connection.close(REPLY_SUCCESS, "bye".into()).await;
        };
        let _ = timeout(CLOSE_TIMEOUT * 10, closing).await;
    }
}

/// Returns the number of messages ready in a queue.
async fn depth(channel: &Channel, name: &str) -> Result<u32, DeadLetterError> {
    const NOT_FOUND: u16 = 404;
    let options = QueueDeclareOptions::durable().passive();
    match channel.queue_declare(short(name), options, FieldTable::default()).await {
        Ok(queue) => Ok(queue.message_count()),
        Err(error) if reply_code(&error) == Some(NOT_FOUND) => {
            Err(DeadLetterError::NoQueue(name.to_owned()))
        }
        Err(error) => Err(broker_error("reading the depth of a queue")(error).into()),
    }
}

/// Returns the AMQP reply code of an error of the broker.
fn reply_code(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::ProtocolError(amqp) => Some(amqp.get_id()),
        _ => None,
    }
}
