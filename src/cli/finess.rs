//! `finess import FILE`: imports an extract of the FINESS register.

use super::words::french;
use super::{Format, Output, Session};
use crate::domain::FileName;
use crate::domain::civil_time::{french_day, paris_date};
use crate::domain::masking::masked;
use crate::service::imports::{FinessImport, FinessOutcome, Problems};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum FinessCommand {
    /// Import an extract of the register (`structureet`, 32 positions).
    Import(ImportArgs),
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file.
    pub(super) file: PathBuf,
    /// Accept an extract that loses many establishments.
    #[arg(long)]
    force: bool,
    /// `text` for people, `json` for one object.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Exit status 0 when the register is at this extract, 2 when the extract is refused.
pub(super) async fn run(command: &FinessCommand, session: &mut Session) -> Result<ExitCode> {
    let FinessCommand::Import(args) = command;
    let path = masked(&args.file.display().to_string());
    let name = FileName::from(args.file.as_path());
    let file = File::open(&args.file).with_context(|| format!("opening {path}"))?;
    let import = session.app.imports().finess(&session.caller, file, &name, args.force).await?;
    match args.format {
        Format::Json => session.out.json(&import)?,
        Format::Text => print(&mut session.out, &path, &import)?,
    }
    let is_refused = matches!(import.outcome, FinessOutcome::Refused { .. });
    Ok(if is_refused { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

fn print(out: &mut Output, path: &str, import: &FinessImport) -> Result<()> {
    writeln!(
        out,
        "{path} : {}, {}",
        french(import.lines, "ligne", "lignes"),
        french(import.rows, "établissement", "établissements")
    )?;
    match &import.outcome {
        FinessOutcome::Applied(d) => writeln!(
            out,
            "  importé : {} ouverts, {} fermés, {} renommés, {} changements d'EJ",
            d.opened, d.closed, d.renamed, d.ej_changed
        )?,
        FinessOutcome::AlreadyImported { imported_at } => {
            writeln!(out, "  déjà importé le {}", french_day(paris_date(*imported_at)))?;
        }
        FinessOutcome::Refused { code, message } => {
            writeln!(out, "  refusé [{code}] : {message}")?;
        }
    }
    print_problems(out, &import.problems)
}

/// Faulty rows printed as text; the others are counted.
const MAX_SHOWN: usize = 20;

/// Prints the faulty rows of a table.
pub(super) fn print_problems(out: &mut Output, problems: &Problems) -> Result<()> {
    for p in problems.kept.iter().take(MAX_SHOWN) {
        writeln!(
            out,
            "  - ligne {}, colonne {} ({}) [{}] : {}",
            p.line, p.column, p.field, p.code, p.message
        )?;
    }
    if problems.total > MAX_SHOWN as u64 {
        writeln!(
            out,
            "  … {} en tout, {}",
            french(problems.total, "anomalie", "anomalies"),
            french(problems.rows_rejected, "ligne rejetée", "lignes rejetées")
        )?;
    }
    Ok(())
}
