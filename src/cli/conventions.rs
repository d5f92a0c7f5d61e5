//! `conventions import FILE`: imports a table of conventions.

use super::finess::print_problems;
use super::words::french;
use super::{Format, Output, Session};
use crate::domain::FileName;
use crate::domain::masking::masked;
use crate::service::imports::{ConventionImport, ConventionOutcome};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum ConventionsCommand {
    /// Import a table of conventions; its columns are in `docs/conventionnement.md`.
    Import(ImportArgs),
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file.
    pub(super) file: PathBuf,
    /// `text` for people, `json` for one object.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Exit status 0 when the table is applied, 2 when it is refused whole.
pub(super) async fn run(command: &ConventionsCommand, session: &mut Session) -> Result<ExitCode> {
    let ConventionsCommand::Import(args) = command;
    let path = masked(&args.file.display().to_string());
    let name = FileName::from(args.file.as_path());
    let file = File::open(&args.file).with_context(|| format!("opening {path}"))?;
    let import = session.app.imports().conventions(&session.caller, file, &name).await?;
    match args.format {
        Format::Json => session.out.json(&import)?,
        Format::Text => print(&mut session.out, &path, &import)?,
    }
    let is_refused = matches!(import.outcome, ConventionOutcome::Refused { .. });
    Ok(if is_refused { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

fn print(out: &mut Output, path: &str, import: &ConventionImport) -> Result<()> {
    writeln!(
        out,
        "{path} : {}, {}",
        french(import.lines, "ligne", "lignes"),
        french(import.rows, "convention", "conventions")
    )?;
    match &import.outcome {
        ConventionOutcome::Applied(d) => writeln!(
            out,
            "  importé : {} ajoutées, {} modifiées, {} inchangées",
            d.added, d.changed, d.unchanged
        )?,
        ConventionOutcome::Refused { code, message } => {
            writeln!(out, "  refusé [{code}] : {message}")?;
        }
    }
    print_problems(out, &import.problems)
}
