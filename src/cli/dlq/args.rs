//! Arguments of the commands on dead letters.

use crate::cli::OutputArgs;
use crate::domain::{ClaimId, EventId, FilterText, FreeText};
use crate::service::dead_letters::{
    DEFAULT_LOOK_MESSAGES, DeadQueue, Filter, KeyPattern, MAX_LOOK_MESSAGES,
};
use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use std::time::Duration;
use time::OffsetDateTime;

/// A queue of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Queue {
    /// `claims.dead`: messages that workers rejected too often.
    Dead,
    /// `claims.unroutable`: messages for which no queue was bound.
    Unroutable,
}

impl From<Queue> for DeadQueue {
    fn from(queue: Queue) -> Self {
        match queue {
            Queue::Dead => Self::Dead,
            Queue::Unroutable => Self::Unroutable,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct LookArgs {
    /// Messages read from the queue, at most, oldest first. Consumers do not see them until the
    /// command ends.
    #[arg(
        long,
        default_value_t = DEFAULT_LOOK_MESSAGES,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_LOOK_MESSAGES)),
    )]
    pub(super) look: u16,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// Conditions on messages; all those given must hold.
#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    /// Group of messages, by its fingerprint in `dlq list`.
    #[arg(long)]
    pub(super) group: Option<FilterText>,
    /// Event id; may be given several times.
    #[arg(long = "event", value_name = "EVENT_ID")]
    pub(super) events: Vec<EventId>,
    /// Claim id.
    #[arg(long, value_name = "CLAIM_ID")]
    pub(super) claim: Option<ClaimId>,
    /// Routing key, with `*` for a word and `#` for any: `claim.dre.*.0099900011`.
    #[arg(long, value_name = "PATTERN")]
    pub(super) routing_key: Option<KeyPattern>,
    /// Queue where the messages died.
    #[arg(long, value_name = "QUEUE")]
    pub(super) origin: Option<FilterText>,
    /// `rejected`, `delivery_limit` …
    #[arg(long)]
    pub(super) reason: Option<FilterText>,
    /// Dead for longer than this duration: `2h`, `3days`; at most 100 years.
    #[arg(long, value_name = "DURATION", value_parser = age)]
    pub(super) older_than: Option<Duration>,
    /// Dead for at most this duration.
    #[arg(long, value_name = "DURATION", value_parser = age)]
    pub(super) younger_than: Option<Duration>,
}

/// Largest age that an option takes: the instant before it would be outside of the calendar.
const MAX_AGE: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// Reads an age of the command line.
fn age(text: &str) -> Result<Duration> {
    let age = *text.parse::<humantime::Duration>()?;
    ensure!(age <= MAX_AGE, "an age is 100 years at most");
    Ok(age)
}

impl FilterArgs {
    pub(super) fn filter(&self, now: OffsetDateTime) -> Filter {
        let ago = |age: Option<Duration>| age.map(|age| now - age);
        Filter {
            group: self.group.clone(),
            events: self.events.clone(),
            claim: self.claim,
            routing_key: self.routing_key.clone(),
            origin: self.origin.clone(),
            reason: self.reason.clone(),
            died_before: ago(self.older_than),
            died_from: ago(self.younger_than),
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Queue; both when not given.
    #[arg(long, value_enum)]
    pub(super) queue: Option<Queue>,
    #[command(flatten)]
    pub(super) look: LookArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// Queue to read: `dead` or `unroutable`.
    #[arg(long, value_enum, default_value = "dead")]
    pub(super) queue: Queue,
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    /// Messages shown, at most.
    #[arg(long, default_value_t = 20)]
    pub(super) limit: usize,
    #[command(flatten)]
    pub(super) look: LookArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReplayArgs {
    /// Queue to read: `dead` or `unroutable`.
    #[arg(long, value_enum, default_value = "dead")]
    pub(super) queue: Queue,
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    /// Every message; needed when no condition is given.
    #[arg(long)]
    pub(super) all: bool,
    /// Messages replayed, at most.
    #[arg(long, value_name = "N")]
    pub(super) max: Option<usize>,
    /// Messages a second. A run ends after 20 minutes; start it again for the rest.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=10_000),
    )]
    pub(super) rate: u32,
    /// Print what would be replayed, and touch nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Author, for the journal; user id and host when not given.
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<FreeText>,
    #[command(flatten)]
    pub(super) look: LookArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DropArgs {
    /// Queue to read: `dead` or `unroutable`.
    #[arg(long, value_enum, default_value = "dead")]
    pub(super) queue: Queue,
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    /// Messages dropped, at most.
    #[arg(long, value_name = "N")]
    pub(super) max: Option<usize>,
    /// Drop them. Without this option, what would be dropped is printed.
    #[arg(long)]
    pub(super) yes: bool,
    /// Author, for the journal; user id and host when not given.
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<FreeText>,
    #[command(flatten)]
    pub(super) look: LookArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct JournalArgs {
    /// Steps shown, at most.
    #[arg(long, default_value_t = 50)]
    pub(super) limit: usize,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}
