//! Reads a dead message: where it died, why and when.
//!
//! Every client of the broker may publish to a dead-letter exchange, and such messages may name
//! persons. A letter therefore keeps only values with a form that the gateway writes: ids that are
//! UUIDs, routing keys of `docs/events.md`, bodies that parse as a [`ClaimEvent`].

use super::{DeadQueue, QueueName};
use crate::domain::masking::holds_identity;
use crate::domain::{ClaimEvent, ClaimId, EventId};
use crate::relay::message::{PARTITION_KEY, SEQUENCE, TIME};
use crate::relay::topology::CLAIMS;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Header of a replayed message: name of the queue that it returns to.
pub(super) const REPLAY_TO: &str = "noemie-replay-to";
/// Header of a replayed message: number of its replays.
pub(super) const REPLAYS: &str = "noemie-replays";
/// Header of a replayed message: instant of its last replay.
pub(super) const REPLAYED_AT: &str = "noemie-replayed-at";
/// Header of a replayed message: instant of its first death.
pub(super) const FIRST_DEATH_AT: &str = "noemie-first-death-at";

/// Header of a message that the gateway refused: name of the queue that it was taken from.
const REFUSED_IN: &str = "noemie-refused-in";
/// Header of a message that the gateway refused: stable reason.
const REFUSED_FOR: &str = "noemie-refused-for";
/// Header of a message that the gateway refused: instant.
const REFUSED_AT: &str = "noemie-refused-at";

/// Returns the headers of a message that the gateway took from a queue and refused.
#[must_use]
pub fn refused_headers(
    queue: &str,
    reason: &str,
    at: OffsetDateTime,
) -> [(&'static str, String); 3] {
    let at = at.format(&Rfc3339).unwrap_or_default();
    [(REFUSED_IN, queue.to_owned()), (REFUSED_FOR, reason.to_owned()), (REFUSED_AT, at)]
}

/// Headers that a replay adds to a message.
#[cfg(test)]
pub(in crate::relay) const HEADERS: [&str; 4] = [REPLAYS, REPLAYED_AT, FIRST_DEATH_AT, REPLAY_TO];

/// Text in place of a value that the gateway does not write.
const FOREIGN: &str = "other";
/// Reasons that RabbitMQ gives for a death.
const REASONS: [&str; 4] = ["rejected", "expired", "maxlen", "delivery_limit"];

/// A message in a queue of dead letters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeadLetter {
    /// Queue of the message.
    pub queue: DeadQueue,
    /// Fingerprint of the cause: equal for messages that died in the same queue for the same
    /// reason, with the same event name and the same routing key without the AMC number.
    pub group: String,
    /// Event of the message; `None` when the message id is no UUID, so that no gateway wrote it.
    pub event_id: Option<EventId>,
    /// Claim of the event.
    pub claim_id: Option<ClaimId>,
    /// Rank of the event in the life of its claim; 0 when unknown.
    pub sequence: u64,
    /// `claim.received` …, or `other`.
    pub event: String,
    /// Routing key, or `other`.
    pub routing_key: String,
    /// Queue where the message died; `None` for an unroutable message, and for a message without
    /// the broker's `x-death` header.
    pub origin: Option<QueueName>,
    /// `rejected`, `delivery_limit`, `maxlen`, `expired` as the broker says, `refused` by the
    /// gateway itself, `unroutable`, or `unknown`.
    pub reason: String,
    /// Instant of the first death, also before a replay. An unroutable message has no `x-death`
    /// header: the instant of its event.
    #[serde(with = "time::serde::rfc3339::option")]
    pub first_seen: Option<OffsetDateTime>,
    /// Instant of the last death; the instant of its event for an unroutable message.
    #[serde(with = "time::serde::rfc3339::option")]
    pub died_at: Option<OffsetDateTime>,
    /// Number of replays before.
    pub replays: u64,
    /// Size of the body, bytes.
    pub bytes: usize,
    /// Event in the body; `None` when the body does not parse as an event.
    #[serde(skip)]
    pub body: Option<ClaimEvent>,
}

