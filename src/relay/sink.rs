//! Where events go.

use crate::store::OutboxEvent;
use async_trait::async_trait;
use std::time::Duration;

/// What became of one event handed to the sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// In a queue, on disk.
    Acked,
    /// Returned: no queue took it, not even the one for the unroutable. Nobody holds it, so that it
    /// is not published.
    Unroutable,
    /// Refused by the broker (a queue at its limit, a failing node).
    Nacked,
    /// No answer in time, or the connection was lost: it may be in a queue or not, and is sent
    /// again under the same id.
    Unknown,
}

impl Outcome {
    /// Value of the metric's label.
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

/// Why the sink cannot take events now.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The broker's address cannot be read. The address is not repeated: it holds a password.
    #[error("unreadable broker address (amqp://user:password@host:port/vhost): {0}")]
    Address(String),
    /// The broker refused, or the connection failed.
    #[error("broker, while {doing}")]
    Broker {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: lapin::Error,
    },
    /// The broker did not answer in time.
    #[error("broker gave no answer within {0:?} while {1}")]
    Timeout(Duration, &'static str),
    /// A message that goes back alone was not taken by any queue, or was refused.
    #[error("the broker did not take a message: {0}")]
    NotTaken(&'static str),
    /// An exchange or queue of ours exists, and is another one.
    #[error(
        "{kind} `{name}` exists with other settings than this version declares ({detail}): \
         empty and delete it, or give the gateway another relay prefix"
    )]
    OtherSettings {
        /// `exchange` or `queue`.
        kind: &'static str,
        /// Its full name.
        name: String,
        /// What the broker said.
        detail: String,
    },
}

/// Takes events. Not shared: one relay, one sink.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Makes the sink ready: connects and declares when needed, else does next to nothing. Called
    /// while nothing is in flight.
    async fn ready(&mut self) -> Result<(), SinkError>;

    /// Whether it takes more before it is [made ready](Self::ready) again.
    fn is_ready(&self) -> bool;

    /// Hands over events of different claims and waits for what becomes of each. The answer has one
    /// outcome per event handed over, in order, and is shorter than `wave` when the sink failed
    /// before the rest. At most [`LANES`](super::LANES) waves are in flight together.
    async fn publish(&self, wave: &[OutboxEvent]) -> Vec<Outcome>;

    /// Says goodbye.
    async fn close(&mut self);
}

/// The sink of a gateway without broker: being marked as published in the outbox is all there is,
/// and `SubscribeClaimEvents` streams from there.
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

    async fn publish(&self, wave: &[OutboxEvent]) -> Vec<Outcome> {
        vec![Outcome::Acked; wave.len()]
    }

    async fn close(&mut self) {}
}
