//! A recorded history: events in the order of publication, and readers with their streams.

use std::collections::{BTreeSet, HashMap};
use time::OffsetDateTime;

/// An event that the store committed and published.
#[derive(Debug, Clone)]
pub struct Committed {
    pub position: i64,
    pub event_id: String,
    pub claim: String,
    pub sequence: u64,
    /// Number of the transaction that committed the event.
    pub transaction: u64,
    pub ps: String,
    pub amc_number: String,
    /// Instant at which the publication was certainly visible.
    pub visible_by: OffsetDateTime,
}

/// The events that a reader asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    Everything,
    /// Events of one AMC; statuses of one PS.
    Some(String),
    /// Statuses of these claims, a filter that only watchers have.
    Claims(BTreeSet<String>),
    /// A fact that no event has; a PS that no claim has.
    Nothing,
}

/// Kind of the stream that a reader has open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `SubscribeClaimEvents`.
    Events,
    /// `WatchDre`.
    Statuses,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    Event {
        event_id: String,
        claim: String,
        sequence: u64,
    },
    Status {
        claim: String,
        version: u64,
    },
    /// A status of a snapshot, which has no token.
    OfSnapshot {
        claim: String,
        version: u64,
    },
    SnapshotComplete,
    Heartbeat {
        complete_up_to: OffsetDateTime,
    },
}

#[derive(Debug, Clone)]
pub struct Message {
    /// Position in the resume token; 0 without one.
    pub token: i64,
    pub shown: Shown,
}

impl Message {
    /// Returns the claim and its version, of a message that shows a change.
    pub fn change(&self) -> Option<(&str, u64)> {
        match &self.shown {
            Shown::Event { claim, sequence: version, .. } | Shown::Status { claim, version } => {
                Some((claim, *version))
            }
            _ => None,
        }
    }
}

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The reader cut it, or had all that it wanted.
    Cut,
    /// The gateway closed it.
    Closed,
    /// The gateway named a reason (`resume_token_expired`); it may have refused to start the stream.
    Failed { reason: String },
}

/// A stream from its start to its cut.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Position of the token after which it started; `None` without one.
    pub after: Option<i64>,
    /// Events up to this position were deleted before the stream was asked for.
    pub purged_before: i64,
    /// Events up to this position may have been deleted when the first message, or the failure,
    /// came.
    pub purged_by_start: i64,
    /// The same when the stream ended.
    pub purged_by_end: i64,
    pub messages: Vec<Message>,
    /// Number of messages after which the reader took nothing for longer than it may.
    pub stalled_after: Option<usize>,
    pub end: End,
}

/// A stream that started without a token, and the streams that continued it.
pub type Life = Vec<Stream>;

#[derive(Debug, Clone)]
pub struct Reader {
    pub kind: Kind,
    pub filter: Filter,
    pub lives: Vec<Life>,
}

#[derive(Debug, Clone)]
pub struct History {
    /// Published events, by position.
    pub committed: Vec<Committed>,
    /// Events of transactions that were rolled back.
    pub rolled_back: BTreeSet<String>,
    pub readers: Vec<Reader>,
}

impl Filter {
    pub fn covers(&self, kind: Kind, event: &Committed) -> bool {
        match (self, kind) {
            (Self::Everything, _) => true,
            (Self::Some(amc), Kind::Events) => *amc == event.amc_number,
            (Self::Some(ps), Kind::Statuses) => *ps == event.ps,
            (Self::Claims(claims), _) => claims.contains(&event.claim),
            (Self::Nothing, _) => false,
        }
    }
}

impl Reader {
    pub fn covers(&self, event: &Committed) -> bool {
        self.filter.covers(self.kind, event)
    }
}

impl History {
    /// Returns the committed events by their id.
    pub fn by_id(&self) -> HashMap<&str, &Committed> {
        self.committed.iter().map(|event| (event.event_id.as_str(), event)).collect()
    }

    /// Returns the events of positions after `from`, up to `to`, that a reader asks for.
    pub fn wanted(&self, reader: &Reader, from: i64, to: i64) -> impl Iterator<Item = &Committed> {
        let at = |position: i64| self.committed.partition_point(|e| e.position <= position);
        let range = at(from)..at(to).max(at(from));
        self.committed[range].iter().filter(|event| reader.covers(event))
    }

    /// Returns each life with its reader.
    pub fn lives(&self) -> impl Iterator<Item = (&Reader, &Life)> {
        self.readers.iter().flat_map(|reader| reader.lives.iter().map(move |life| (reader, life)))
    }
}

/// Returns the messages of a life, in order.
pub fn messages(life: &Life) -> impl DoubleEndedIterator<Item = &Message> {
    life.iter().flat_map(|stream| &stream.messages)
}

/// Returns the positions after which, and up to which, a life shows every event; `None` when its
/// snapshot was cut, or no message came.
pub fn range(life: &Life) -> Option<(i64, i64)> {
    let snapshot = messages(life).find(|m| m.shown == Shown::SnapshotComplete);
    let is_snapshot = messages(life).any(|m| matches!(m.shown, Shown::OfSnapshot { .. }));
    let from = match snapshot {
        Some(complete) => complete.token,
        None if is_snapshot => return None,
        None => life.first()?.purged_by_start,
    };
    Some((from, messages(life).map(|m| m.token).max()?))
}