impl DeadLetter {
    pub(super) fn read(
        queue: DeadQueue,
        routing_key: &str,
        properties: &BasicProperties,
        data: &[u8],
    ) -> Self {
        let headers = properties.headers().clone().unwrap_or_default();
        let death = last_death(&headers);
        let (origin, reason) = match (queue, death) {
            (DeadQueue::Unroutable, _) => (None, "unroutable".to_owned()),
            (DeadQueue::Dead, None) => {
                match text(&headers, REFUSED_IN).filter(|queue| is_queue_name(queue)) {
                    Some(queue) => (Some(QueueName::from(queue)), "refused".to_owned()),
                    None => (None, "unknown".to_owned()),
                }
            }
            // Other clients may write these headers: a reason or a queue name that neither RabbitMQ
            // nor a worker would write is replaced.
            (DeadQueue::Dead, Some(death)) => {
                let reason =
                    text(death, "reason").filter(|reason| REASONS.contains(&reason.as_str()));
                (
                    text(death, "queue").filter(|queue| is_queue_name(queue)).map(QueueName::from),
                    reason.unwrap_or_else(|| "unknown".to_owned()),
                )
            }
        };
        let died_at = match queue {
            DeadQueue::Dead => death
                .and_then(|death| instant(death, "time"))
                .or_else(|| instant(&headers, REFUSED_AT)),
            DeadQueue::Unroutable => instant(&headers, TIME),
        };
        let event = properties
            .kind()
            .as_ref()
            .map(|kind| kind.as_str())
            .filter(|kind| is_gateway_key(kind, 2))
            .unwrap_or(FOREIGN);
        let routing_key = if is_gateway_key(routing_key, 4) { routing_key } else { FOREIGN };
        Self {
            queue,
            group: fingerprint(&[
                queue.queue(),
                origin.as_ref().map_or("", QueueName::expose),
                &reason,
                event,
                pattern(routing_key),
            ]),
            event_id: properties.message_id().as_ref().and_then(|id| id.as_str().parse().ok()),
            claim_id: text(&headers, PARTITION_KEY).and_then(|id| id.parse().ok()),
            sequence: text(&headers, SEQUENCE)
                .and_then(|rank| rank.parse().ok())
                .unwrap_or_default(),
            event: event.to_owned(),
            routing_key: routing_key.to_owned(),
            origin,
            reason,
            first_seen: instant(&headers, FIRST_DEATH_AT).or(died_at),
            died_at,
            replays: count(&headers, REPLAYS),
            bytes: data.len(),
            body: serde_json::from_slice(data).ok(),
        }
    }

    /// Returns the routing key with `*` in place of the AMC number: `claim.dre.received.*`.
    #[must_use]
    pub fn key_pattern(&self) -> String {
        let kind = pattern(&self.routing_key);
        if kind == FOREIGN { kind.to_owned() } else { format!("{kind}.*") }
    }

    /// Returns whether the letter says where to send it: a dead letter to the queue where it died,
    /// an unroutable letter to the exchange `claims`.
    #[must_use]
    pub fn can_be_replayed(&self) -> bool {
        self.origin.is_some()
            || (self.queue == DeadQueue::Unroutable && self.routing_key != FOREIGN)
    }
}

