//! `generate --norm dre|rsp`: writes invented files, the same for the same seed.

use super::output;
use crate::files::create_private;
use crate::generate::{self, Damage, Options, Profile, ReturnDamage, RspOptions};
use anyhow::{Context, Result, anyhow, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use noemie_parsers::detect::Norme;
use noemie_parsers::marquage::Marquage;
use noemie_parsers::noemie::Packaging;
use noemie_parsers::physical::enregistrements::Forme;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

/// Norm of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Norm {
    /// A DRE file of norm B2.
    Dre,
    /// The NOEMIE return of a caisse that answers a DRE file.
    Rsp,
}

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// A DRE file of norm B2, or the NOEMIE return of a caisse that answers one.
    #[arg(long, value_enum)]
    norm: Norm,
    /// Kind of PS that bills.
    #[arg(
        long,
        default_value = "mixte",
        value_parser = PossibleValuesParser::new(Profile::ALL.map(Profile::as_str)),
    )]
    profile: String,
    /// Number of invoices.
    #[arg(long, default_value_t = 100)]
    invoices: u64,
    /// Seed of every other choice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Separation of the records of a DRE.
    #[arg(long, default_value = "crlf", value_parser = ["blocks", "crlf", "lf"])]
    form: String,
    /// DRE file that the return answers; the file of the same options with `--norm dre` when not
    /// given.
    #[arg(long, conflicts_with_all = ["profile", "invoices", "form"])]
    answers: Option<PathBuf>,
    /// Packaging of the entities of a return.
    #[arg(long, default_value = "lines", value_parser = ["lines", "blocks"])]
    packaging: String,
    /// Add a flat payment and a recovery to each transfer of a return.
    #[arg(long)]
    movements: bool,
    /// Fault to make; faults of a return begin with `rsp-`.
    #[arg(long, value_parser = PossibleValuesParser::new(damages()))]
    damage: Option<String>,
    /// Mark the file as real (`R`). Without it the file is a test (`T`): a gateway treats it in the
    /// test lane, where nothing is to be paid.
    #[arg(long)]
    real: bool,
    /// Output file; standard output when not given.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

fn damages() -> impl Iterator<Item = &'static str> {
    Damage::ALL.iter().map(|d| d.as_str()).chain(ReturnDamage::ALL.iter().map(|d| d.as_str()))
}

pub(super) fn run(args: &GenerateArgs) -> Result<ExitCode> {
    let written = match args.norm {
        Norm::Dre => dre(args),
        Norm::Rsp => rsp(args),
    };
    match written {
        // The reader of standard output (`generate … | head`) has closed the pipe.
        Err(failure) if args.output.is_none() && is_closed_pipe(&failure) => {}
        other => other?,
    }
    Ok(ExitCode::SUCCESS)
}

fn is_closed_pipe(failure: &anyhow::Error) -> bool {
    let mut causes = failure.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == ErrorKind::BrokenPipe)
}

/// Returns the options of the DRE, without its damage.
fn options(args: &GenerateArgs) -> Result<Options> {
    let profile = Profile::ALL
        .into_iter()
        .find(|p| p.as_str() == args.profile)
        .context("an unknown profile")?;
    let forme = match args.form.as_str() {
        "blocks" => Forme::Blocs,
        "lf" => Forme::Lf,
        _ => Forme::Crlf,
    };
    Ok(Options {
        profile,
        invoices: args.invoices,
        seed: args.seed,
        forme,
        mark: mark(args),
        ..Options::default()
    })
}

/// Returns the mark of the file.
const fn mark(args: &GenerateArgs) -> Marquage {
    if args.real { Marquage::Reel } else { Marquage::Test }
}

/// Returns the damage of that name; an error when the other norm has it.
fn damage<T: Copy>(
    args: &GenerateArgs,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<Option<T>> {
    let Some(asked) = args.damage.as_deref() else { return Ok(None) };
    let found = all.iter().copied().find(|d| word(*d) == asked);
    found.map(Some).ok_or_else(|| anyhow!("damage {asked} is made in a file of the other norm"))
}

fn dre(args: &GenerateArgs) -> Result<()> {
    if args.answers.is_some() || args.movements {
        bail!("--answers and --movements are for --norm rsp");
    }
    let damage = damage(args, Damage::ALL, Damage::as_str)?;
    let summary =
        generate::dre(&Options { damage, ..options(args)? }, output(args.output.as_ref())?)?;
    output::notice(format_args!(
        "{} invoices, {} lines, {} records, {} bytes, total {} €",
        summary.invoices, summary.lines, summary.records, summary.bytes, summary.total
    ));
    Ok(())
}

fn rsp(args: &GenerateArgs) -> Result<()> {
    let Some(path) = &args.answers else { return rsp_to_generated(args) };
    let dre = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let (detection, dre) = noemie_xray::recognise(dre).context("reading the DRE file")?;
    let Some(Norme::B2(forme)) = detection.norme else {
        bail!("{} is not a file of norm B2", path.display())
    };
    answer(args, dre, forme)
}

/// Answers a DRE as it is generated: neither file is ever whole in memory.
fn rsp_to_generated(args: &GenerateArgs) -> Result<()> {
    let options = options(args)?;
    let (source, sink) = io::pipe().context("opening a pipe")?;
    thread::scope(|scope| {
        let writer = scope.spawn(|| generate::dre(&options, BufWriter::new(sink)));
        let answered = answer(args, BufReader::new(source), options.forme);
        // When the answer fails, the writer's own failure is only a broken pipe: report the first.
        let written = writer.join().map_err(|_| anyhow!("generating the DRE failed"))?;
        answered.and(written.map(|_| ()).context("generating the DRE"))
    })
}

fn answer(args: &GenerateArgs, dre: impl Read, forme: Forme) -> Result<()> {
    let packaging = if args.packaging == "blocks" { Packaging::Blocs } else { Packaging::Lignes };
    let damage = damage(args, ReturnDamage::ALL, ReturnDamage::as_str)?;
    let options = RspOptions {
        seed: args.seed,
        packaging,
        movements: args.movements,
        mark: mark(args),
        damage,
        ..RspOptions::default()
    };
    let summary = generate::rsp(dre, forme, &options, output(args.output.as_ref())?)?;
    output::notice(format_args!(
        "{} invoices answered, AMO paid {} €, AMC paid {} €",
        summary.invoices, summary.amo_paid, summary.amc_paid
    ));
    if options.movements {
        output::notice(format_args!(
            "flat payments {} €, recoveries {} €",
            summary.flat, summary.recovered
        ));
    }
    Ok(())
}

fn output(path: Option<&PathBuf>) -> Result<Box<dyn Write>> {
    Ok(match path {
        Some(path) => Box::new(BufWriter::new(
            create_private(path).with_context(|| format!("creating {}", path.display()))?,
        )),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    })
}
