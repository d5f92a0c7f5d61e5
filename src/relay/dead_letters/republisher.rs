//! Publishes dead letters to the queues where they died.

use super::QueueName;
use super::letter::{REPLAY_TO, replayed_properties};
use super::unacked::{UnackedMessage, UnackedMessages};
use crate::relay::AmqpSettings;
use crate::relay::connection::{broker_error, with_timeout};
use crate::relay::message::short;
use crate::relay::sink::{Outcome, SinkError};
use crate::relay::topology::{self, CLAIMS, REPLAY};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions};
use lapin::protocol::AMQPErrorKind;
use lapin::types::FieldTable;
use lapin::{Channel, Confirmation, ErrorKind};
use std::collections::BTreeSet;

/// Publisher of replayed messages: a channel in confirm mode, and the queues bound to the exchange
/// of replays.
pub(super) struct Republisher<'a> {
    settings: &'a AmqpSettings,
    channel: Channel,
    /// Queues that do not exist any more, or that the broker does not let the gateway bind.
    unreachable: BTreeSet<QueueName>,
}

impl<'a> Republisher<'a> {
    /// Opens a channel and binds the queues where the messages died. The channel is not that of the
    /// messages: a binding that the broker refuses closes its channel, which would requeue them.
    pub(super) async fn open(
        settings: &'a AmqpSettings,
        unacked: &UnackedMessages,
    ) -> Result<Self, SinkError> {
        let channel =
            unacked.connection.create_channel().await.map_err(broker_error("opening a channel"))?;
        // Declares the binding of the workers' queue as well: without it, a replayed event would be
        // unroutable again.
        topology::declare(&channel, &settings.prefix).await?;
        let origins: BTreeSet<&QueueName> =
            unacked.messages.iter().filter_map(|message| message.letter.origin.as_ref()).collect();
        let mut new = Self { settings, channel, unreachable: BTreeSet::new() };
        for origin in origins {
            if !new.bind(origin).await? {
                new.unreachable.insert(origin.clone());
                // The refusal closed the channel.
                new.channel = unacked
                    .connection
                    .create_channel()
                    .await
                    .map_err(broker_error("opening a channel"))?;
            }
        }
        new.channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .map_err(broker_error("asking for confirms"))?;
        Ok(new)
    }

    /// Binds a queue to the exchange of replays. Returns `false` when the queue does not exist or
    /// the gateway may not bind it.
    async fn bind(&self, origin: &QueueName) -> Result<bool, SinkError> {
        let exchange = self.settings.prefix.name(REPLAY);
        let mut wanted = FieldTable::default();
        wanted.insert("x-match".into(), topology::text("all"));
        wanted.insert(REPLAY_TO.into(), topology::text(origin.expose()));
        match self
            .channel
            .queue_bind(
                short(origin.expose()),
                short(&exchange),
                "".into(),
                QueueBindOptions::default(),
                wanted,
            )
            .await
        {
            Ok(()) => Ok(true),
            Err(error) if is_refusal(&error) => Ok(false),
            Err(error) => Err(broker_error("binding the queue where letters died")(error)),
        }
    }

    /// Returns whether the queue where a message died exists and is bound.
    pub(super) fn reaches(&self, message: &UnackedMessage) -> bool {
        message.letter.origin.as_ref().is_none_or(|origin| !self.unreachable.contains(origin))
    }

    /// Publishes one message and waits until the broker has it on disk. Messages are published one
    /// at a time, because the broker is far faster than the rate asked for, and a crash then leaves
    /// at most one message both dead and replayed. Returns `false` when the queue does not exist.
    pub(super) async fn publish(
        &mut self,
        message: &UnackedMessage,
        now: time::OffsetDateTime,
    ) -> Result<bool, SinkError> {
        if !self.reaches(message) {
            return Ok(false);
        }
        let to = message.letter.origin.as_ref().map(QueueName::expose);
        let exchange = self.settings.prefix.name(if to.is_some() { REPLAY } else { CLAIMS });
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let properties =
            replayed_properties(&message.delivery.properties, &message.letter, to, now);
        let publishing = async {
            let key = message.delivery.routing_key.clone();
            let sent = self
                .channel
                .basic_publish(short(&exchange), key, options, &message.delivery.data, properties)
                .await;
            sent.map_err(broker_error("replaying a dead letter"))?
                .await
                .map_err(broker_error("waiting for a confirm"))
        };
        let outcome = match with_timeout(
            self.settings.confirm_timeout,
            "confirming a replayed message",
            publishing,
        )
        .await?
        {
            Confirmation::Ack(None) => return Ok(true),
            // The queue was deleted after it was bound, and the message was returned.
            Confirmation::Ack(Some(_)) if to.is_some() => {
                self.unreachable.extend(message.letter.origin.clone());
                return Ok(false);
            }
            Confirmation::Ack(Some(_)) => Outcome::Unroutable,
            Confirmation::Nack(_) => Outcome::Nacked,
            Confirmation::NotRequested => Outcome::Unknown,
        };
        Err(SinkError::NotTaken(outcome.as_str()))
    }
}

/// Returns whether the broker refused to bind a queue, and the connection still works: the queue
/// does not exist (404), is exclusive to another connection (405), or the gateway lacks the right
/// (403).
fn is_refusal(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(amqp) => matches!(amqp.kind(), AMQPErrorKind::Soft(_)),
        _ => false,
    }
}
