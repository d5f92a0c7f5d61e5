//! Ten thousand messages of one cause are one row.

use super::{DeadLetter, DeadQueue};
use crate::domain::EventId;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// Messages of one fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Group {
    /// The queue they lie in.
    pub queue: DeadQueue,
    /// The fingerprint.
    pub group: String,
    /// How many.
    pub messages: u64,
    /// Queue where they died.
    pub origin: Option<String>,
    /// Why.
    pub reason: String,
    /// Kind of event.
    pub event: String,
    /// Kind of routing key.
    pub routing_key: String,
    /// First death of the first one.
    #[serde(with = "time::serde::rfc3339::option")]
    pub first_seen: Option<OffsetDateTime>,
    /// Last death of the last one.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_seen: Option<OffsetDateTime>,
    /// How many of them had been replayed before, and died again.
    pub replayed_before: u64,
    /// One of them.
    pub example: Option<EventId>,
}

/// Groups letters by fingerprint, the largest group first.
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
