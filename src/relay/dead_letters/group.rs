//! Groups of dead letters with the same cause.

use super::{DeadLetter, DeadQueue, QueueName};
use crate::domain::EventId;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// Messages of one fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Group {
    /// Queue of the messages.
    pub queue: DeadQueue,
    /// Fingerprint of the cause.
    pub group: String,
    /// Number of messages.
    pub messages: u64,
    /// Queue where the messages died.
    pub origin: Option<QueueName>,
    /// Reason of the deaths.
    pub reason: String,
    /// Event name.
    pub event: String,
    /// Routing key without the AMC number.
    pub routing_key: String,
    /// First death of the message that died first.
    #[serde(with = "time::serde::rfc3339::option")]
    pub first_seen: Option<OffsetDateTime>,
    /// Last death of the message that died last.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_seen: Option<OffsetDateTime>,
    /// Number of messages that were replayed before and died again.
    pub replayed_before: u64,
    /// Event of one of the messages.
    pub example: Option<EventId>,
}

/// Returns the letters grouped by fingerprint, the largest group first.
#[must_use]
pub fn group<'a>(letters: impl IntoIterator<Item = &'a DeadLetter>) -> Vec<Group> {
    let mut groups: BTreeMap<(DeadQueue, &str), Group> = BTreeMap::new();
    for letter in letters {
        let group = groups.entry((letter.queue, &letter.group)).or_insert_with(|| Group {
            queue: letter.queue,
            group: letter.group.clone(),
            messages: 0,
            origin: letter.origin.clone(),
            reason: letter.reason.clone(),
            event: letter.event.clone(),
            routing_key: letter.key_pattern(),
            first_seen: None,
            last_seen: None,
            replayed_before: 0,
            example: None,
        });
        group.messages += 1;
        group.replayed_before += u64::from(letter.replays > 0);
        group.first_seen = [group.first_seen, letter.first_seen].into_iter().flatten().min();
        group.last_seen = group.last_seen.max(letter.died_at);
        group.example = group.example.or(letter.event_id);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.messages));
    groups
}
