//! Dead letters on a terminal, and as JSON.

use crate::relay::dead_letters::{DeadLetter, Group, Look, Outcome};
use crate::store::OperationStep;
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// One JSON object on a line.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

/// A letter with its event, which carries no person; a body that is not an event is not shown.
pub(super) fn with_event(letter: &DeadLetter) -> Result<Value> {
    let mut value = serde_json::to_value(letter)?;
    let fields = value.as_object_mut().context("a letter is an object")?;
    fields.insert("body".to_owned(), serde_json::to_value(&letter.body)?);
    Ok(value)
}

pub(super) fn list(queue: &str, seen: &Look, groups: &[Group]) {
    println!("{queue} : {} messages, {} regardés", seen.waiting, seen.letters.len());
    groups.iter().for_each(group);
}

fn group(group: &Group) {
    println!(
        "  {} : {} × {} ({}), {}",
        group.group,
        group.messages,
        group.event,
        group.routing_key,
        origin(group.origin.as_deref(), &group.reason)
    );
    let again = if group.replayed_before > 0 {
        format!(" ; {} déjà rejoués", group.replayed_before)
    } else {
        String::new()
    };
    let example = group.example.map_or_else(|| "sans identifiant".to_owned(), |id| id.to_string());
    println!(
        "    du {} au {} ; exemple {example}{again}",
        date(group.first_seen),
        date(group.last_seen)
    );
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

pub(super) fn letter(letter: &DeadLetter) -> Result<()> {
    let id = |id: Option<String>| id.unwrap_or_else(|| "?".to_owned());
    println!(
        "{} {} [{}]",
        id(letter.event_id.map(|id| id.to_string())),
        letter.event,
        letter.group
    );
    println!(
        "  demande {}, clé {}",
        id(letter.claim_id.map(|id| id.to_string())),
        letter.routing_key
    );
    println!(
        "  {}, mort le {} (vu la première fois le {})",
        origin(letter.origin.as_deref(), &letter.reason),
        date(letter.died_at),
        date(letter.first_seen)
    );
    if letter.replays > 0 {
        println!("  déjà rejoué {} fois", letter.replays);
    }
    match &letter.body {
        Some(event) => println!("  {}", serde_json::to_string(event)?),
        None => println!(
            "  corps de {} octets, qui n'est pas un événement de la passerelle : non montré",
            letter.bytes
        ),
    }
    Ok(())
}

pub(super) fn outcome(outcome: &Outcome, dry_run: bool, meant: &str, done: &str) {
    println!(
        "{} messages en attente, {} regardés, {} correspondent",
        outcome.waiting, outcome.looked_at, outcome.matched
    );
    outcome.groups.iter().for_each(group);
    if outcome.without_origin > 0 {
        println!("{} ne disent pas d'où ils viennent : ils restent là", outcome.without_origin);
    }
    let later = outcome.matched - outcome.without_origin - outcome.chosen;
    if later > 0 {
        println!("{later} restent là pour une prochaine fois");
    }
    if dry_run {
        println!("{} {meant}, rien n'a été touché", outcome.chosen);
        return;
    }
    let operation =
        outcome.operation_id.map(|id| format!(" (opération {id} du journal)")).unwrap_or_default();
    println!("{} sur {} {done}{operation}", outcome.done, outcome.chosen);
    for (queue, letters) in &outcome.without_queue {
        println!("{letters} restent là : la file {queue} n'existe plus, ou ne les prend pas");
    }
    if let Some(why) = &outcome.stopped {
        println!("arrêté avant la fin, le reste est toujours dans la file : {why}");
    }
}

pub(super) fn outcome_json(outcome: &Outcome, dry_run: bool) -> Result<()> {
    let mut value = serde_json::to_value(outcome)?;
    value
        .as_object_mut()
        .context("an outcome is an object")?
        .insert("dry_run".to_owned(), json!(dry_run));
    println!("{value}");
    Ok(())
}

pub(super) fn step(step: &OperationStep) -> Result<()> {
    println!(
        "{} {} {} {} {} sur {} : {}",
        step.at.format(&Rfc3339)?,
        step.operation_id,
        step.actor,
        step.action,
        step.stage.as_str(),
        step.subject,
        step.detail
    );
    Ok(())
}
