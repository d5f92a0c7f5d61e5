//! `dlq list|show|replay|drop|journal`: dead letters, by hand and on the record.

mod print;

use super::{BAD_USAGE, Format, Output, OutputArgs, output};
use crate::config::Config;
use crate::domain::{ClaimId, EventId};
use crate::journal::Author;
use crate::relay::AmqpSettings;
use crate::relay::dead_letters::{
    self, Act, DeadLetter, DeadQueue, Filter, KeyPattern, LARGEST_LOOK, Limits, Outcome,
    USUAL_LOOK, USUAL_TIME,
};
use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use std::process::ExitCode;
use time::OffsetDateTime;

#[derive(Debug, Subcommand)]
pub(super) enum DlqCommand {
    /// One row a cause: how many, since when, from where, why, and an example.
    List(ListArgs),
    /// Each message, with its event.
    Show(ShowArgs),
    /// Send messages back to the queue where they died, under their first ids.
    Replay(ReplayArgs),
    /// Throw messages away.
    Drop(DropArgs),
    /// Who replayed or dropped what, newest first.
    Journal(JournalArgs),
}

/// A queue of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Queue {
    /// `claims.dead`: what workers gave up.
    Dead,
    /// `claims.unroutable`: what no queue was bound for.
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
struct LookArgs {
    /// Messages looked at, at most, from the oldest on. Nobody else sees them meanwhile.
    #[arg(long, default_value_t = USUAL_LOOK, value_parser = clap::value_parser!(u16).range(1..=i64::from(LARGEST_LOOK)))]
    look: u16,
    #[command(flatten)]
    output: OutputArgs,
}

/// Which messages; every condition given must hold.
#[derive(Debug, Args)]
struct FilterArgs {
    /// Fingerprint, as `list` shows it.
    #[arg(long)]
    group: Option<String>,
    /// Event id; may be given several times.
    #[arg(long = "event", value_name = "EVENT_ID")]
    events: Vec<EventId>,
    /// Claim id.
    #[arg(long, value_name = "CLAIM_ID")]
    claim: Option<ClaimId>,
    /// Routing key, with `*` for a word and `#` for any: `claim.dre.*.0099900011`.
    #[arg(long, value_name = "PATTERN")]
    routing_key: Option<KeyPattern>,
    /// Queue where they died.
    #[arg(long, value_name = "QUEUE")]
    origin: Option<String>,
    /// `rejected`, `delivery_limit` …
    #[arg(long)]
    reason: Option<String>,
    /// Dead for longer than this: `2h`, `3days`.
    #[arg(long, value_name = "DURATION")]
    older_than: Option<humantime::Duration>,
    /// Dead for at most this long.
    #[arg(long, value_name = "DURATION")]
    younger_than: Option<humantime::Duration>,
}

