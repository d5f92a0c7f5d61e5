//! The command line: one binary, one file a command.

mod codes;
mod conventions;
mod demo;
mod deposits;
mod dlq;
mod docs;
mod findings;
mod finess;
mod generate;
mod health;
mod held;
mod ingest;
mod inputs;
mod installation;
mod key;
mod listing;
mod lookup;
mod migrate;
mod on_record;
mod outbox;
mod output;
mod reasons;
mod report;
mod restore;
mod return_match;
mod serve;
mod status;
mod transfers;
mod unmatched;
mod validate;
mod verify;
mod words;
mod xray;

use crate::app::{App, BadSetting, NoInstallation, local_caller};
use crate::clock::{self, GatewayClock, SharedClock};
use crate::config::{Config, Loaded};
use crate::domain::Caller;
use crate::domain::civil_time::read_day;
use crate::error_chain::Chain;
use crate::files;
use crate::telemetry;
use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use output::Output;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use time::Date;

/// Exit status of bad usage (`EX_USAGE` of sysexits.h): 1 and 2 are verdicts of `validate`.
const BAD_USAGE: u8 = 64;
/// Exit status of a failure of the gateway.
const FAILED: u8 = 70;
/// Exit status of settings with which the command cannot work: they name no installation, or one of
/// them is wrong.
const BAD_SETTINGS: u8 = 78;

/// A gateway for French third-party payment: DRE (norm B2) and NOEMIE files in, claim events and
/// statuses out.
#[derive(Debug, Parser)]
#[command(name = "noemie-gateway", version)]
struct Cli {
    /// Configuration file (TOML); `noemie-gateway.toml` is read when it is there.
    #[arg(long, global = true, env = "NOEMIE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory, over the configuration.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway.
    Serve(serve::ServeArgs),
    /// Show deposits, decisions and returns of invented files in a temporary embedded gateway.
    Demo(demo::DemoArgs),
    /// Deposit files and print their receipts.
    Ingest(ingest::IngestArgs),
    /// Print the verdict that a deposit would get; nothing is stored. Exit status 0 accepted, 1
    /// partial, 2 refused, 64 unreadable.
    Validate(validate::ValidateArgs),
    /// Show records as they stand: bytes over a ruler, zones named and decoded, anomalies pointing
    /// at their bytes. Persons are masked.
    Xray(xray::XrayArgs),
    /// Print the state of a claim, by claim id, or by PS number and invoice number.
    Status(status::StatusArgs),
    /// Ask whether a professional has a convention with an insurer.
    Lookup(lookup::LookupArgs),
    /// Import the FINESS register.
    #[command(subcommand)]
    Finess(finess::FinessCommand),
    /// Import conventions.
    #[command(subcommand)]
    Conventions(conventions::ConventionsCommand),
    /// Print what became of a deposit: verdict, counts, findings and quarantined invoices. Exit
    /// status 0 when the exchange is known, else 1.
    Report(report::ReportArgs),
    /// Record that an answer of a payer is about a claim, or take such a match back.
    Match(return_match::MatchArgs),
    /// List exchanges, claims, quarantined invoices, answers without claim or return files.
    #[command(subcommand)]
    List(listing::ListCommand),
    /// List the bank transfers that return files announce, or print the items of one: the amount
    /// announced, what invoices, recoveries and flat payments explain of it, and what is left.
    Transfers(transfers::TransfersArgs),
    /// List large deposits that have no receipt yet, or abandon one.
    #[command(subcommand, alias = "loads")]
    Deposits(deposits::DepositsCommand),
    /// List the copies of invoices that another sender sent before, and decide about one.
    #[command(subcommand)]
    Held(held::HeldCommand),
    /// Show how many events wait for publication, or publish events again.
    Outbox(outbox::OutboxArgs),
    /// List the codes of anomalies with their titles.
    Codes(OutputArgs),
    /// Print the cause and the remedy of a code of anomaly or of reject.
    Explain(codes::ExplainArgs),
    /// List the codes of reasons of rejects and deferrals.
    Reasons(OutputArgs),
    /// Compare every raw file with what is stored, and check the chain of receipts. Exit status 0
    /// without a finding, else 1.
    Verify(verify::VerifyArgs),
    /// End a restore of a database or of an archive.
    #[command(subcommand)]
    Restore(restore::RestoreCommand),
    /// List dead letters, replay them, or drop them.
    #[command(subcommand)]
    Dlq(dlq::DlqCommand),
    /// Write invented files for tests: the same for the same seed.
    Generate(generate::GenerateArgs),
    /// Write the generated documents of the repository.
    #[command(subcommand, hide = true)]
    Docs(docs::DocsCommand),
    /// Show the mark of the installation; put another sink in force, or the mark on another broker
    /// or archive.
    #[command(subcommand)]
    Installation(installation::InstallationCommand),
    /// Make the vault key of a new installation, which replicas on PostgreSQL share.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Bring the database to this version.
    Migrate,
    /// Show the settings in force, secrets masked.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask the admin port of a running gateway for its health. Exit status 0 when it is healthy or
    /// degraded, else 1.
    Health,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Show the settings in force.
    Show,
}

