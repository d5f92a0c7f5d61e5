//! `dlq list|show|replay|drop|journal`: dead letters, and the journal of what operators did.

mod args;
mod print;

use super::{BAD_USAGE, Format, Output, Session, output};
use crate::app::{dead_letters, local_caller};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::domain::{Caller, FreeText};
use crate::service::dead_letters::{
    Act, DEFAULT_RUN_TIME, DeadLetter, DeadLetters, DeadQueue, Filter, Limits, Outcome, group,
};
use anyhow::Result;
use args::{DropArgs, JournalArgs, ListArgs, ReplayArgs, ShowArgs};
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum DlqCommand {
    /// Count dead messages by cause: first and last death, queue of origin, reason, an example.
    List(ListArgs),
    /// Print messages, each with its event.
    Show(ShowArgs),
    /// Replay messages to the queue where they died, under their first event ids.
    Replay(ReplayArgs),
    /// Delete messages.
    Drop(DropArgs),
    /// Print the journal of operations (replays, drops, abandoned deposits), newest first.
    Journal(JournalArgs),
}

/// The dead letters of a broker, and the caller who reads or changes them.
struct Desk {
    letters: DeadLetters,
    caller: Caller,
    config: Config,
    out: Output,
}

/// Exit status 0 when all was done, 1 when it ended early or left messages whose queue is gone, 64
/// without a broker or a condition.
pub(super) async fn run(command: &DlqCommand, config: Config, out: Output) -> Result<ExitCode> {
    if let DlqCommand::Journal(args) = command {
        return journal(args, config, out).await;
    }
    let Some(letters) = dead_letters(&config)? else {
        super::open_existing(config).await?;
        output::error(
            "no broker is configured (amqp_url), so there are no dead letters: without one, \
             events stay in the outbox and are streamed by SubscribeClaimEvents (see \
             `noemie-gateway outbox`)",
        );
        return Ok(ExitCode::from(BAD_USAGE));
    };
    let mut desk = Desk { letters, caller: local_caller(), config, out };
    match command {
        DlqCommand::List(args) => desk.list(args).await,
        DlqCommand::Show(args) => desk.show(args).await,
        DlqCommand::Replay(args) => desk.replay(args).await,
        DlqCommand::Drop(args) => desk.drop_letters(args).await,
        DlqCommand::Journal(_) => unreachable!("printed above, without a broker"),
    }
}

async fn journal(args: &JournalArgs, config: Config, out: Output) -> Result<ExitCode> {
    let app = super::open_existing(config).await?;
    let mut session = Session { app, caller: local_caller(), out };
    for step in session.app.operations().journal(&session.caller, args.limit).await? {
        match args.output.format {
            Format::Json => session.out.json(&step)?,
            Format::Text => print::step(&mut session.out, &step)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Desk {
    async fn list(&mut self, args: &ListArgs) -> Result<ExitCode> {
        for queue in args.queue.map_or(DeadQueue::ALL.to_vec(), |queue| vec![queue.into()]) {
            let seen = self.letters.look(&self.caller, queue, args.look.look).await?;
            let groups = group(&seen.letters);
            match args.look.output.format {
                Format::Json => groups.iter().try_for_each(|group| self.out.json(group))?,
                Format::Text => {
                    print::list(&mut self.out, &self.letters.name(queue), &seen, &groups)?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn show(&mut self, args: &ShowArgs) -> Result<ExitCode> {
        let seen = self.letters.look(&self.caller, args.queue.into(), args.look.look).await?;
        let filter = args.filter.filter(SystemClock.now());
        let letters: Vec<&DeadLetter> =
            seen.letters.iter().filter(|letter| filter.matches(letter)).collect();
        for letter in letters.iter().take(args.limit) {
            match args.look.output.format {
                Format::Json => self.out.json(&print::with_event(letter)?)?,
                Format::Text => print::letter(&mut self.out, letter)?,
            }
        }
        if letters.is_empty() {
            let (seen, waiting) = (seen.letters.len(), seen.waiting);
            output::notice(format_args!(
                "No message matches, of {seen} looked at, {waiting} in the queue."
            ));
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn replay(&mut self, args: &ReplayArgs) -> Result<ExitCode> {
        let filter = args.filter.filter(SystemClock.now());
        if filter.is_empty() && !args.all {
            output::error("name the messages (--group, --event, --claim …), or give --all");
            return Ok(ExitCode::from(BAD_USAGE));
        }
        let limits = limits(args.queue.into(), filter, args.max, args.look.look);
        let act = Act::Replay { rate: args.rate };
        let outcome = if args.dry_run {
            self.letters.dry_run(&self.caller, act, &limits).await?
        } else {
            self.execute(act, &limits, args.by.as_ref()).await?
        };
        self.print(&outcome, args.dry_run, "replayed", args.look.output.format)
    }

    async fn drop_letters(&mut self, args: &DropArgs) -> Result<ExitCode> {
        let filter = args.filter.filter(SystemClock.now());
        if filter.is_empty() {
            output::error(
                "name the messages (--group, --event, --claim …): a queue is not emptied at once",
            );
            return Ok(ExitCode::from(BAD_USAGE));
        }
        let limits = limits(args.queue.into(), filter, args.max, args.look.look);
        let outcome = if args.yes {
            self.execute(Act::Drop, &limits, args.by.as_ref()).await?
        } else {
            output::notice("Nothing is dropped without --yes.");
            self.letters.dry_run(&self.caller, Act::Drop, &limits).await?
        };
        self.print(&outcome, !args.yes, "dropped", args.look.output.format)
    }

    /// Replays or drops the messages. The journal of the installation names them first.
    async fn execute(&self, act: Act, limits: &Limits, by: Option<&FreeText>) -> Result<Outcome> {
        let app = super::open_existing(self.config.clone()).await?;
        Ok(self.letters.execute(&self.caller, act, limits, &app.operations(), by).await?)
    }

    fn print(
        &mut self,
        outcome: &Outcome,
        dry_run: bool,
        act: &str,
        format: Format,
    ) -> Result<ExitCode> {
        match format {
            Format::Json => print::outcome_json(&mut self.out, outcome, dry_run)?,
            Format::Text => print::outcome(&mut self.out, outcome, dry_run, act)?,
        }
        let is_whole = outcome.stopped.is_none() && outcome.without_queue.is_empty();
        Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn limits(queue: DeadQueue, filter: Filter, max: Option<usize>, look: u16) -> Limits {
    Limits { queue, filter, max, look, time: DEFAULT_RUN_TIME }
}
