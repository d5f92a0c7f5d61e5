//! `installation show|adopt-sink|adopt-broker|adopt-archive|accept-clock`: the mark of the
//! installation, and its clock.

use super::on_record::ChangeArgs;
use super::{Format, Output, OutputArgs, gateway_clock, output};
use crate::app::{App, local_caller};
use crate::config::Config;
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Subcommand)]
pub(super) enum InstallationCommand {
    /// Show identifier, vault key, schema and sink of events.
    Show(OutputArgs),
    /// Put the sink of events that the settings name in force: another broker, virtual host or
    /// prefix, or none. Stop every replica first. Waiting events go to the new sink.
    AdoptSink(ChangeArgs),
    /// Put the mark of the installation on the broker of the settings, when it lost its mark or
    /// replaces another one. A broker with the mark of another installation is refused.
    AdoptBroker(ChangeArgs),
    /// Put the mark of the installation on the archive of the settings, when it lost its mark or
    /// replaces another one. An archive with the mark of another installation is refused.
    AdoptArchive(ChangeArgs),
    /// Let the clock of this machine give receipts again, though it is more than five minutes
    /// behind the latest receipt: that receipt was dated wrongly. Exit status 1 when the clock is
    /// not behind.
    AcceptClock(ChangeArgs),
}

/// Runs the command on an installation whose sink may differ from the settings.
pub(super) async fn run(
    command: &InstallationCommand,
    config: Config,
    out: &mut Output,
) -> Result<ExitCode> {
    let clock = gateway_clock(&config)?;
    let app = App::open_on_any_sink(config, clock).await?;
    match command {
        InstallationCommand::Show(args) => show(&app, args.format, out).await?,
        InstallationCommand::AdoptSink(args) => adopt_sink(&app, args, out).await?,
        InstallationCommand::AdoptBroker(args) => {
            let caller = local_caller();
            let broker = app.adopt_broker(&caller, &args.why, args.by.as_ref(), !args.yes).await?;
            adopted("broker", &broker, args, out)?;
        }
        InstallationCommand::AdoptArchive(args) => {
            let caller = local_caller();
            let archive =
                app.adopt_archive(&caller, &args.why, args.by.as_ref(), !args.yes).await?;
            adopted("archive", &archive, args, out)?;
        }
        InstallationCommand::AcceptClock(args) => return accept_clock(&app, args, out).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(app: &App, format: Format, out: &mut Output) -> Result<()> {
    let seen = app.installation().await?;
    match format {
        Format::Json => out.json(&seen)?,
        Format::Text => writeln!(
            out,
            "installation {}, incarnation {}\nvault key {}\nschema {}, programs from {}\n\
             sink {}: {}",
            seen.id,
            seen.incarnation,
            seen.key_id,
            seen.schema_version,
            seen.oldest_program,
            seen.sink_number,
            seen.sink
        )?,
    }
    Ok(())
}

/// Prints which broker or archive carries the mark now, or would.
fn adopted(kind: &str, place: &str, args: &ChangeArgs, out: &mut Output) -> Result<()> {
    match args.output.format {
        Format::Json => out.json(&json!({ kind: place, "dry_run": !args.yes }))?,
        Format::Text if args.yes => writeln!(out, "the {kind} carries the mark now: {place}")?,
        Format::Text => writeln!(out, "the {kind} has no mark: {place}")?,
    }
    if !args.yes {
        output::notice("Nothing is changed without --yes.");
    }
    Ok(())
}

async fn adopt_sink(app: &App, args: &ChangeArgs, out: &mut Output) -> Result<()> {
    let (before, after) =
        app.adopt_sink(&local_caller(), &args.why, args.by.as_ref(), !args.yes).await?;
    let answer = json!({ "before": before, "after": after, "dry_run": !args.yes });
    match args.output.format {
        Format::Json => out.json(&answer)?,
        Format::Text => writeln!(out, "before: {before}\nafter: {after}")?,
    }
    if !args.yes {
        output::notice("Nothing is changed without --yes.");
    }
    Ok(())
}

async fn accept_clock(app: &App, args: &ChangeArgs, out: &mut Output) -> Result<ExitCode> {
    let (operations, caller) = (app.operations(), local_caller());
    let state = if args.yes {
        operations.accept_clock(&caller, &args.why, args.by.as_ref()).await?
    } else {
        operations.clock_state(&caller).await?
    };
    match args.output.format {
        Format::Json => out.json(&json!({ "before": state, "dry_run": !args.yes }))?,
        Format::Text => writeln!(
            out,
            "this clock: {}\nlatest receipt: {}",
            state.now.format(&Rfc3339)?,
            state.latest_receipt.format(&Rfc3339)?
        )?,
    }
    if !state.is_refused {
        output::notice("This clock gives receipts: nothing is changed.");
        return Ok(ExitCode::FAILURE);
    }
    if !args.yes {
        output::notice("Nothing is changed without --yes.");
    }
    Ok(ExitCode::SUCCESS)
}