/// Format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// JSON, one object a line.
    Json,
}

/// Open installation, caller and output of a command.
struct Session {
    app: App,
    caller: Caller,
    out: Output,
}

/// Output of a listing.
#[derive(Debug, Args)]
struct OutputArgs {
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Time limit of the end of threads that a file system blocks. Their work has no receipt: a command
/// and a stop wait for work that has one.
const BLOCKED_THREADS_TIMEOUT: Duration = Duration::from_secs(1);

/// Parses the command line and runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            output::usage(&refusal);
            let is_bad_usage = refusal.use_stderr();
            return if is_bad_usage { ExitCode::from(BAD_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match start(cli) {
        Ok(code) => code,
        Err(failure) => {
            output::error(Chain(failure.as_ref()));
            ExitCode::from(if is_of_settings(&failure) { BAD_SETTINGS } else { FAILED })
        }
    }
}

/// Returns whether a failure is one of the settings.
fn is_of_settings(failure: &anyhow::Error) -> bool {
    failure.is::<NoInstallation>() || failure.is::<BadSetting>()
}

/// Reads the settings, starts logs and runtime, and runs the command.
fn start(mut cli: Cli) -> Result<ExitCode> {
    files::restrict_umask();
    if let Command::Demo(args) = &mut cli.command
        && !args.take_data_dir(cli.data_dir.as_deref())
    {
        output::error("demo has one directory: --dir and --data-dir name two");
        return Ok(ExitCode::from(BAD_USAGE));
    }
    let Loaded { mut config, file } = Config::load(cli.config.as_deref())
        .context(BadSetting("reading the configuration".to_owned()))?;
    if let Some(dir) = cli.data_dir {
        config.data_dir = dir;
    }
    // Only `serve` logs at the configured level: the other commands answer on standard output, and
    // report failures on standard error.
    let filter =
        if matches!(cli.command, Command::Serve(_)) { config.log.as_str() } else { "warn" };
    let format = config.log_format.parse().context(BadSetting("log_format".to_owned()))?;
    telemetry::init(filter, format)?;
    if let Some(file) = file {
        // A file of the current directory was not asked for: whoever runs a command has to know.
        match cli.command {
            Command::Serve(_) => tracing::info!(file = %file.display(), "settings were read"),
            _ if cli.config.is_none() => {
                output::notice(format_args!("settings of {}", output::shown(&file)));
            }
            _ => {}
        }
    }
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    let outcome = runtime.block_on(run(cli.command, config, Output::standard()));
    runtime.shutdown_timeout(BLOCKED_THREADS_TIMEOUT);
    outcome
}

/// Runs a command that needs no open installation, or opens it for the others.
async fn run(command: Command, config: Config, mut out: Output) -> Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(&args, config).await,
        Command::Demo(args) => demo::run(&args, out).await,
        Command::Validate(args) => validate::run(&args, &config, &mut out),
        Command::Xray(args) => xray::run(&args, &config, &mut out),
        Command::Codes(args) => codes::list(&args, &mut out),
        Command::Explain(args) => codes::explain(&args, &mut out),
        Command::Docs(command) => docs::run(&command, &mut out),
        Command::Generate(args) => generate::run(&args),
        Command::Config(ConfigCommand::Show) => {
            writeln!(out, "{}", serde_json::to_string_pretty(&config.in_force())?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Dlq(command) => dlq::run(&command, config, out).await,
        Command::Installation(command) => installation::run(&command, config, &mut out).await,
        Command::Key(command) => key::run(&command, &config, &mut out).await,
        Command::Restore(command) => restore::run(&command, config, &mut out).await,
        Command::Health => Ok(health::run(&config).await),
        command if command.lacks_input() => Ok(ExitCode::from(BAD_USAGE)),
        command => {
            let app = if creates(&command) {
                open_or_create(config).await?
            } else {
                open_existing(config).await?
            };
            on_installation(command, Session { app, caller: local_caller(), out }).await
        }
    }
}

/// Returns whether a command creates the installation when there is none. `serve` and `demo` do as
/// well.
const fn creates(command: &Command) -> bool {
    matches!(
        command,
        Command::Ingest(_) | Command::Finess(_) | Command::Conventions(_) | Command::Migrate
    )
}

/// Runs a command on an open installation.
async fn on_installation(command: Command, mut session: Session) -> Result<ExitCode> {
    let session = &mut session;
    match &command {
        Command::Ingest(_) => session.app.mark_archive().await?,
        Command::Verify(_) => _ = session.app.check_archive().await?,
        _ => {}
    }
    match command {
        Command::Ingest(args) => {
            session.app.check_witness().await?;
            ingest::run(&args, session).await
        }
        Command::Status(args) => status::run(&args, session).await,
        Command::Lookup(args) => lookup::run(&args, session).await,
        Command::Finess(command) => finess::run(&command, session).await,
        Command::Conventions(command) => conventions::run(&command, session).await,
        Command::Report(args) => report::run(&args, session).await,
        Command::Match(args) => return_match::run(&args, session).await,
        Command::List(command) => listing::run(&command, session).await,
        Command::Transfers(args) => transfers::run(&args, session).await,
        Command::Deposits(command) => deposits::run(&command, session).await,
        Command::Held(command) => held::run(&command, session).await,
        Command::Outbox(args) => outbox::run(&args, session).await,
        Command::Reasons(args) => reasons::run(&args, session),
        Command::Verify(args) => verify::run(&args, session).await,
        Command::Migrate => migrate::run(session).await,
        _ => unreachable!("`run` runs the commands that need no installation"),
    }
}

/// Returns the clock of the commands that work on an installation.
fn gateway_clock(config: &Config) -> Result<SharedClock> {
    let start = test_start(false).context(BadSetting(clock::TEST_VARIABLE.to_owned()))?;
    Ok(Arc::new(GatewayClock::new(config.calendar(), start)))
}

/// Returns the instant of `NOEMIE_TEST_CLOCK`. A release build refuses the variable unless
/// `invented` says that every file is generated.
fn test_start(invented: bool) -> Result<Option<time::OffsetDateTime>> {
    let value = std::env::var(clock::TEST_VARIABLE).ok();
    Ok(clock::test_start(value.as_deref(), cfg!(not(debug_assertions)), invented)?)
}

/// Opens the installation, or creates it and logs where.
async fn open_or_create(config: Config) -> Result<App> {
    check_installation(&config)?;
    let clock = gateway_clock(&config)?;
    let app = App::open(config, clock).await?;
    app.log_creation();
    Ok(app)
}

/// Opens the installation; fails when there is none.
async fn open_existing(config: Config) -> Result<App> {
    check_installation(&config)?;
    let clock = gateway_clock(&config)?;
    App::open_existing(config, clock).await
}

/// Opens the installation without a change of its schema; fails when there is none of this version.
async fn open_migrated(config: Config) -> Result<App> {
    check_installation(&config)?;
    let clock = gateway_clock(&config)?;
    App::open_migrated(config, clock).await
}

/// Refuses settings that name a part of an installation only.
fn check_installation(config: &Config) -> Result<()> {
    config.check_installation().context(BadSetting("the settings contradict each other".to_owned()))
}

/// Reads a day of the command line.
fn day(text: &str) -> Result<Date> {
    read_day(text).context("a day is written AAAA-MM-JJ")
}