impl FilterArgs {
    fn filter(&self, now: OffsetDateTime) -> Filter {
        let ago = |age: Option<humantime::Duration>| age.map(|age| now - *age);
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
pub(super) struct ListArgs {
    /// Only this queue; both otherwise.
    #[arg(long, value_enum)]
    queue: Option<Queue>,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Queue.
    #[arg(long, value_enum, default_value = "dead")]
    queue: Queue,
    #[command(flatten)]
    filter: FilterArgs,
    /// Messages shown, at most.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Queue.
    #[arg(long, value_enum, default_value = "dead")]
    queue: Queue,
    #[command(flatten)]
    filter: FilterArgs,
    /// Every message: needed when no condition is given.
    #[arg(long)]
    all: bool,
    /// Messages replayed, at most.
    #[arg(long, value_name = "N")]
    max: Option<usize>,
    /// Messages a second. What would take longer than 20 minutes is left for another run.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Only say what would be replayed.
    #[arg(long)]
    dry_run: bool,
    /// Who does this, for the journal; the user of the system otherwise.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Args)]
pub(super) struct DropArgs {
    /// Queue.
    #[arg(long, value_enum, default_value = "dead")]
    queue: Queue,
    #[command(flatten)]
    filter: FilterArgs,
    /// Messages dropped, at most.
    #[arg(long, value_name = "N")]
    max: Option<usize>,
    /// Do it. Without it, only what would be dropped is said.
    #[arg(long)]
    yes: bool,
    /// Who does this, for the journal; the user of the system otherwise.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Args)]
pub(super) struct JournalArgs {
    /// Steps shown, at most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    output: OutputArgs,
}

/// Exit status 0 when everything meant was done, 1 when it ended early or left letters whose queue
/// is gone, 64 without a broker or a filter.
pub(super) async fn run(
    command: &DlqCommand,
    config: Config,
    out: &mut Output,
) -> Result<ExitCode> {
    if let DlqCommand::Journal(args) = command {
        return journal(args, config, out).await;
    }
    let Some(url) = config.amqp_url.clone() else {
        super::open_existing(config).await?;
        output::error(format_args!(
            "no broker is configured (amqp_url), so there are no dead letters: \
             without one, events stay in the outbox and are streamed by SubscribeClaimEvents (see `noemie-gateway outbox`)"
        ));
        return Ok(ExitCode::from(BAD_USAGE));
    };
    let settings =
        AmqpSettings::new(url, config.amqp_prefix.clone().try_into().context("amqp_prefix")?);
    match command {
        DlqCommand::List(args) => list(args, &settings, out).await,
        DlqCommand::Show(args) => show(args, &settings, out).await,
        DlqCommand::Replay(args) => replay(args, &settings, config, out).await,
        DlqCommand::Drop(args) => drop_letters(args, &settings, config, out).await,
        DlqCommand::Journal(_) => Ok(ExitCode::SUCCESS),
    }
}

async fn list(args: &ListArgs, settings: &AmqpSettings, out: &mut Output) -> Result<ExitCode> {
    for queue in args.queue.map_or(DeadQueue::ALL.to_vec(), |queue| vec![queue.into()]) {
        let seen = dead_letters::look(settings, queue, args.look.look).await?;
        let groups = dead_letters::group(&seen.letters);
        match args.look.output.format {
            Format::Json => groups.iter().try_for_each(|group| out.json(group))?,
            Format::Text => print::list(out, &settings.prefix.name(queue.queue()), &seen, &groups)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(args: &ShowArgs, settings: &AmqpSettings, out: &mut Output) -> Result<ExitCode> {
    let seen = dead_letters::look(settings, args.queue.into(), args.look.look).await?;
    let filter = args.filter.filter(now());
    let letters: Vec<&DeadLetter> =
        seen.letters.iter().filter(|letter| filter.matches(letter)).collect();
    for letter in letters.iter().take(args.limit) {
        match args.look.output.format {
            Format::Json => out.json(&print::with_event(letter)?)?,
            Format::Text => print::letter(out, letter)?,
        }
    }
    if letters.is_empty() {
        output::notice(format_args!(
            "Aucun message ne correspond, sur {} regardés de {}.",
            seen.letters.len(),
            seen.waiting
        ));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

async fn replay(
    args: &ReplayArgs,
    settings: &AmqpSettings,
    config: Config,
    out: &mut Output,
) -> Result<ExitCode> {
    let filter = args.filter.filter(now());
    if filter.is_empty() && !args.all {
        output::error(format_args!("say which messages (--group, --event, --claim …), or --all"));
        return Ok(ExitCode::from(BAD_USAGE));
    }
    let limits = Limits {
        queue: args.queue.into(),
        filter,
        max: args.max,
        look: args.look.look,
        time: USUAL_TIME,
    };
    let act = Act::Replay { rate: args.rate };
    let outcome = if args.dry_run {
        act.rehearse(settings, &limits).await?
    } else {
        act.perform(settings, &limits, &author(&args.by, config).await?).await?
    };
    tell(out, &outcome, args.dry_run, "à rejouer", "rejoués", args.look.output.format)
}

async fn drop_letters(
    args: &DropArgs,
    settings: &AmqpSettings,
    config: Config,
    out: &mut Output,
) -> Result<ExitCode> {
    let filter = args.filter.filter(now());
    if filter.is_empty() {
        output::error(format_args!(
            "say which messages (--group, --event, --claim …): a queue is not emptied at once"
        ));
        return Ok(ExitCode::from(BAD_USAGE));
    }
    let limits = Limits {
        queue: args.queue.into(),
        filter,
        max: args.max,
        look: args.look.look,
        time: USUAL_TIME,
    };
    let outcome = if args.yes {
        Act::Drop.perform(settings, &limits, &author(&args.by, config).await?).await?
    } else {
        Act::Drop.rehearse(settings, &limits).await?
    };
    if !args.yes {
        output::notice(format_args!("Rien n'est jeté sans --yes."));
    }
    tell(out, &outcome, !args.yes, "à jeter", "jetés", args.look.output.format)
}

fn tell(
    out: &mut Output,
    outcome: &Outcome,
    dry_run: bool,
    meant: &str,
    done: &str,
    format: Format,
) -> Result<ExitCode> {
    match format {
        Format::Json => print::outcome_json(out, outcome, dry_run)?,
        Format::Text => print::outcome(out, outcome, dry_run, meant, done)?,
    }
    Ok(if outcome.stopped.is_some() || !outcome.without_queue.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn journal(args: &JournalArgs, config: Config, out: &mut Output) -> Result<ExitCode> {
    let app = super::open_existing(config).await?;
    for step in app.store.operation_steps(args.limit).await? {
        match args.output.format {
            Format::Json => out.json(&step)?,
            Format::Text => print::step(out, &step)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Who, and the journal of the gateway that they work on.
async fn author(by: &Option<String>, config: Config) -> Result<Author> {
    let name = super::author(by.as_deref());
    let app = super::open_existing(config).await?;
    Ok(Author { store: app.store, clock: app.clock, name: name.into() })
}

fn now() -> OffsetDateTime {
    use crate::clock::{Clock as _, SystemClock};
    SystemClock.now()
}
