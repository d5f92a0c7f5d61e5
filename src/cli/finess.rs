//! `finess import FILE`.

use super::{Format, Output};
use crate::app::App;
use crate::conventionnement::{FinessOutcome, Problems};
use crate::domain::civil_time::paris_date;
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
    file: PathBuf,
    /// Accept an extract that loses many establishments.
    #[arg(long)]
    force: bool,
    /// `text` for people, `json` for one object.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Exit status 0 when the register is at this extract, 2 when it was refused.
pub(super) async fn run(command: &FinessCommand, app: &App, out: &mut Output) -> Result<ExitCode> {
    let FinessCommand::Import(args) = command;
    let name = args.file.display().to_string();
    let file = File::open(&args.file).with_context(|| format!("opening {name}"))?;
    let import = app.conventionnement.import_finess(file, &name, args.force).await?;
    let refused = matches!(import.outcome, FinessOutcome::Refused { .. });
    match args.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(&import)?)?,
        Format::Text => {
            writeln!(out, "{name} : {} lignes, {} établissements", import.lines, import.rows)?;
            match &import.outcome {
                FinessOutcome::Applied(d) => writeln!(
                    out,
                    "  importé : {} ouverts, {} fermés, {} renommés, {} changements d'EJ",
                    d.opened, d.closed, d.renamed, d.ej_changed
                )?,
                FinessOutcome::AlreadyImported { imported_at } => {
                    writeln!(out, "  déjà importé le {}", paris_date(*imported_at))?
                }
                FinessOutcome::Refused { code, message } => {
                    writeln!(out, "  refusé [{code}] : {message}")?
                }
            }
            print_problems(out, &import.problems)?;
        }
    }
    Ok(if refused { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// Faulty rows shown to a person; the rest is counted.
const SHOWN: usize = 20;

/// Faulty rows of a table.
pub(super) fn print_problems(out: &mut Output, problems: &Problems) -> Result<()> {
    for p in problems.kept.iter().take(SHOWN) {
        writeln!(
            out,
            "  - ligne {}, colonne {} ({}) [{}] : {}",
            p.line, p.column, p.field, p.code, p.message
        )?;
    }
    if problems.total > SHOWN as u64 {
        writeln!(
            out,
            "  … {} anomalies en tout, {} lignes rejetées",
            problems.total, problems.rows_rejected
        )?;
    }
    Ok(())
}
