//! Logs and metrics of the process, set up once by the command line.
//!
//! Logs go to standard error, as text for people or one JSON object a line for collectors. Spans
//! are named `station.verb` and carry exchange and claim ids. No log line, at any level, carries a
//! NIR, a name or a birth date: rooms log ids and tokens.

use crate::jobs;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// JSON, one object a line.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = TelemetryError;

    fn from_str(text: &str) -> Result<Self, TelemetryError> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(TelemetryError::Format(text.to_owned())),
        }
    }
}

/// Reason why the process cannot log or count.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The format is neither `text` nor `json`.
    #[error("log format `{0}`: expected `text` or `json`")]
    Format(String),
    /// The filter does not parse.
    #[error("log filter `{filter}` (expected for example `info,noemie_gateway::relay=debug`)")]
    Filter {
        /// Filter as configured.
        filter: String,
        /// Error of the parser.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// Set up twice.
    #[error("setting up logs")]
    Logs(#[from] TryInitError),
    /// Set up twice.
    #[error("setting up metrics")]
    Metrics(#[from] BuildError),
}

/// Levels of libraries that would repeat log lines of the gateway (lapin has several for each
/// failed login), or print whole messages (lapin prints returned ones).
const QUIET: &str = "lapin=off,sqlx=warn,h2=warn,hyper=warn,rustls=warn";

/// Starts logging. `filter` is in the syntax of `RUST_LOG` and wins over the quiet defaults of
/// libraries.
pub fn init(filter: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let filter = parse_filter(filter)?;
    let registry = tracing_subscriber::registry().with(filter);
    // A log that is no terminal gets no colour codes: they would stand between the fields.
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => registry.with(lines.with_target(false)).try_init()?,
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init()?,
    }
    Ok(())
}

/// Installs the recorder and describes the metrics of every room.
pub fn init_metrics() -> Result<PrometheusHandle, TelemetryError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(jobs::SECONDS.to_owned()), jobs::SECONDS_BUCKETS)?
        .install_recorder()?;
    jobs::describe_metrics();
    crate::ingest::drop_dir::describe_metrics();
    crate::relay::describe_metrics();
    crate::decisions_queue::describe_metrics();
    crate::admin::describe_metrics();
    crate::service::health::describe_metrics();
    crate::connections::Refusals::describe_metrics();
    crate::witness::describe_metrics();
    Ok(handle)
}

fn parse_filter(filter: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::try_new(format!("{QUIET},{filter}"))
        .map_err(|source| TelemetryError::Filter { filter: filter.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_filter_wins_over_the_quiet_defaults() {
        let shown = parse_filter("info,sqlx=debug").unwrap().to_string();
        assert!(
            shown.contains("sqlx=debug")
                && !shown.contains("sqlx=warn")
                && shown.contains("lapin=off"),
            "{shown}"
        );
        assert!(parse_filter("a=b=c").unwrap_err().to_string().contains("a=b=c"));
    }

    #[test]
    fn formats_are_named() {
        assert_eq!("json".parse::<LogFormat>().unwrap(), LogFormat::Json);
        assert!("xml".parse::<LogFormat>().is_err());
    }
}
