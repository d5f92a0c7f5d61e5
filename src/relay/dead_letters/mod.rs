//! Dead letters: what workers gave up, and what no queue wanted. Seen, sent back, or thrown away,
//! by hand and on the record.
//!
//! ```text
//! claims.dead, claims.unroutable ─► held (taken, never lost) ─► letters ─► groups
//!                                     │ replay: journal ─► publish ─► confirm ─► acknowledge ─► next
//!                                     └ drop:   journal ─► acknowledge
//! ```
//!
//! **A look loses nothing.** A quorum queue cannot be browsed, so a look takes messages without acknowledging them and lets them go when its
//! channel closes, or when this process dies. For that time nobody else sees them, and each look
//! counts as one delivery: that is why these queues have a delivery limit of a million. A look
//! takes at most what it is told, and asks the broker for no more than that.
//!
//! **A replay loses nothing and doubles nothing in effect.** The dead message is acknowledged only once the broker has its copy on disk. Killed in
//! between, both exist, under one event id: a consumer that remembers ids takes the fact once, and
//! replaying the rest again is harmless.
//!
//! **Nothing is touched off the record.** The journal of operations names every event before it is replayed or dropped.

mod act;
mod filter;
mod group;
mod held;
mod letter;

pub use act::{Act, Limits, Outcome, USUAL_TIME};
pub use filter::{Filter, InvalidPattern, KeyPattern};
pub use group::{Group, group};
pub use letter::DeadLetter;

use super::AmqpSettings;
use super::sink::SinkError;
use super::topology::{DEAD, UNROUTABLE};
use crate::store::StoreError;
use held::Held;
#[cfg(test)]
pub(super) use letter::HEADERS;

/// Messages that one look takes when nothing else is said.
pub const USUAL_LOOK: u16 = 10_000;
/// Most messages that one look may take: the broker's window is a 16-bit number, and each message
/// costs some 2 KB of memory while it is held.
pub const LARGEST_LOOK: u16 = 60_000;

/// A queue of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadQueue {
    /// What workers gave up: `claims.dead`.
    Dead,
    /// What no binding wanted: `claims.unroutable`.
    Unroutable,
}

impl DeadQueue {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dead, Self::Unroutable];

    /// Name of the queue, without prefix.
    #[must_use]
    pub const fn queue(self) -> &'static str {
        match self {
            Self::Dead => DEAD,
            Self::Unroutable => UNROUTABLE,
        }
    }
}

/// Why dead letters could not be seen or worked on.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The broker failed or refused.
    #[error(transparent)]
    Broker(#[from] SinkError),
    /// The gateway has never declared its queues there, or they were deleted.
    #[error("queue `{0}` is not on the broker: the gateway declares it when it connects")]
    NoQueue(String),
    /// The broker would soon take back what is still held.
    #[error(
        "the time of one run is over: the broker was slower than the rate asked for; run it again for the rest"
    )]
    TimeIsUp,
    /// Nothing was touched that the journal does not name.
    #[error("the journal of operations could not be written, nothing more was touched")]
    Journal(#[from] StoreError),
}

/// What a look saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Messages ready in the queue when the look began; those that somebody else holds are not
    /// counted.
    pub waiting: u32,
    /// Those looked at, oldest first.
    pub letters: Vec<DeadLetter>,
}

/// Looks at a queue and leaves it as it was.
pub async fn look(
    settings: &AmqpSettings,
    queue: DeadQueue,
    at_most: u16,
) -> Result<Look, DeadLetterError> {
    let held = Held::take(settings, queue, at_most).await?;
    let waiting = held.waiting;
    let letters = held.letters.iter().map(|kept| kept.letter.clone()).collect();
    held.let_go().await;
    Ok(Look { waiting, letters })
}
