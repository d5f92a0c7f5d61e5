//! `xray FILE`: the records as they stand, zones named, anomalies pointing at their bytes.

use super::BAD_USAGE;
use super::output::{self, Output, shown};
use super::words::french;
use crate::files::create_private;
use anyhow::{Context, Result};
use clap::Args;
use noemie_xray::text::Paint;
use noemie_xray::{Choice, Options, Xray, html, text};
use std::fs::File;
use std::io::{self, BufWriter, Cursor, IsTerminal, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Name that stands for the standard input.
const STANDARD_INPUT: &str = "-";
/// Most bytes read of the standard input, which is kept in memory.
const MAX_PIPED_BYTES: u64 = 256 * 1024 * 1024;

/// Input of an X-ray: a file, or the standard input in memory.
trait Source: Read + Seek {}
impl<S: Read + Seek> Source for S {}

#[derive(Debug, Args)]
pub(super) struct XrayArgs {
    /// The file; `-` is the standard input, up to 256 MiB of it.
    file: PathBuf,
    /// Only this physical record, 1-based.
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "invoice",
        value_parser = clap::value_parser!(u64).range(1..),
    )]
    record: Option<u64>,
    /// Only the records of this invoice.
    #[arg(long, value_name = "NUM")]
    invoice: Option<String>,
    /// Write a self-contained page there instead of text.
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
    /// Show names, NIR and birth dates in clear: protect the output as you protect the file.
    #[arg(long)]
    show_persons: bool,
}

/// Shows the chosen records. Returns exit status 0 when a record is shown, 1 when no record answers
/// the choice, 2 when the file is not recognised, 64 when it cannot be read.
pub(super) fn run(args: &XrayArgs, out: &mut Output) -> Result<ExitCode> {
    let name = shown(&args.file);
    let choice = match (&args.record, &args.invoice) {
        (Some(record), _) => Choice::Record(*record),
        (None, Some(number)) => Choice::Invoice(number.clone()),
        (None, None) => Choice::Overview,
    };
    let options = Options { choice, show_persons: args.show_persons };
    let mut xray = match open(&args.file).and_then(|file| Xray::open(file, &name, &options)) {
        Ok(xray) => xray,
        Err(failure) => {
            output::error(format_args!("{name}: {failure}"));
            return Ok(ExitCode::from(BAD_USAGE));
        }
    };
    if !xray.recognised() {
        for finding in &xray.report.anomalies {
            writeln!(
                out,
                "{name} : [{}] {} : {}",
                finding.severity, finding.code, finding.message
            )?;
        }
        writeln!(out, "  rien à montrer")?;
        return Ok(ExitCode::from(2));
    }
    if xray.is_empty() && xray.of_the_file().next().is_none() {
        output::notice(no_record(&options.choice, xray.report.records));
        return Ok(ExitCode::FAILURE);
    }
    let notes = omissions(&options, &xray);
    match &args.html {
        Some(path) => {
            page(&mut xray, path, &notes, args.show_persons)?;
            let count = french(xray.len() as u64, "enregistrement", "enregistrements");
            writeln!(out, "{} : {count}", shown(path))?;
        }
        None => print(&mut xray, &notes, out).context("writing the sheets")?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the file, or reads the standard input into memory: the records are found by their offset,
/// and a pipe cannot go back. A temporary file would leave persons on the disk.
fn open(path: &Path) -> io::Result<Box<dyn Source>> {
    if path != Path::new(STANDARD_INPUT) {
        return Ok(Box::new(File::open(path)?));
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_PIPED_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_PIPED_BYTES {
        return Err(io::Error::other("more than 256 MiB: give the file by its name"));
    }
    Ok(Box::new(Cursor::new(bytes)))
}

fn no_record(choice: &Choice, records: u64) -> String {
    match choice {
        Choice::Record(n) => {
            format!("L'enregistrement {n} n'existe pas : le fichier en a {records}.")
        }
        Choice::Invoice(number) => format!("Aucune facture ne porte le numéro {number}."),
        Choice::Overview => "Le fichier n'a aucun enregistrement.".to_owned(),
    }
}

/// Notes on records and anomalies that are not shown.
fn omissions(options: &Options, xray: &Xray<Box<dyn Source>>) -> Vec<String> {
    let mut notes = Vec::new();
    let (shown, records) = (xray.len() as u64, xray.report.records);
    if options.choice == Choice::Overview && shown < records {
        notes.push(format!(
            "{shown} enregistrements montrés sur {records} : les premiers, et ceux qui ont une \
             anomalie. --record N ou --invoice NUM pour les autres."
        ));
    }
    if xray.faulty_left_out() > 0 {
        notes.push(format!(
            "{} enregistrements avec anomalie ne sont pas montrés ; validate les liste.",
            xray.faulty_left_out()
        ));
    }
    if xray.report.anomaly_count > xray.report.anomalies.len() as u64 {
        notes.push(format!(
            "{} anomalies en tout ; seules les premières sont montrées.",
            xray.report.anomaly_count
        ));
    }
    notes
}

fn print(xray: &mut Xray<Box<dyn Source>>, notes: &[String], out: &mut Output) -> io::Result<()> {
    let paint = Paint::new(
        io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    );
    let mut out = BufWriter::new(out);
    let r = &xray.report;
    writeln!(out, "{} : {}, {} [{}]", r.file, r.format(), r.verdict.libelle(), r.verdict.as_str())?;
    writeln!(
        out,
        "  {}, {}, {}\n",
        french(r.records, "enregistrement", "enregistrements"),
        french(r.invoices, "facture", "factures"),
        french(r.anomaly_count, "anomalie", "anomalies")
    )?;
    for finding in xray.of_the_file() {
        text::of_the_file(&mut out, finding, paint)?;
    }
    for index in 0..xray.len() {
        let sheet = xray.sheet(index)?;
        text::sheet(&mut out, &sheet, paint)?;
    }
    for note in notes {
        writeln!(out, "{note}")?;
    }
    out.flush()
}

fn page(
    xray: &mut Xray<Box<dyn Source>>,
    path: &Path,
    notes: &[String],
    show_persons: bool,
) -> Result<()> {
    let doing = || format!("writing {}", path.display());
    let mut out = BufWriter::new(create_private(path).with_context(doing)?);
    html::begin(&mut out, &xray.report, show_persons).with_context(doing)?;
    html::of_the_file(&mut out, xray.of_the_file()).with_context(doing)?;
    for index in 0..xray.len() {
        let sheet = xray.sheet(index).context("reading the file")?;
        html::sheet(&mut out, &sheet).with_context(doing)?;
    }
    html::end(&mut out, notes).with_context(doing)?;
    out.flush().with_context(doing)
}
