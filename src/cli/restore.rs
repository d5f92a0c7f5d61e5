//! `restore finish`: ends a restore of a database or of an archive.

use super::on_record::ChangeArgs;
use super::verify::{print, print_to_tell};
use super::{Format, Output, gateway_clock, output};
use crate::app::{App, FinishedRestore, ServeLock, local_caller};
use crate::config::Config;
use anyhow::Result;
use clap::Subcommand;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum RestoreCommand {
    /// Begin a new incarnation of the data after a restore of an older or newer copy: resume tokens
    /// of before become errors, losses are put on record, and `serve` starts again. Prints what
    /// `verify` finds and what to tell each sender. Stop every replica first.
    Finish(ChangeArgs),
}

/// Runs the command.
pub(super) async fn run(
    command: &RestoreCommand,
    config: Config,
    out: &mut Output,
) -> Result<ExitCode> {
    let RestoreCommand::Finish(args) = command;
    super::check_installation(&config)?;
    let _until_the_end = if args.yes { Some(ServeLock::take(&config)?) } else { None };
    let clock = gateway_clock(&config)?;
    let app = App::open_existing(config, clock).await?;
    let done = app.finish_restore(&local_caller(), &args.why, args.by.as_ref(), !args.yes).await?;
    match args.output.format {
        Format::Json => out.json(&done)?,
        Format::Text => text(out, &done)?,
    }
    if done.dry_run {
        output::notice("Nothing is changed without --yes.");
    }
    Ok(ExitCode::SUCCESS)
}

fn text(out: &mut Output, done: &FinishedRestore) -> Result<()> {
    match &done.difference {
        Some(difference) => writeln!(out, "{difference}")?,
        None => writeln!(out, "the database fits the last witness line of the archive")?,
    }
    print(out, &done.verification)?;
    print_to_tell(out, &done.verification.to_tell)?;
    let FinishedRestore { before, after, .. } = done;
    let done = if done.dry_run { "would be" } else { "is" };
    writeln!(out, "the incarnation was {before} and {done} {after}")?;
    Ok(())
}
