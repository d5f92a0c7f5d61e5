//! Dead letters on a terminal, and as JSON.

use super::Output;
use crate::cli::words::english;
use crate::service::dead_letters::{DeadLetter, Group, Look, Outcome, QueueName};
use crate::service::operations::OperationStep;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::io::Write as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Returns a letter with its event, which carries no person. A body that is not an event of the
/// gateway is left out.
pub(super) fn with_event(letter: &DeadLetter) -> Result<Value> {
    let mut value = serde_json::to_value(letter)?;
    let fields = value.as_object_mut().context("a letter is an object")?;
    fields.insert("body".to_owned(), serde_json::to_value(&letter.body)?);
    Ok(value)
}

/// Prints the groups of a queue.
pub(super) fn list(out: &mut Output, queue: &str, seen: &Look, groups: &[Group]) -> Result<()> {
    let waiting = messages(seen.waiting);
    writeln!(out, "{queue}: {waiting}, {} looked at", seen.letters.len())?;
    groups.iter().try_for_each(|each| group(out, each))
}

fn group(out: &mut Output, group: &Group) -> Result<()> {
    writeln!(
        out,
        "  {}: {} × {} ({}), {}",
        group.group,
        group.messages,
        group.event,
        group.routing_key,
        origin(group.origin.as_ref(), &group.reason)
    )?;
    let again = match group.replayed_before {
        0 => String::new(),
        count => format!("; {count} replayed before"),
    };
    let example = group.example.map_or_else(|| "without id".to_owned(), |id| id.to_string());
    let (first, last) = (date(group.first_seen), date(group.last_seen));
    writeln!(out, "    from {first} to {last}; example {example}{again}")?;
    Ok(())
}

fn messages(count: impl Into<u64>) -> String {
    english(count.into(), "message", "messages")
}

fn origin(origin: Option<&QueueName>, reason: &str) -> String {
    origin.map_or_else(
        || format!("reason {reason}"),
        |queue| format!("from {queue}, reason {reason}"),
    )
}

fn date(at: Option<OffsetDateTime>) -> String {
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_else(|| "?".to_owned())
}

/// Prints a letter and its event.
pub(super) fn letter(out: &mut Output, letter: &DeadLetter) -> Result<()> {
    let id = |id: Option<String>| id.unwrap_or_else(|| "?".to_owned());
    writeln!(
        out,
        "{} {} [{}]",
        id(letter.event_id.map(|id| id.to_string())),
        letter.event,
        letter.group
    )?;
    writeln!(
        out,
        "  claim {}, key {}",
        id(letter.claim_id.map(|id| id.to_string())),
        letter.routing_key
    )?;
    writeln!(
        out,
        "  {}, dead since {} (first seen {})",
        origin(letter.origin.as_ref(), &letter.reason),
        date(letter.died_at),
        date(letter.first_seen)
    )?;
    if letter.replays > 0 {
        let times = english(letter.replays, "time", "times");
        writeln!(out, "  replayed {times} before")?;
    }
    match &letter.body {
        Some(event) => writeln!(out, "  {}", serde_json::to_string(event)?)?,
        None => writeln!(
            out,
            "  body of {} bytes that is not an event of the gateway: not shown",
            letter.bytes
        )?,
    }
    Ok(())
}

/// Prints what an act did, or would do. `act` is its verb in the past tense.
pub(super) fn outcome(out: &mut Output, outcome: &Outcome, dry_run: bool, act: &str) -> Result<()> {
    let verb = if outcome.matched == 1 { "matches" } else { "match" };
    writeln!(
        out,
        "{} in the queue, {} looked at, {} {verb}",
        messages(outcome.waiting),
        outcome.looked_at,
        outcome.matched
    )?;
    outcome.groups.iter().try_for_each(|each| group(out, each))?;
    if outcome.without_origin > 0 {
        writeln!(out, "{} stay: they do not say where they died", outcome.without_origin)?;
    }
    let later = outcome.matched - outcome.without_origin - outcome.chosen;
    if later > 0 {
        writeln!(out, "{later} stay for another run")?;
    }
    if dry_run {
        writeln!(out, "{} would be {act}, nothing was touched", outcome.chosen)?;
        return Ok(());
    }
    let operation = outcome.operation_id.map(|id| format!(" (operation {id} of the journal)"));
    writeln!(out, "{} of {} {act}{}", outcome.done, outcome.chosen, operation.unwrap_or_default())?;
    for (queue, letters) in &outcome.without_queue {
        writeln!(out, "{letters} stay: the queue {queue} is gone, or does not take them")?;
    }
    if let Some(why) = &outcome.stopped {
        writeln!(out, "stopped early, the rest is still in the queue: {why}")?;
    }
    Ok(())
}

/// Prints an outcome as one JSON object.
pub(super) fn outcome_json(out: &mut Output, outcome: &Outcome, dry_run: bool) -> Result<()> {
    let mut value = serde_json::to_value(outcome)?;
    let fields = value.as_object_mut().context("an outcome is an object")?;
    fields.insert("dry_run".to_owned(), json!(dry_run));
    Ok(out.json(&value)?)
}

/// Prints a step of the journal.
pub(super) fn step(out: &mut Output, step: &OperationStep) -> Result<()> {
    writeln!(
        out,
        "{} {} {} {} {} on {}: {}",
        step.at.format(&Rfc3339)?,
        step.operation_id,
        step.actor,
        step.action,
        step.stage.as_str(),
        step.subject,
        step.detail
    )?;
    Ok(())
}
