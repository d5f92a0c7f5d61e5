//! Histories in which one promise is broken.

use super::history::{End, History, Message, Shown, Stream};
use super::predicates;
use time::Duration;

type Mutant = (&'static str, &'static str, fn(&mut History) -> bool);

/// Mutants: the predicate that rejects it, what was done, and the change, which returns whether it
/// found its place.
const MUTANTS: [Mutant; 16] = [
    ("ordered", "two messages swapped", |h| on_pair(h, |m, i| swap_shown(m, i))),
    ("ordered", "a claim goes back to an earlier version", back_to_an_earlier_version),
    ("unique", "a message doubled", |h| on_pair(h, |m, i| m.insert(i, m[i].clone()))),
    ("unique", "a message again after a resume", again_after_a_resume),
    ("atomic", "an event of a transaction that was rolled back", an_undone_event),
    ("atomic", "a transaction split by a bookmark", a_split_transaction),
    ("reliable", "a message dropped", |h| on_pair(h, |m, i| drop(m.remove(i)))),
    ("reliable", "a claim missing in a snapshot", without_a_claim),
    ("resumable", "the first message after a resume dropped", without_the_first),
    ("resumable", "a token that the reader was not given", another_token),
    ("resumable", "a token continued although events after it are deleted", a_purged_token),
    ("resumable", "a token refused that is not purged", a_refusal),
    ("bookmarkable", "a heartbeat behind what was shown", |h| on_heartbeat(h, |m| m.token = 0)),
    ("bookmarkable", "a heartbeat that promises too much", too_much),
    ("bookmarkable", "a filter that fits nothing and no heartbeat", without_heartbeats),
    ("bookmarkable", "heartbeats that go back in time", back_in_time),
];

/// Mutants of a history with a stalled reader.
const STALLED: [Mutant; 2] = [
    ("bounded", "a stalled reader that is kept", |h| on_stalled(h, |s| s.end = End::Cut)),
    ("bounded", "a stalled reader that is sent everything", |h| {
        on_stalled(h, |s| s.messages.extend(vec![s.messages[0].clone(); 10_000]))
    }),
];

/// Asserts that the predicate of each mutant rejects it.
pub fn are_rejected(history: &History) {
    rejected(history, &MUTANTS);
}

/// Asserts the same for the mutants of stalled readers.
pub fn of_stalled_readers_are_rejected(history: &History) {
    rejected(history, &STALLED);
}

fn rejected(history: &History, mutants: &[Mutant]) {
    for (promise, what, alter) in mutants {
        let mut mutant = history.clone();
        assert!(alter(&mut mutant), "{what}: the history has no place for it");
        let predicate = predicates::ALL.iter().find(|(name, _)| name == promise);
        let (_, predicate) = predicate.expect("a promise");
        assert!(predicate(&mutant).is_err(), "{promise} does not see: {what}");
    }
}

fn streams(history: &mut History) -> impl Iterator<Item = &mut Stream> {
    history.readers.iter_mut().flat_map(|reader| &mut reader.lives).flatten()
}

/// Alters the first stream that `alter` finds a place in.
fn on_stream(history: &mut History, mut alter: impl FnMut(&mut Stream) -> bool) -> bool {
    streams(history).any(&mut alter)
}

/// Alters a message and the next one, which show events.
fn on_pair(history: &mut History, alter: impl Fn(&mut Vec<Message>, usize)) -> bool {
    on_stream(history, |stream| {
        let is_event = |m: &Message| matches!(m.shown, Shown::Event { .. });
        let pairs = stream.messages.windows(2);
        let Some(at) = pairs.into_iter().position(|pair| pair.iter().all(is_event)) else {
            return false;
        };
        alter(&mut stream.messages, at);
        true
    })
}

fn swap_shown(messages: &mut [Message], at: usize) {
    let shown = messages[at].shown.clone();
    messages[at].shown = std::mem::replace(&mut messages[at + 1].shown, shown);
}

fn on_heartbeat(history: &mut History, alter: impl Fn(&mut Message)) -> bool {
    on_stream(history, |stream| {
        let is_heartbeat = |m: &Message| matches!(m.shown, Shown::Heartbeat { .. });
        let Some(at) = stream.messages.iter().skip(1).position(is_heartbeat) else { return false };
        if stream.messages[at].change().is_none() {
            return false;
        }
        alter(&mut stream.messages[at + 1]);
        true
    })
}

fn on_stalled(history: &mut History, alter: impl Fn(&mut Stream)) -> bool {
    on_stream(history, |stream| {
        let is_stalled = stream.stalled_after.is_some() && !stream.messages.is_empty();
        if is_stalled {
            alter(stream);
        }
        is_stalled
    })
}

fn back_to_an_earlier_version(history: &mut History) -> bool {
    on_stream(history, |stream| {
        let status = |m: &Message| match &m.shown {
            Shown::Status { claim, version } if *version > 0 => Some(claim.clone()),
            _ => None,
        };
        let Some(claim) = stream.messages.iter().find_map(status) else { return false };
        let token = stream.messages.last().map_or(0, |m| m.token);
        stream.messages.push(Message { token, shown: Shown::Status { claim, version: 0 } });
        true
    })
}

