//! How a dead message reads: where it died, why, since when.
//!
//! Anybody may publish to a dead-letter exchange, also messages of their own with persons in them.
//! So nothing is shown as it came but what has the form of ours: ids that are UUIDs, routing keys
//! of `docs/events.md`, bodies that read as a [`ClaimEvent`].

use super::DeadQueue;
use crate::domain::{ClaimEvent, ClaimId, EventId};
use crate::relay::message::{PARTITION_KEY, SEQUENCE, TIME};
use crate::relay::topology::CLAIMS;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Header of a replayed message: the queue it goes back to.
pub(super) const REPLAY_TO: &str = "noemie-replay-to";
/// Header of a replayed message: how many times it was replayed.
pub(super) const REPLAYS: &str = "noemie-replays";
/// Header of a replayed message: when it was replayed last.
pub(super) const REPLAYED_AT: &str = "noemie-replayed-at";
/// Header of a replayed message: when it died for the first time.
pub(super) const FIRST_DEATH_AT: &str = "noemie-first-death-at";

/// What a replay adds to a message.
#[cfg(test)]
pub(in crate::relay) const HEADERS: [&str; 4] = [REPLAYS, REPLAYED_AT, FIRST_DEATH_AT, REPLAY_TO];

/// What stands for a text that is not of ours.
const FOREIGN: &str = "other";
/// The reasons that RabbitMQ gives.
const REASONS: [&str; 4] = ["rejected", "expired", "maxlen", "delivery_limit"];

/// A message in a queue of dead letters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeadLetter {
    /// The queue it lies in.
    pub queue: DeadQueue,
    /// Fingerprint of its cause: equal for messages that died in one queue, for one reason, with
    /// one kind of event and of routing key.
    pub group: String,
    /// Its event; none when its message id is no UUID, so that no gateway wrote it.
    pub event_id: Option<EventId>,
    /// Its claim.
    pub claim_id: Option<ClaimId>,
    /// Rank of the event in the life of its claim; 0 when unknown.
    pub sequence: u64,
    /// `claim.received` …, or `other`.
    pub event: String,
    /// Routing key, or `other`.
    pub routing_key: String,
    /// Queue where it died. None for a message that no queue had, and for one that carries no trace
    /// of its death.
    pub origin: Option<String>,
    /// `rejected`, `delivery_limit`, `maxlen`, `expired` as the broker says, `unroutable`, or
    /// `unknown`.
    pub reason: String,
    /// When it died for the first time, also before a replay. For an unroutable one, which carries
    /// no such trace: when its event happened.
    #[serde(with = "time::serde::rfc3339::option")]
    pub first_seen: Option<OffsetDateTime>,
    /// When it died this time; as `first_seen` for an unroutable one.
    #[serde(with = "time::serde::rfc3339::option")]
    pub died_at: Option<OffsetDateTime>,
    /// How many times it was replayed before.
    pub replays: u64,
    /// Size of the body, bytes.
    pub bytes: usize,
    /// The event itself, when the body reads as one.
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
            (DeadQueue::Dead, None) => (None, "unknown".to_owned()),
            // Whoever may publish to the dead letters may write these headers: only what a broker
            // and our topology would write is believed.
            (DeadQueue::Dead, Some(death)) => {
                let reason =
                    text(death, "reason").filter(|reason| REASONS.contains(&reason.as_str()));
                (
                    text(death, "queue").filter(|queue| is_plain(queue)),
                    reason.unwrap_or_else(|| "unknown".to_owned()),
                )
            }
        };
        let died_at = match queue {
            DeadQueue::Dead => death.and_then(|death| instant(death, "time")),
            DeadQueue::Unroutable => instant(&headers, TIME),
        };
        let event = properties
            .kind()
            .as_ref()
            .map(|kind| kind.as_str())
            .filter(|kind| is_ours(kind, 2))
            .unwrap_or(FOREIGN);
        let routing_key = if is_ours(routing_key, 4) { routing_key } else { FOREIGN };
        Self {
            queue,
            group: fingerprint(&[
                queue.queue(),
                origin.as_deref().unwrap_or_default(),
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

    /// The kind of routing key, without the insurer: `claim.dre.received.*`.
    #[must_use]
    pub fn key_pattern(&self) -> String {
        let kind = pattern(&self.routing_key);
        if kind == FOREIGN { kind.to_owned() } else { format!("{kind}.*") }
    }

    /// Whether it is known where to send it: an unroutable one to the exchange, where nobody had
    /// it; a dead one to the queue where it died.
    #[must_use]
    pub fn can_be_replayed(&self) -> bool {
        self.origin.is_some()
            || (self.queue == DeadQueue::Unroutable && self.routing_key != FOREIGN)
    }
}

/// Whether a text has the form of the name of a queue, as ours and those of workers have.
fn is_plain(queue: &str) -> bool {
    (1..=128).contains(&queue.len())
        && queue.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

/// Whether a routing key or type has the form of ours: `claim.` and words of lower-case letters,
/// digits and `_`.
fn is_ours(text: &str, words: usize) -> bool {
    let plain = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    // The last word of a key is an AMC number as the file had it.
    let number = |word: &str| {
        !word.is_empty() && word.len() <= 10 && word.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let parts: Vec<&str> = text.split('.').collect();
    let (last, first) = parts.split_last().unwrap_or((&"", &[]));
    parts.len() == words
        && parts[0] == "claim"
        && first.iter().all(|word| plain(word))
        && (plain(last) || number(last))
}

/// A routing key without its insurer: one cause seldom stops at one insurer.
fn pattern(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(kind, _)| kind)
}

/// Ten hexadecimal digits, the same in every version and on every machine: they are typed into
/// commands and stay in journals.
fn fingerprint(parts: &[&str]) -> String {
    let mut digest = blake3::Hasher::new();
    for part in parts {
        digest.update(part.as_bytes()).update(&[0]);
    }
    digest.finalize().to_hex()[..10].to_owned()
}

/// The newest entry of `x-death`: the broker puts the last death first.
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

/// Properties of the copy that goes back: the message as it was before its death, and how often it
/// came back. Without the broker's marks of its death and deliveries, so that the delivery limit
/// counts from 1 again.
pub(super) fn reborn(
    properties: &BasicProperties,
    letter: &DeadLetter,
    to: Option<&str>,
    now: OffsetDateTime,
) -> BasicProperties {
    const MARKS: [&str; 5] =
        ["x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count"];
    let mut headers = FieldTable::default();
    for (name, value) in properties.headers().iter().flat_map(|headers| headers.inner()) {
        if !MARKS.iter().any(|mark| name.as_str().starts_with(mark)) {
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
    // The exchange of an unroutable one is `claims`, by which everybody gets it.
    headers.insert(REPLAY_TO.into(), string(to.unwrap_or(CLAIMS).to_owned()));
    properties.clone().with_headers(headers)
}

#[cfg(test)]
#[path = "letter_tests.rs"]
mod tests;
