//! Dead letters: messages that workers rejected and messages that no queue was bound for. Operators
//! list them, replay them or drop them; the journal of operations records each act.
//!
//! ```text
//! claims.dead, claims.unroutable ─► unacked (consumed, not acknowledged) ─► letters ─► groups
//!                                     │ replay: journal ─► publish ─► confirm ─► acknowledge
//!                                     └ drop:   journal ─► acknowledge
//! ```
//!
//! **A look loses nothing.** A quorum queue cannot be browsed, so a look consumes messages without
//! acknowledging them, and the broker requeues them when the channel closes or the process ends.
//! For that time no other consumer sees them, and each look counts as one delivery: these queues
//! therefore have a delivery limit of a million. A look consumes at most `at_most` messages, and
//! its prefetch is no larger.
//!
//! **A replay loses nothing and doubles nothing in effect.** The dead message is acknowledged once
//! the broker has its copy on disk. A process killed in between leaves both, under the same event
//! id: a consumer that remembers ids takes the event once, and replaying the rest again is
//! harmless.
//!
//! **Each act is in the journal first.** The journal of operations names every event before it is
//! replayed or dropped.

mod act;
mod filter;
mod group;
mod letter;
mod queue_name;
mod republisher;
mod unacked;

pub use act::{Act, DEFAULT_RUN_TIME, Limits, Outcome};
pub use filter::{Filter, InvalidPattern, KeyPattern};
pub use group::{Group, group};
pub use letter::{DeadLetter, refused_headers};
pub use queue_name::QueueName;

use super::AmqpSettings;
use super::sink::SinkError;
use super::topology::{DEAD, UNROUTABLE};
use crate::store::StoreError;
#[cfg(test)]
pub(super) use letter::HEADERS;
use unacked::UnackedMessages;

/// Messages that one look consumes by default.
pub const DEFAULT_LOOK_MESSAGES: u16 = 10_000;
/// Limit of the messages that one look consumes: the prefetch is a 16-bit number, and each message
/// costs some 2 KB of memory until it is released.
pub const MAX_LOOK_MESSAGES: u16 = 60_000;

/// A queue of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadQueue {
    /// `claims.dead`: messages that workers rejected or that were delivered too often.
    Dead,
    /// `claims.unroutable`: messages whose routing key matched no binding.
    Unroutable,
}

impl DeadQueue {
    /// Both queues.
    pub const ALL: [Self; 2] = [Self::Dead, Self::Unroutable];

    /// Returns the name of the queue, without prefix.
    #[must_use]
    pub const fn queue(self) -> &'static str {
        match self {
            Self::Dead => DEAD,
            Self::Unroutable => UNROUTABLE,
        }
    }
}

/// Why dead letters could not be read, replayed or dropped.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The broker failed or refused.
    #[error(transparent)]
    Broker(#[from] SinkError),
    /// The queue does not exist: the gateway never declared it there, or it was deleted.
    #[error("queue `{0}` is not on the broker: the gateway declares it when it connects")]
    NoQueue(String),
    /// The run reached its time limit: the broker would soon requeue the remaining messages.
    #[error(
        "the time of one run is over: the broker was slower than the rate asked for; run it again \
         for the rest"
    )]
    TimeIsUp,
    /// The journal could not be written. Only messages that it names already were touched.
    #[error("the journal of operations could not be written, nothing more was touched")]
    Journal(#[from] StoreError),
}

/// Result of a look at a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Messages ready in the queue when the look began; unacknowledged messages of other consumers
    /// are not counted.
    pub waiting: u32,
    /// Messages consumed, oldest first.
    pub letters: Vec<DeadLetter>,
}

/// Returns at most `at_most` messages of a queue, oldest first, and leaves the queue as it was.
pub async fn look(
    settings: &AmqpSettings,
    queue: DeadQueue,
    at_most: u16,
) -> Result<Look, DeadLetterError> {
    let unacked = UnackedMessages::consume(settings, queue, at_most).await?;
    let waiting = unacked.waiting;
    let letters = unacked.messages.iter().map(|message| message.letter.clone()).collect();
    unacked.release().await;
    Ok(Look { waiting, letters })
}