/// Returns whether a text has the form of a queue name of the gateway or of a worker.
fn is_queue_name(queue: &str) -> bool {
    (1..=128).contains(&queue.len())
        && queue.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

/// Returns whether a routing key or an event name has the form that the gateway writes: `claim.`
/// and words of lower-case letters, digits and `_`, `words` in all.
fn is_gateway_key(text: &str, words: usize) -> bool {
    let plain = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    // The last word of a routing key is an AMC number as the file has it.
    let number = |word: &str| {
        !word.is_empty() && word.len() <= 10 && word.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let parts: Vec<&str> = text.split('.').collect();
    let (last, first) = parts.split_last().unwrap_or((&"", &[]));
    parts.len() == words
        && parts[0] == "claim"
        && !holds_identity(text)
        && first.iter().all(|word| plain(word))
        && (plain(last) || number(last))
}

/// Returns a routing key without its AMC number, because a cause seldom concerns one insurer only.
fn pattern(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(kind, _)| kind)
}

/// Returns ten hexadecimal digits that are the same in every version and on every machine:
/// operators type them into commands, and journals keep them.
fn fingerprint(parts: &[&str]) -> String {
    let mut digest = blake3::Hasher::new();
    for part in parts {
        digest.update(part.as_bytes()).update(&[0]);
    }
    digest.finalize().to_hex()[..10].to_owned()
}

/// Returns the first entry of `x-death`, which is the last death.
fn last_death(headers: &FieldTable) -> Option<&FieldTable> {
    match headers.inner().get("x-death")? {
        AMQPValue::FieldArray(deaths) => match deaths.as_slice().first()? {
            AMQPValue::FieldTable(death) => Some(death),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn text(table: &FieldTable, name: &str) -> Option<String> {
    match table.inner().get(name)? {
        AMQPValue::LongString(text) => String::from_utf8(text.as_bytes().to_vec()).ok(),
        AMQPValue::ShortString(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

fn count(table: &FieldTable, name: &str) -> u64 {
    match table.inner().get(name) {
        Some(AMQPValue::LongLongInt(count)) => u64::try_from(*count).unwrap_or_default(),
        Some(AMQPValue::LongInt(count)) => u64::try_from(*count).unwrap_or_default(),
        _ => 0,
    }
}

fn instant(table: &FieldTable, name: &str) -> Option<OffsetDateTime> {
    match table.inner().get(name)? {
        AMQPValue::Timestamp(seconds) => {
            OffsetDateTime::from_unix_timestamp(i64::try_from(*seconds).ok()?).ok()
        }
        _ => OffsetDateTime::parse(&text(table, name)?, &Rfc3339).ok(),
    }
}

/// Returns the properties of the copy that is replayed: those of the message before its death, and
/// the headers of its replays. The headers about deaths, refusals and deliveries are left out, so
/// that the delivery limit counts from 1 again.
pub(super) fn replayed_properties(
    properties: &BasicProperties,
    letter: &DeadLetter,
    to: Option<&str>,
    now: OffsetDateTime,
) -> BasicProperties {
    const BROKER_HEADERS: [&str; 6] = [
        "x-death",
        "x-first-death-",
        "x-last-death-",
        "x-delivery-count",
        "x-acquired-count",
        "noemie-refused-",
    ];
    let mut headers = FieldTable::default();
    for (name, value) in properties.headers().iter().flat_map(|headers| headers.inner()) {
        if !BROKER_HEADERS.iter().any(|prefix| name.as_str().starts_with(prefix)) {
            headers.insert(name.clone(), value.clone());
        }
    }
    let string = |text: String| AMQPValue::LongString(text.into());
    headers.insert(
        REPLAYS.into(),
        AMQPValue::LongLongInt(i64::try_from(letter.replays + 1).unwrap_or(i64::MAX)),
    );
    headers.insert(REPLAYED_AT.into(), string(now.format(&Rfc3339).unwrap_or_default()));
    if let Some(first) = letter.first_seen {
        headers.insert(FIRST_DEATH_AT.into(), string(first.format(&Rfc3339).unwrap_or_default()));
    }
    // An unroutable message returns to the exchange `claims`, which routes it to all workers.
    headers.insert(REPLAY_TO.into(), string(to.unwrap_or(CLAIMS).to_owned()));
    properties.clone().with_headers(headers)
}

#[cfg(test)]
#[path = "letter_tests.rs"]
mod tests;
