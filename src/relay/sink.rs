//! The destination of events: a sink hands events over and reports the outcome of each.

use crate::store::{OutboxEvent, StoreError};
use async_trait::async_trait;
use std::time::Duration;

/// Outcome of one event handed to the sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The broker has the event in a queue, on disk.
    Acked,
    /// The broker returned the event: no queue took it, not even the unroutable one. The event is
    /// not published.
    Unroutable,
    /// The broker refused the event (a queue at its limit, a failing node).
    Nacked,
    /// The broker did not answer in time, or the connection was lost. The event may be in a queue
    /// or not, and is sent again under the same id.
    Unknown,
}

impl Outcome {
    /// Returns the value of the metric label `outcome`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acked => "acked",
            Self::Unroutable => "unroutable",
            Self::Nacked => "nacked",
            Self::Unknown => "unknown",
        }
    }
}

/// Reason why the sink cannot take events.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The broker's address cannot be parsed. The message leaves the address out: it holds a
    /// password.
    #[error("unreadable broker address (amqp://user:password@host:port/vhost): {0}")]
    Address(String),
    /// The broker cannot be reached, or refuses the login.
    #[error(
        "RabbitMQ at {broker}: {cause}; check that it runs, and host, port, user, password and \
             virtual host in amqp_url"
    )]
    Unreachable {
        /// Host, port and virtual host, without user and password.
        broker: String,
        /// Error of the AMQP client, with its causes.
        cause: String,
    },
    /// The broker refused, or the connection failed.
    #[error("broker, while {doing}")]
    Broker {
        /// The operation that failed.
        doing: &'static str,
        /// The error of the AMQP client.
        #[source]
        source: lapin::Error,
    },
    /// The broker did not answer in time.
    #[error("broker gave no answer within {0:?} while {1}")]
    Timeout(Duration, &'static str),
    /// A message that was published alone was not taken by any queue, or was refused.
    #[error("the broker did not take a message: {0}")]
    NotTaken(&'static str),
    /// The broker carries the mark of another installation.
    #[error(
        "the broker belongs to another installation ({found}, by exchange `{exchange}`): mend \
         amqp_url and amqp_prefix; to take the broker over, delete that exchange on the broker, \
         then run `noemie-gateway installation adopt-broker`"
    )]
    OtherInstallation {
        /// Identifier of the other installation, or what the broker says of the exchange.
        found: String,
        /// Full name of the exchange.
        exchange: String,
    },
    /// The broker carries no mark, although the installation has put one there.
    #[error(
        "the broker has no exchange `{exchange}`, the mark that this installation has put on its \
         broker: another broker, or one that lost its data; mend amqp_url, or run `noemie-gateway \
         installation adopt-broker` if it is the right one"
    )]
    MarkMissing {
        /// Full name of the exchange.
        exchange: String,
    },
    /// The database failed while the mark of the broker was compared.
    #[error("comparing the mark of the broker")]
    Database(#[from] StoreError),
    /// An exchange or queue exists with other settings than the gateway declares.
    #[error(
        "{kind} `{name}` exists with other settings than this version declares ({detail}): \
         empty and delete it, or give the gateway another relay prefix"
    )]
    OtherSettings {
        /// `exchange` or `queue`.
        kind: &'static str,
        /// Full name of the exchange or queue.
        name: String,
        /// Text of the broker.
        detail: String,
    },
}

impl SinkError {
    /// Returns whether the broker is not the one of this installation: a retry does not help, an
    /// operator has to.
    #[must_use]
    pub const fn is_wrong_broker(&self) -> bool {
        matches!(self, Self::OtherInstallation { .. } | Self::MarkMissing { .. })
    }
}

/// Destination of events. A sink belongs to one relay.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Connects, and declares exchanges and queues, unless the sink is ready already. Called while
    /// no batch is in flight.
    async fn ready(&mut self) -> Result<(), SinkError>;

    /// Returns whether the sink takes events without another call of [`Self::ready`].
    fn is_ready(&self) -> bool;

    /// Publishes events of different subjects and waits for the outcome of each. The vector has one
    /// outcome per event sent, in order, and is shorter than `batch` when the sink failed before
    /// the rest. At most [`MAX_BATCHES`](super::MAX_BATCHES) batches are in flight together.
    async fn publish(&self, batch: &[OutboxEvent]) -> Vec<Outcome>;

    /// Returns how many acknowledged events since the last call no worker's queue was bound for;
    /// `None` while the sink has not looked since then.
    fn take_unroutable(&mut self) -> Option<u64>;

    /// Closes the connection.
    async fn close(&mut self);
}

/// The sink of a gateway without a broker. It confirms every event at once: a published event is
/// streamed by `SubscribeClaimEvents`.
#[derive(Debug, Default)]
pub struct LocalLog;

#[async_trait]
impl Sink for LocalLog {
    async fn ready(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn is_ready(&self) -> bool {
        true
    }

    async fn publish(&self, batch: &[OutboxEvent]) -> Vec<Outcome> {
        vec![Outcome::Acked; batch.len()]
    }

    fn take_unroutable(&mut self) -> Option<u64> {
        Some(0)
    }

    async fn close(&mut self) {}
}
