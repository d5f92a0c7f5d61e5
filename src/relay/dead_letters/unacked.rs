//! Messages taken from a queue and not acknowledged: ours to look at until the channel closes, the
//! queue's again after that.

use super::letter::DeadLetter;
use super::{DeadLetterError, DeadQueue};
use crate::relay::AmqpSettings;
use crate::relay::amqp::{
    CLOSE_TIMEOUT, CONNECT_TIMEOUT, REPLY_SUCCESS, broker_error, connect, with_timeout,
};
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

/// The queue said that it has more and nothing comes: somebody else took it.
const SILENCE: Duration = Duration::from_secs(3);
const TAG: &str = "noemie-gateway-dlq";

/// A message and how it reads.
pub(super) struct Kept {
    pub(super) letter: DeadLetter,
    pub(super) delivery: Delivery,
}

/// Messages held over one connection.
pub(super) struct Held {
    pub(super) connection: Connection,
    channel: Channel,
    pub(super) waiting: u32,
    pub(super) letters: Vec<Kept>,
    /// Since when they are held.
    pub(super) since: Instant,
}

impl Held {
    /// Takes at most `at_most` messages of a queue, oldest first. The consumer is gone when this
    /// answers, so that what is acknowledged later makes room for nothing: a message that comes
    /// back to the same queue is not seen twice.
    pub(super) async fn take(
        settings: &AmqpSettings,
        queue: DeadQueue,
        at_most: u16,
    ) -> Result<Self, DeadLetterError> {
        let name = settings.prefix.name(queue.queue());
        let connection =
            with_timeout(CONNECT_TIMEOUT, "connecting", connect(settings, "dlq")).await?;
        let channel =
            connection.create_channel().await.map_err(broker_error("opening a channel"))?;
        let waiting = depth(&channel, &name).await?;
        let mut held =
            Self { connection, channel, waiting, letters: Vec::new(), since: Instant::now() };
        let wanted = u16::try_from(waiting).unwrap_or(u16::MAX).min(at_most);
        if wanted > 0 {
            held.fill(queue, &name, wanted).await?;
        }
        Ok(held)
    }

    async fn fill(&mut self, queue: DeadQueue, name: &str, wanted: u16) -> Result<(), SinkError> {
        let taking = broker_error("taking dead letters");
        self.channel.basic_qos(wanted, BasicQosOptions::default()).await.map_err(&taking)?;
        let options = BasicConsumeOptions::default();
        let mut consumer = self
            .channel
            .basic_consume(short(name), TAG.into(), options, FieldTable::default())
            .await
            .map_err(&taking)?;
        while self.letters.len() < usize::from(wanted) {
            let Ok(next) = timeout(SILENCE, consumer.next()).await else { break };
            // The end of the stream: the queue was deleted under us.
            let Some(delivery) = next else { break };
            let delivery = delivery.map_err(&taking)?;
            let letter = DeadLetter::read(
                queue,
                delivery.routing_key.as_str(),
                &delivery.properties,
                &delivery.data,
            );
            self.letters.push(Kept { letter, delivery });
        }
        self.channel.basic_cancel(TAG.into(), BasicCancelOptions::default()).await.map_err(&taking)
    }

    /// Keeps the messages that `keep` wants and gives the others back at once.
    pub(super) async fn keep(
        &mut self,
        keep: impl Fn(&DeadLetter) -> bool,
    ) -> Result<(), SinkError> {
        let (kept, others): (Vec<Kept>, Vec<Kept>) =
            std::mem::take(&mut self.letters).into_iter().partition(|kept| keep(&kept.letter));
        self.letters = kept;
        self.give_back(&others).await
    }

    /// Keeps the first ones and gives the others back.
    pub(super) async fn keep_first(&mut self, count: usize) -> Result<(), SinkError> {
        let others = self.letters.split_off(count.min(self.letters.len()));
        self.give_back(&others).await
    }

    async fn give_back(&self, letters: &[Kept]) -> Result<(), SinkError> {
        for kept in letters {
            let options = BasicNackOptions { requeue: true, multiple: false };
            self.channel
                .basic_nack(kept.delivery.delivery_tag, options)
                .await
                .map_err(broker_error("giving dead letters back"))?;
        }
        Ok(())
    }

    /// Removes a message from its queue.
    pub(super) async fn remove(&self, kept: &Kept) -> Result<(), SinkError> {
        self.channel
            .basic_ack(kept.delivery.delivery_tag, BasicAckOptions::default())
            .await
            .map_err(broker_error("removing a dead letter"))
    }

    /// Lets everything go that was not removed, and waits for the broker to have heard of what was.
    pub(super) async fn let_go(self) {
        let goodbye = async {
            // Errors here say that it is closed already, and then the broker has taken everything
            // back.
            let _ = self.channel.close(REPLY_SUCCESS, "bye".into()).await;
            let _ = self.connection.close(REPLY_SUCCESS, "bye".into()).await;
        };
        let _ = timeout(CLOSE_TIMEOUT * 10, goodbye).await;
    }
}

async fn depth(channel: &Channel, name: &str) -> Result<u32, DeadLetterError> {
    const NOT_FOUND: u16 = 404;
    let options = QueueDeclareOptions::durable().passive();
    match channel.queue_declare(short(name), options, FieldTable::default()).await {
        Ok(queue) => Ok(queue.message_count()),
        Err(error) if matches!(error.kind(), ErrorKind::ProtocolError(amqp) if amqp.get_id() == NOT_FOUND) => {
            Err(DeadLetterError::NoQueue(name.to_owned()))
        }
        Err(error) => Err(broker_error("looking at a queue")(error).into()),
    }
}
