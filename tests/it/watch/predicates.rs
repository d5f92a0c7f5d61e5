//! The promises of a stream, one predicate each. A predicate returns the first break of its promise.

use super::history::{
    Committed, End, History, Kind, Life, Message, Reader, Shown, messages, range,
};
use noemie_gateway::limits::STREAM_BLOCK_EVENTS;
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;

/// Messages that the transport holds for a reader that takes none: two windows of 64 KiB, of
/// messages of at least 300 bytes.
const IN_TRANSPORT: usize = 2 * 64 * 1024 / 300;

pub type Verdict = Result<(), String>;
pub type Predicate = fn(&History) -> Verdict;

/// Every promise with its name in `docs/grpc.md`.
pub const ALL: [(&str, Predicate); 7] = [
    ("ordered", ordered),
    ("unique", unique),
    ("atomic", atomic),
    ("reliable", reliable),
    ("resumable", resumable),
    ("bookmarkable", bookmarkable),
    ("bounded", bounded),
];

/// Asserts every promise.
pub fn hold(history: &History) {
    for (name, predicate) in ALL {
        if let Err(broken) = predicate(history) {
            panic!("{name}: {broken}");
        }
    }
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Messages come in the order of publication, those of a claim in the order of its life.
pub fn ordered(history: &History) -> Verdict {
    let by_id = history.by_id();
    for (_, life) in history.lives() {
        let (mut last, mut versions) = (0, HashMap::new());
        for message in messages(life).filter(|m| !matches!(m.shown, Shown::OfSnapshot { .. })) {
            ensure(message.token >= last, || format!("{message:?} comes after {last}"))?;
            last = message.token;
            if let Shown::Event { event_id, .. } = &message.shown {
                let place = by_id.get(event_id.as_str()).map(|event| event.position);
                ensure(place == Some(last), || format!("{message:?} was published at {place:?}"))?;
            }
            let Some((claim, version)) = message.change() else { continue };
            let before = versions.insert(claim, version).unwrap_or(0);
            ensure(version >= before, || format!("{message:?} comes after version {before}"))?;
        }
    }
    Ok(())
}

/// No event and no change comes twice.
pub fn unique(history: &History) -> Verdict {
    for (_, life) in history.lives() {
        let (mut events, mut changes) = (HashSet::new(), HashSet::new());
        for message in messages(life) {
            if let Shown::Event { event_id, .. } = &message.shown {
                ensure(events.insert(event_id), || format!("{message:?} comes twice"))?;
            }
            let Some((claim, _)) = message.change() else { continue };
            ensure(changes.insert((message.token, claim)), || format!("{message:?} comes twice"))?;
        }
    }
    Ok(())
}

/// A transaction is not shown before its commit. Once a stream is past a transaction, it has
/// shown the whole of it, wherever it was cut in between.
pub fn atomic(history: &History) -> Verdict {
    let by_id = history.by_id();
    let mut last_version: HashMap<&str, u64> = HashMap::new();
    for event in &history.committed {
        let last = last_version.entry(&event.claim).or_default();
        *last = event.sequence.max(*last);
    }
    for (reader, life) in history.lives() {
        for message in messages(life) {
            if let Shown::Event { event_id, .. } = &message.shown {
                let is_known = by_id.contains_key(event_id.as_str());
                let was_undone = history.rolled_back.contains(event_id);
                ensure(is_known && !was_undone, || format!("{message:?} was not committed"))?;
            }
            if let Some((claim, version)) = message.change() {
                let last = last_version.get(claim).copied().unwrap_or(0);
                ensure(version <= last, || format!("{message:?}: only {last} is committed"))?;
            }
        }
        whole_transactions(history, reader, life)?;
    }
    Ok(())
}

/// Holds when of no transaction that lies in the range of a life one part is shown and another not.
fn whole_transactions(history: &History, reader: &Reader, life: &Life) -> Verdict {
    let Some((from, to)) = range(life) else { return Ok(()) };
    let shown = Versions::of(reader, life);
    let mut split: HashMap<u64, (bool, bool)> = HashMap::new();
    for event in history.wanted(reader, from, to) {
        let of = split.entry(event.transaction).or_default();
        if shown.show(event) { of.0 = true } else { of.1 = true }
    }
    let broken = split.iter().find(|(_, of)| **of == (true, true));
    ensure(broken.is_none(), || format!("one part of transaction {broken:?} is not shown"))
}

/// Every event that fits the filter is shown: by a message of its own, or in a status of its claim
/// that includes it.
pub fn reliable(history: &History) -> Verdict {
    for (reader, life) in history.lives() {
        let Some((from, to)) = range(life) else { continue };
        let shown = Versions::of(reader, life);
        for event in history.wanted(reader, from, to) {
            let is_shown = shown.show(event);
            ensure(is_shown, || format!("{event:?} is not shown to {:?}", reader.filter))?;
        }
        let has_snapshot = messages(life).any(|m| m.shown == Shown::SnapshotComplete);
        for event in history.wanted(reader, 0, if has_snapshot { from } else { 0 }) {
            let is_shown = shown.snapshot.get(event.claim.as_str()) >= Some(&event.sequence);
            ensure(is_shown, || format!("{event:?} is not in the snapshot"))?;
        }
    }
    Ok(())
}

/// Versions of claims that the messages of a life show.
struct Versions<'h> {
    kind: Kind,
    /// Tokens and versions by claim, in the order of the messages.
    changes: HashMap<&'h str, Vec<(i64, u64)>>,
    snapshot: HashMap<&'h str, u64>,
}