/// Returns the first life with a stream that continues another one with a change at its end, and
/// the index of that stream.
fn on_resume(history: &mut History, alter: impl Fn(&mut Vec<Stream>, usize) -> bool) -> bool {
    history.readers.iter_mut().flat_map(|reader| &mut reader.lives).any(|life| {
        (1..life.len()).any(|at| {
            let ends = life[at - 1].messages.last().is_some_and(|m| m.change().is_some());
            let begins = life[at].messages.first();
            let begins = begins.is_some_and(|m| matches!(m.shown, Shown::Event { .. }));
            ends && begins && life[at].after.is_some() && alter(life, at)
        })
    })
}

fn again_after_a_resume(history: &mut History) -> bool {
    on_resume(history, |life, at| {
        let again = life[at - 1].messages.last().cloned();
        life[at].messages.splice(0..0, again);
        true
    })
}

fn without_the_first(history: &mut History) -> bool {
    on_resume(history, |life, at| {
        let goes_on = life[at].messages.len() > 1;
        if goes_on {
            life[at].messages.remove(0);
        }
        goes_on
    })
}

fn another_token(history: &mut History) -> bool {
    on_resume(history, |life, at| {
        life[at].after = life[at].after.map(|after| after - 1);
        true
    })
}

fn a_purged_token(history: &mut History) -> bool {
    on_resume(history, |life, at| {
        life[at].purged_before = i64::MAX;
        true
    })
}

fn a_refusal(history: &mut History) -> bool {
    on_resume(history, |life, at| {
        life[at].purged_by_end = 0;
        life[at].end = End::Failed { reason: "resume_token_expired".into() };
        true
    })
}

fn an_undone_event(history: &mut History) -> bool {
    let Some(undone) = history.rolled_back.first().cloned() else { return false };
    on_stream(history, |stream| {
        let shown = stream.messages.iter_mut().find_map(|m| match &mut m.shown {
            Shown::Event { event_id, .. } => Some(event_id),
            _ => None,
        });
        shown.map(|event_id| *event_id = undone.clone()).is_some()
    })
}

/// Ends a stream within a transaction, and continues it behind the transaction.
fn a_split_transaction(history: &mut History) -> bool {
    let transactions: std::collections::HashMap<String, u64> =
        history.committed.iter().map(|e| (e.event_id.clone(), e.transaction)).collect();
    on_stream(history, |stream| {
        let of = |m: &Message| match &m.shown {
            Shown::Event { event_id, .. } => transactions.get(event_id).copied(),
            _ => None,
        };
        let pairs = stream.messages.windows(2);
        let within = pairs.into_iter().position(|p| of(&p[0]).is_some() && of(&p[0]) == of(&p[1]));
        let Some(at) = within else { return false };
        let split = of(&stream.messages[at]);
        // Its later messages are lost: the bookmark after `at` was taken for the end of it.
        let mut index = 0;
        let length = stream.messages.len();
        stream.messages.retain(|m| {
            index += 1;
            index <= at + 1 || index == length || of(m) != split
        });
        stream.messages.len() < length
    })
}

fn without_a_claim(history: &mut History) -> bool {
    on_stream(history, |stream| {
        let is_complete = stream.messages.iter().any(|m| m.shown == Shown::SnapshotComplete);
        let of_snapshot = |m: &Message| matches!(m.shown, Shown::OfSnapshot { .. });
        let at = stream.messages.iter().rposition(of_snapshot).filter(|_| is_complete);
        at.map(|at| stream.messages.remove(at)).is_some_and(|_| {
            // A snapshot with nothing in it is not taken for one.
            stream.messages.iter().any(of_snapshot)
        })
    })
}

fn too_much(history: &mut History) -> bool {
    let last = history.committed.last().map(|e| (e.position, e.visible_by));
    let Some((end, visible_by)) = last else { return false };
    on_stream(history, |stream| {
        stream.messages.iter_mut().any(|m| match &mut m.shown {
            Shown::Heartbeat { complete_up_to } if m.token < end => {
                *complete_up_to = visible_by + Duration::SECOND;
                true
            }
            _ => false,
        })
    })
}

fn without_heartbeats(history: &mut History) -> bool {
    let quiet = history.readers.iter_mut().find(|reader| {
        let mut all = reader.lives.iter().flatten().flat_map(|stream| &stream.messages);
        all.all(|m| matches!(m.shown, Shown::Heartbeat { .. }))
    });
    let Some(quiet) = quiet else { return false };
    quiet.lives.iter_mut().flatten().for_each(|stream| stream.messages.clear());
    true
}

fn back_in_time(history: &mut History) -> bool {
    let life = history.readers.iter_mut().flat_map(|reader| &mut reader.lives).find(|life| {
        let all = life.iter().flat_map(|stream| &stream.messages);
        all.filter(|m| matches!(m.shown, Shown::Heartbeat { .. })).count() > 1
    });
    let Some(life) = life else { return false };
    let mut all = life.iter_mut().flat_map(|stream| &mut stream.messages);
    let first = all.find_map(|m| match &mut m.shown {
        Shown::Heartbeat { complete_up_to } => Some(complete_up_to),
        _ => None,
    });
    first.map(|at| *at += Duration::HOUR).is_some()
}
