//! `generate dre|rsp`: invented files, the same for the same seed.

use crate::generate::{self, Damage, Options, Profile, RspOptions};
use crate::validate;
use anyhow::{Context, Result, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use noemie_parsers::detect::Norme;
use noemie_parsers::noemie::Packaging;
use noemie_parsers::physical::enregistrements::Forme;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum GenerateCommand {
    /// A DRE file of norm B2.
    Dre(DreArgs),
    /// The NOEMIE return of a caisse that answers a DRE file.
    Rsp(RspArgs),
}

#[derive(Debug, Args)]
pub(super) struct DreArgs {
    /// Who bills.
    #[arg(long, default_value = "mixte", value_parser = PossibleValuesParser::new(Profile::ALL.map(Profile::as_str)))]
    profile: String,
    /// How many invoices.
    #[arg(long, default_value_t = 100)]
    invoices: u64,
    /// Decides everything else.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How records are separated.
    #[arg(long, default_value = "crlf", value_parser = ["blocks", "crlf", "lf"])]
    form: String,
    /// One fault to make.
    #[arg(long, value_parser = PossibleValuesParser::new(Damage::ALL.iter().map(|d| d.as_str())))]
    damage: Option<String>,
    /// Where to write; standard output when not given.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RspArgs {
    /// The DRE file to answer.
    dre: PathBuf,
    /// Decides the outcome of each invoice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How entities are packed.
    #[arg(long, default_value = "lines", value_parser = ["lines", "blocks"])]
    packaging: String,
    /// Where to write; standard output when not given.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

pub(super) fn run(command: &GenerateCommand) -> Result<ExitCode> {
    match command {
        GenerateCommand::Dre(args) => dre(args)?,
        GenerateCommand::Rsp(args) => rsp(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn dre(args: &DreArgs) -> Result<()> {
    let profile = Profile::ALL.into_iter().find(|p| p.as_str() == args.profile).context("an unknown profile")?;
    let damage = args.damage.as_deref().map(|w| Damage::ALL.iter().copied().find(|d| d.as_str() == w).context("an unknown damage")).transpose()?;
    let forme = match args.form.as_str() {
        "blocks" => Forme::Blocs,
        "lf" => Forme::Lf,
        _ => Forme::Crlf,
    };
    let options = Options { profile, invoices: args.invoices, seed: args.seed, forme, damage, ..Options::default() };
    let summary = generate::dre(&options, output(args.output.as_ref())?)?;
    eprintln!(
        "{} factures, {} lignes, {} enregistrements, {} octets, total {} €",
        summary.invoices, summary.lines, summary.records, summary.bytes, summary.total
    );
    Ok(())
}

fn rsp(args: &RspArgs) -> Result<()> {
    let dre = File::open(&args.dre).with_context(|| format!("opening {}", args.dre.display()))?;
    let (detection, dre) = validate::recognise(dre).context("reading the DRE file")?;
    let Some(Norme::B2(forme)) = detection.norme else { bail!("{} is not a file of norm B2", args.dre.display()) };
    let packaging = if args.packaging == "blocks" { Packaging::Blocs } else { Packaging::Lignes };
    let options = RspOptions { seed: args.seed, packaging, ..RspOptions::default() };
    let summary = generate::rsp(dre, forme, &options, output(args.output.as_ref())?)?;
    eprintln!("{} factures répondues, AMO payé {} €, AMC payé {} €", summary.invoices, summary.amo_paid, summary.amc_paid);
    Ok(())
}

fn output(path: Option<&PathBuf>) -> Result<Box<dyn Write>> {
    Ok(match path {
        Some(path) => Box::new(BufWriter::new(File::create(path).with_context(|| format!("creating {}", path.display()))?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    })
}