impl<'h> Versions<'h> {
    fn of(reader: &Reader, life: &'h Life) -> Self {
        let (mut changes, mut snapshot) = (HashMap::<&str, Vec<_>>::new(), HashMap::new());
        for message in messages(life) {
            if let Shown::OfSnapshot { claim, version } = &message.shown {
                snapshot.insert(claim.as_str(), *version);
            }
            if let Some((claim, version)) = message.change() {
                changes.entry(claim).or_default().push((message.token, version));
            }
        }
        Self { kind: reader.kind, changes, snapshot }
    }

    /// Returns whether a message shows this event. A status at a later position stands for the
    /// event too: of several events of a claim a watcher is shown the last.
    fn show(&self, event: &Committed) -> bool {
        let changes = self.changes.get(event.claim.as_str());
        let shows = |(token, version): &(i64, u64)| match self.kind {
            Kind::Events => (*token, *version) == (event.position, event.sequence),
            Kind::Statuses => *token >= event.position && *version >= event.sequence,
        };
        changes.is_some_and(|all| all.iter().any(shows))
    }
}

/// A stream continues right after its token: nothing at or before it, and no gap behind it. A token
/// is refused as expired if events after it were deleted, and only then.
pub fn resumable(history: &History) -> Verdict {
    for (reader, life) in history.lives() {
        for (index, stream) in life.iter().enumerate() {
            if let Some(after) = stream.after {
                let before = life[..index].iter().flat_map(|s| &s.messages).next_back();
                let given = before.map(|message| message.token);
                ensure(given == Some(after), || format!("{after} is not the token {given:?}"))?;
                resumes(history, reader, stream.messages.first(), after)?;
            }
            let last = stream.messages.last().map(|m| m.token).or(stream.after);
            if let End::Failed { reason } = &stream.end {
                ensure(reason == "resume_token_expired", || format!("{reason} at {last:?}"))?;
                let is_purged = last.is_none_or(|last| last < stream.purged_by_end);
                ensure(is_purged, || format!("{last:?} is refused, and not purged"))?;
            }
            let is_late = stream.after.is_some_and(|after| after < stream.purged_before);
            ensure(!is_late || stream.messages.is_empty(), || {
                format!(
                    "{:?} continues, although {} is deleted",
                    stream.after, stream.purged_before
                )
            })?;
        }
    }
    Ok(())
}

/// Holds when the first message after a resume is the next one of the reader.
fn resumes(history: &History, reader: &Reader, first: Option<&Message>, after: i64) -> Verdict {
    let Some(first) = first else { return Ok(()) };
    let is_heartbeat = matches!(first.shown, Shown::Heartbeat { .. });
    let is_next = first.token > after || (is_heartbeat && first.token == after);
    ensure(is_next, || format!("{first:?} after the token {after}"))?;
    // A claim with a later event of its own may come after the first status.
    if reader.kind == Kind::Statuses && !is_heartbeat {
        return Ok(());
    }
    let missed = history.wanted(reader, after, first.token - i64::from(!is_heartbeat)).next();
    ensure(missed.is_none(), || format!("{missed:?} lies before {first:?}"))
}

/// A heartbeat is never ahead of what was shown, says truly up to when all was shown, and comes
/// although nothing fits the filter.
pub fn bookmarkable(history: &History) -> Verdict {
    let end = history.committed.last().map_or(0, |event| event.position);
    for reader in &history.readers {
        let last = reader.lives.last().and_then(|life| messages(life).next_back());
        ensure(last.is_some_and(|m| m.token == end), || format!("{last:?} does not reach {end}"))?;
        for life in &reader.lives {
            let mut complete = OffsetDateTime::UNIX_EPOCH;
            let mut before = 0;
            for message in messages(life) {
                let Shown::Heartbeat { complete_up_to } = message.shown else {
                    before = before.max(message.token);
                    continue;
                };
                ensure(message.token >= before, || format!("{message:?} after {before}"))?;
                ensure(complete_up_to >= complete, || format!("{message:?} after {complete}"))?;
                complete = complete_up_to;
                let at = history.committed.partition_point(|e| e.position <= message.token);
                let next = history.committed.get(at);
                ensure(next.is_none_or(|next| next.visible_by >= complete_up_to), || {
                    format!("{message:?} although {next:?} was published")
                })?;
            }
        }
    }
    Ok(())
}

/// A reader that takes nothing for too long is closed, and was sent no more than a block and what
/// the transport holds.
pub fn bounded(history: &History) -> Verdict {
    let limit = usize::from(STREAM_BLOCK_EVENTS) + IN_TRANSPORT;
    for (_, life) in history.lives() {
        for stream in life {
            let Some(stalled_after) = stream.stalled_after else { continue };
            ensure(stream.end == End::Closed, || format!("{:?} after a stall", stream.end))?;
            let sent = stream.messages.len() - stalled_after;
            ensure(sent <= limit, || format!("{sent} messages were sent to a stalled reader"))?;
        }
    }
    Ok(())
}
