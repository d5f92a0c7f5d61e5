//! Dead letters on a terminal, and as JSON.

use super::Output;
use crate::relay::dead_letters::{DeadLetter, Group, Look, Outcome};
use crate::store::OperationStep;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::io::Write as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A letter with its event, which carries no person; a body that is not an event is not shown.
pub(super) fn with_event(letter: &DeadLetter) -> Result<Value> {
    let mut value = serde_json::to_value(letter)?;
    let fields = value.as_object_mut().context("a letter is an object")?;
    fields.insert("body".to_owned(), serde_json::to_value(&letter.body)?);
    Ok(value)
}

pub(super) fn list(out: &mut Output, queue: &str, seen: &Look, groups: &[Group]) -> Result<()> {
    writeln!(out, "{queue} : {} messages, {} regardés", seen.waiting, seen.letters.len())?;
    groups.iter().try_for_each(|each| group(out, each))
}

fn group(out: &mut Output, group: &Group) -> Result<()> {
    writeln!(
        out,
        "  {} : {} × {} ({}), {}",
        group.group,
        group.messages,
        group.event,
        group.routing_key,
        origin(group.origin.as_deref(), &group.reason)
    )?;
    let again = if group.replayed_before > 0 {
        format!(" ; {} déjà rejoués", group.replayed_before)
    } else {
        String::new()
    };
    let example = group.example.map_or_else(|| "sans identifiant".to_owned(), |id| id.to_string());
    writeln!(
        out,
        "    du {} au {} ; exemple {example}{again}",
        date(group.first_seen),
        date(group.last_seen)
    )?;
    Ok(())
}

fn origin(origin: Option<&str>, reason: &str) -> String {
    origin.map_or_else(
        || format!("motif {reason}"),
        |queue| format!("venus de {queue}, motif {reason}"),
    )
}

fn date(at: Option<OffsetDateTime>) -> String {
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_else(|| "?".to_owned())
}

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
        "  demande {}, clé {}",
        id(letter.claim_id.map(|id| id.to_string())),
        letter.routing_key
    )?;
    writeln!(
        out,
        "  {}, mort le {} (vu la première fois le {})",
        origin(letter.origin.as_deref(), &letter.reason),
        date(letter.died_at),
        date(letter.first_seen)
    )?;
    if letter.replays > 0 {
        writeln!(out, "  déjà rejoué {} fois", letter.replays)?;
    }
    match &letter.body {
        Some(event) => writeln!(out, "  {}", serde_json::to_string(event)?)?,
        None => writeln!(
            out,
            "  corps de {} octets, qui n'est pas un événement de la passerelle : non montré",
            letter.bytes
        )?,
    }
    Ok(())
}

pub(super) fn outcome(
    out: &mut Output,
    outcome: &Outcome,
    dry_run: bool,
    meant: &str,
    done: &str,
) -> Result<()> {
    writeln!(
        out,
        "{} messages en attente, {} regardés, {} correspondent",
        outcome.waiting, outcome.looked_at, outcome.matched
    )?;
    outcome.groups.iter().try_for_each(|each| group(out, each))?;
    if outcome.without_origin > 0 {
        writeln!(
            out,
            "{} ne disent pas d'où ils viennent : ils restent là",
            outcome.without_origin
        )?;
    }
    let later = outcome.matched - outcome.without_origin - outcome.chosen;
    if later > 0 {
        writeln!(out, "{later} restent là pour une prochaine fois")?;
    }
    if dry_run {
        writeln!(out, "{} {meant}, rien n'a été touché", outcome.chosen)?;
        return Ok(());
    }
    let operation =
        outcome.operation_id.map(|id| format!(" (opération {id} du journal)")).unwrap_or_default();
    writeln!(out, "{} sur {} {done}{operation}", outcome.done, outcome.chosen)?;
    for (queue, letters) in &outcome.without_queue {
        writeln!(out, "{letters} restent là : la file {queue} n'existe plus, ou ne les prend pas")?;
    }
    if let Some(why) = &outcome.stopped {
        writeln!(out, "arrêté avant la fin, le reste est toujours dans la file : {why}")?;
    }
    Ok(())
}

pub(super) fn outcome_json(out: &mut Output, outcome: &Outcome, dry_run: bool) -> Result<()> {
    let mut value = serde_json::to_value(outcome)?;
    value
        .as_object_mut()
        .context("an outcome is an object")?
        .insert("dry_run".to_owned(), json!(dry_run));
    writeln!(out, "{value}")?;
    Ok(())
}

pub(super) fn step(out: &mut Output, step: &OperationStep) -> Result<()> {
    writeln!(
        out,
        "{} {} {} {} {} sur {} : {}",
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
