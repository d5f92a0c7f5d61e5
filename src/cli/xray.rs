//! `xray FILE`: the records as they stand, zones named, anomalies pointing at their bytes.

use super::BAD_USAGE;
use super::output::{self, Output, shown};
use super::words::french;
use crate::config::Config;
use crate::domain::civil_time::reception_hour;
use crate::files::create_private;
use anyhow::{Context, Result};
use clap::Args;
use noemie_xray::html::Stamp;
use noemie_xray::text::Paint;
use noemie_xray::{Choice, Options, Role, Xray, html, text};
use std::fs::File;
use std::io::{self, BufWriter, Cursor, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Name that stands for the standard input.
const STANDARD_INPUT: &str = "-";
/// Most bytes read of the standard input, which is kept in memory.
const MAX_PIPED_BYTES: u64 = 256 * 1024 * 1024;

/// Input of an X-ray: a file, or the standard input in memory.
trait Source: Read + Seek {}
impl<S: Read + Seek> Source for S {}

type FileXray = Xray<Box<dyn Source>>;

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
pub(super) fn run(args: &XrayArgs, config: &Config, out: &mut Output) -> Result<ExitCode> {
    let name = shown(&args.file);
    let choice = match (&args.record, &args.invoice) {
        (Some(record), _) => Choice::Record(*record),
        (None, Some(number)) => Choice::Invoice(number.clone()),
        (None, None) => Choice::Overview,
    };
    let options = Options { choice, show_persons: args.show_persons };
    let (mut xray, digest) = match open(&args.file, &name, &options) {
        Ok(opened) => opened,
        Err(failure) => {
            output::error(format_args!("{name}: {failure}"));
            return Ok(ExitCode::from(BAD_USAGE));
        }
    };
    if xray.recognised() && xray.is_empty() && xray.of_the_file().next().is_none() {
        output::notice(no_record(&options.choice, xray.report.records));
        return Ok(ExitCode::FAILURE);
    }
    match &args.html {
        Some(path) => {
            page(&mut xray, path, &digest, config)?;
            let count = french(xray.len() as u64, "enregistrement", "enregistrements");
            writeln!(out, "{} : {count}", shown(path))?;
        }
        None => print(&mut xray, &options.choice, out).context("writing the sheets")?,
    }
    Ok(if xray.recognised() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Opens a file under X-ray, and returns its digest too.
fn open(path: &Path, name: &str, options: &Options) -> io::Result<(FileXray, String)> {
    let mut source = read(path)?;
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut source, &mut hasher)?;
    source.seek(SeekFrom::Start(0))?;
    let xray = Xray::open(source, name, options)?;
    Ok((xray, format!("BLAKE3 {}", hasher.finalize().to_hex())))
}

/// Opens the file, or reads the standard input into memory: the records are found by their offset,
/// and a pipe cannot go back. A temporary file would leave persons on the disk.
fn read(path: &Path) -> io::Result<Box<dyn Source>> {
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

/// Notes on records that are not shown. `shown` counts those that are.
fn omissions(xray: &FileXray, shown: u64) -> Vec<String> {
    let mut notes = Vec::new();
    let records = xray.report.records;
    if shown < records {
        notes.push(format!(
            "{} sur {records} ; --record N ou --invoice NUM pour les autres.",
            french(shown, "enregistrement montré", "enregistrements montrés")
        ));
    }
    if xray.faulty_left_out() > 0 {
        let left_out = french(xray.faulty_left_out(), "enregistrement", "enregistrements");
        notes.push(format!(
            "Anomalies de {left_out} non reprises ici : la commande validate les liste."
        ));
    }
    notes
}

/// Writes the summary, then the records at fault and those that hold them; of a sound file, its
/// first records.
fn print(xray: &mut FileXray, choice: &Choice, out: &mut Output) -> io::Result<()> {
    let paint = Paint::new(
        io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    );
    let mut out = BufWriter::new(out);
    text::verdict(&mut out, &xray.report, paint)?;
    let is_overview = *choice == Choice::Overview;
    if is_overview {
        text::summary(&mut out, &xray.report, paint)?;
    }
    let is_sound = xray.report.anomalies.is_empty();
    let mut shown = 0;
    for index in 0..xray.len() {
        let sheet = xray.sheet(index)?;
        if sheet.role != Role::Folded || is_sound {
            text::sheet(&mut out, &sheet, paint)?;
            shown += 1;
        }
    }
    if is_overview {
        for note in omissions(xray, shown) {
            writeln!(out, "{note}")?;
        }
    }
    out.flush()
}

/// Writes the page of the file.
fn page(xray: &mut FileXray, path: &Path, digest: &str, config: &Config) -> Result<()> {
    let doing = || format!("drawing the file into {}", path.display());
    let now = super::gateway_clock(config)?.now();
    let stamp = Stamp {
        software: concat!("noemie-gateway ", env!("CARGO_PKG_VERSION")),
        day: reception_hour(now).map(|(day, _)| day),
        digest,
    };
    let notes = omissions(xray, xray.len() as u64);
    let mut out = BufWriter::new(create_private(path).with_context(doing)?);
    html::page(&mut out, xray, &stamp, &notes).with_context(doing)?;
    out.flush().with_context(doing)
}
