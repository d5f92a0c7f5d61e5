//! `validate FILE…`: the dry run.

use super::ingest::TEST_NOTICE;
use super::output::{self, Output, shown};
use super::words::french;
use super::{BAD_USAGE, Format, findings};
use crate::config::Config;
use crate::domain::Verdict;
use crate::domain::civil_time::reception_hour;
use anyhow::Result;
use clap::Args;
use noemie_parsers::types::{Date, Montant};
use noemie_xray::Report;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Argument that means the standard input.
const STANDARD_INPUT: &str = "-";

/// Exit statuses of `validate`, shown by `--help`.
const EXIT_STATUSES: &str = "\
Exit status, the worst of all files:
   0  accepted (with --strict: without any anomaly)
   1  accepted in part: an invoice is quarantined (with --strict: a warning is enough)
   2  refused
  64  bad usage, a file that cannot be read, or a directory without files, or with a pipe or a
      link that leads nowhere";

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
/// A file is read as a deposit of this hour would read it.
pub(super) fn run(args: &ValidateArgs, config: &Config, out: &mut Output) -> Result<ExitCode> {
    if args.paths.iter().filter(|path| is_standard_input(path)).count() > 1 {
        output::error("the standard input can be read once only");
        return Ok(ExitCode::from(BAD_USAGE));
    }
    let hour = reception_hour(super::gateway_clock(config)?.now());
    let mut worst = 0;
    for path in &args.paths {
        let chosen = match files(path, args.recursive) {
            Ok(chosen) => chosen,
            Err(failure) => {
                output::error(format_args!("{}: {failure}", shown(path)));
                worst = BAD_USAGE;
                continue;
            }
        };
        for skipped in &chosen.skipped {
            output::error(format_args!("{}: not a file, not read", shown(skipped)));
            worst = BAD_USAGE;
        }
        for file in &chosen.files {
            worst = worst.max(validate(file, hour, args, out)?);
        }
    }
    Ok(ExitCode::from(worst))
}

/// Validates one file, writes its report and returns its exit status.
fn validate(
    path: &Path,
    hour: Option<(Date, u8)>,
    args: &ValidateArgs,
    out: &mut Output,
) -> Result<u8> {
    let name = shown(path);
    let read = if is_standard_input(path) {
        noemie_xray::examine_at(io::stdin().lock(), &name, hour)
    } else {
        File::open(path).and_then(|file| noemie_xray::examine_at(file, &name, hour))
    };
    let report = match read {
        Ok(examination) => examination.report,
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

/// Files of an argument, and entries of its directory that are neither files nor directories.
#[derive(Default)]
struct Chosen {
    files: Vec<PathBuf>,
    skipped: Vec<PathBuf>,
}

/// Returns the files that an argument stands for: itself, or those in the directory, sorted by
/// path. Names that begin with a dot are left out: they are not exchanges. A pipe in a directory is
/// not opened, because reading it would wait for its writer.
fn files(path: &Path, recursive: bool) -> io::Result<Chosen> {
    let mut chosen = Chosen::default();
    if is_standard_input(path) || !path.is_dir() {
        chosen.files.push(path.to_owned());
        return Ok(chosen);
    }
    let mut directories = VecDeque::from([path.to_owned()]);
    while let Some(directory) = directories.pop_front() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            // A link is followed to a file, never to a directory: links may form a circle.
            let is_directory = entry.file_type()?.is_dir();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            match entry.path().metadata() {
                Ok(found) if found.is_file() => chosen.files.push(entry.path()),
                Ok(found) if found.is_dir() => {
                    directories.extend((is_directory && recursive).then(|| entry.path()));
                }
                Ok(_) | Err(_) => chosen.skipped.push(entry.path()),
            }
        }
    }
    if chosen.files.is_empty() && chosen.skipped.is_empty() {
        return Err(io::Error::other("no file in this directory"));
    }
    chosen.files.sort();
    chosen.skipped.sort();
    Ok(chosen)
}

/// Writes a report for a person.
fn print(report: &Report, out: &mut Output) -> io::Result<()> {
    let euros = |centimes| Montant::from_centimes(centimes);
    writeln!(out, "{} : {} [{}]", report.file, report.verdict.libelle(), report.verdict)?;
    if report.test {
        writeln!(out, "  {TEST_NOTICE}")?;
    }
    writeln!(
        out,
        "  {}, {}, {}, {}",
        report.format(),
        french(report.records, "enregistrement", "enregistrements"),
        french(report.logical_files, "fichier logique", "fichiers logiques"),
        french(report.lots, "lot", "lots")
    )?;
    let duplicates = match report.duplicate_invoices {
        0 => String::new(),
        n => format!(", {}", french(n, "déjà reçue", "déjà reçues")),
    };
    writeln!(
        out,
        "  {}, {} ; {}, {}{duplicates}",
        french(report.invoices, "facture", "factures"),
        french(report.lines, "ligne", "lignes"),
        french(report.accepted_invoices, "acceptée", "acceptées"),
        french(report.quarantined_invoices.len() as u64, "mise de côté", "mises de côté")
    )?;
    writeln!(
        out,
        "  total {} € ; AMO {} € ; AMC {} €",
        euros(report.total_centimes),
        euros(report.amo_centimes),
        euros(report.amc_centimes)
    )?;
    findings::print_first(out, &report.anomalies, report.anomaly_count)?;
    for assumption in &report.assumptions {
        let (code, record, message) = (assumption.code, assumption.record, assumption.message);
        writeln!(out, "  hypothèse de lecture {code}, enregistrement {record} : {message}")?;
    }
    if report.anomalies.iter().any(|finding| finding.record.is_some()) {
        let file = if report.file == STANDARD_INPUT { "FICHIER" } else { &report.file };
        writeln!(out, "  pour voir les octets : noemie-gateway xray {file}")?;
    }
    Ok(())
}
