//! `validate FILE…`: the dry run.

use super::output::{self, Output};
use super::{BAD_USAGE, Format};
use crate::domain::Verdict;
use crate::domain::masking::masked;
use anyhow::Result;
use clap::Args;
use noemie_parsers::types::Montant;
use noemie_xray::Report;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Argument that means the standard input.
const STANDARD_INPUT: &str = "-";

/// Most findings that the text form lists for one file; the rest is counted.
const MAX_FINDINGS_SHOWN: usize = 50;

/// Exit statuses of `validate`, shown by `--help`.
const EXIT_STATUSES: &str = "\
Exit status, the worst of all files:
   0  accepted (with --strict: without any anomaly)
   1  accepted in part: an invoice is quarantined (with --strict: a warning is enough)
   2  refused
  64  bad usage, a file that cannot be read, or a directory without files";

#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUSES)]
pub(super) struct ValidateArgs {
    /// Files to read; `-` is the standard input, a directory means the files in it, in the order of
    /// their names.
    #[arg(required = true, value_name = "FILE|DIR|-")]
    paths: Vec<PathBuf>,
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Also read the directories inside a directory.
    #[arg(long)]
    recursive: bool,
    /// For continuous integration: fail on warnings too.
    #[arg(long)]
    strict: bool,
}

/// Validates every file and returns the worst exit status: see [`EXIT_STATUSES`].
pub(super) fn run(args: &ValidateArgs, out: &mut Output) -> Result<ExitCode> {
    if args.paths.iter().filter(|path| is_standard_input(path)).count() > 1 {
        output::error("the standard input can be read once only");
        return Ok(ExitCode::from(BAD_USAGE));
    }
    let mut worst = 0;
    for path in &args.paths {
        let files = match files(path, args.recursive) {
            Ok(files) => files,
            Err(failure) => {
                output::error(format_args!("{}: {failure}", path.display()));
                worst = BAD_USAGE;
                continue;
            }
        };
        for file in files {
            worst = worst.max(validate(&file, args, out)?);
        }
    }
    Ok(ExitCode::from(worst))
}

/// Validates one file, writes its report and returns its exit status.
fn validate(path: &Path, args: &ValidateArgs, out: &mut Output) -> Result<u8> {
    let name = masked(&path.display().to_string());
    let read = if is_standard_input(path) {
        noemie_xray::validate(io::stdin().lock(), &name)
    } else {
        File::open(path).and_then(|file| noemie_xray::validate(file, &name))
    };
    let report = match read {
        Ok(report) => report,
        Err(failure) => {
            output::error(format_args!("{name}: {failure}"));
            return Ok(BAD_USAGE);
        }
    };
    match args.format {
        Format::Json => out.json(&report)?,
        Format::Text => print(&report, out)?,
    }
    Ok(match report.verdict {
        Verdict::Accepted if args.strict && report.anomaly_count > 0 => 1,
        Verdict::Accepted => 0,
        Verdict::Partial => 1,
        Verdict::Refused | Verdict::Unknown => 2,
    })
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT)
}

/// Returns the files that an argument stands for: itself, or those in the directory, sorted by
/// path. Names that begin with a dot are left out: they are not exchanges.
fn files(path: &Path, recursive: bool) -> io::Result<Vec<PathBuf>> {
    if is_standard_input(path) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut directories = VecDeque::from([path.to_owned()]);
    while let Some(directory) = directories.pop_front() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            // A link is followed to a file, never to a directory: links may form a circle.
            let is_directory = entry.file_type()?.is_dir();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            } else if is_directory && recursive {
                directories.push_back(entry.path());
            } else if entry.path().is_file() {
                files.push(entry.path());
            }
        }
    }
    if files.is_empty() {
        return Err(io::Error::other("no file in this directory"));
    }
    files.sort();
    Ok(files)
}

/// Writes a report for a person.
fn print(report: &Report, out: &mut Output) -> io::Result<()> {
    let euros = |centimes| Montant::from_centimes(centimes);
    writeln!(out, "{} : {} [{}]", report.file, report.verdict.libelle(), report.verdict)?;
    writeln!(
        out,
        "  {}, {} enregistrements, {} fichiers logiques, {} lots",
        report.format(),
        report.records,
        report.logical_files,
        report.lots
    )?;
    writeln!(
        out,
        "  {} factures, {} lignes ; {} acceptées, {} mises de côté",
        report.invoices,
        report.lines,
        report.accepted_invoices,
        report.quarantined_invoices.len()
    )?;
    writeln!(
        out,
        "  total {} € ; AMO {} € ; AMC {} €",
        euros(report.total_centimes),
        euros(report.amo_centimes),
        euros(report.amc_centimes)
    )?;
    print_findings(report, out)
}

fn print_findings(report: &Report, out: &mut Output) -> io::Result<()> {
    for finding in report.anomalies.iter().take(MAX_FINDINGS_SHOWN) {
        let position = match (finding.record, finding.column) {
            (Some(record), Some(column)) => {
                format!("enregistrement {record} ({}), colonne {column}", finding.record_type)
            }
            _ => "fichier".to_owned(),
        };
        let invoice =
            finding.invoice.as_ref().map(|n| format!(", facture {n}")).unwrap_or_default();
        writeln!(
            out,
            "  - [{}] {} : {position}{invoice}\n      {}",
            finding.severity, finding.code, finding.message
        )?;
    }
    if report.anomaly_count > MAX_FINDINGS_SHOWN as u64 {
        writeln!(out, "  … {} anomalies en tout", report.anomaly_count)?;
    }
    Ok(())
}
