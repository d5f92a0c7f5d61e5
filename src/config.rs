//! Configuration: defaults, then a TOML file, then the environment (`NOEMIE_…`). Without any of
//! them the gateway runs embedded.

mod checks;
mod environment;
mod error;
mod file;
mod masking;
mod names;

pub use error::SettingsError;

use crate::domain::{Calendar, Territory};
use crate::limits::GrpcLimits;
use crate::vault::KEY_FILE;
use masking::without_password;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf, absolute};

/// Configuration file that is read if it exists, unless another file is named.
pub const DEFAULT_FILE: &str = "noemie-gateway.toml";

/// Kind of the sink of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SinkKind {
    /// RabbitMQ.
    Broker,
    /// The local stream, `SubscribeClaimEvents`.
    Local,
}

/// Settings of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directory of the embedded database, the archive, the key and the drop and return
    /// directories.
    pub data_dir: PathBuf,
    /// `postgres://…` or `sqlite:PATH`; when not set, `<data_dir>/gateway.db`.
    pub database_url: Option<String>,
    /// Connections to PostgreSQL for deposits, decisions and queries. A replica opens four more for
    /// probes and the relay, one to listen, one for the lease of the relay (one replica of all),
    /// and one for each staged deposit that it writes.
    pub database_connections: u32,
    /// `amqp://…` or `amqps://…`; when not set, events are streamed over gRPC only.
    pub amqp_url: Option<String>,
    /// `broker` or `local`; when not set, `broker` with `amqp_url`, and `local` without it on the
    /// embedded database. PostgreSQL without `amqp_url` needs `local` to be said.
    pub sink: Option<SinkKind>,
    /// Prefix of the names of exchanges and queues, when several gateways share a broker.
    pub amqp_prefix: String,
    /// Whether decisions are taken from the queue `claims.decisions`, with `amqp_url`.
    pub decisions_queue: bool,
    /// Address of the gRPC services.
    pub grpc_listen: SocketAddr,
    /// Address of `/healthz`, `/readyz` and `/metrics`.
    pub admin_listen: SocketAddr,
    /// Master key of the vault, 64 hexadecimal digits; better given as a file.
    pub vault_key: Option<String>,
    /// File that holds the master key; when not set, `<data_dir>/vault.key`, which the first start
    /// of an embedded gateway makes. On PostgreSQL `key create` makes it.
    pub vault_key_file: Option<PathBuf>,
    /// Drop directory, `<data_dir>/in` when not set; one sub-directory a sender.
    pub drop_dir: Option<PathBuf>,
    /// Directory of return files, `<data_dir>/out` when not set.
    pub out_dir: Option<PathBuf>,
    /// Group that reads the return files and crosses the drop directory, by name or number: an SFTP
    /// server for example. When not set, only the user of the gateway reads them.
    pub file_group: Option<String>,
    /// Size of the largest file accepted, in bytes.
    pub max_file_bytes: u64,
    /// Senders whose files are real whatever their marks say, separated by commas. Without it, a
    /// file marked as a test or a demonstration goes to the test lane.
    pub real_senders: String,
    /// Files that a sender may drop in a day of Paris; 0 is no limit.
    pub sender_files_per_day: u64,
    /// Bytes that a sender may drop in a day of Paris; 0 is no limit.
    pub sender_bytes_per_day: u64,
    /// Uploads over gRPC open at once; one more is refused with `RESOURCE_EXHAUSTED`.
    pub max_uploads: usize,
    /// Seconds after SIGTERM in which the gateway still takes work while `/readyz` and the gRPC
    /// health answer that it does not: load balancers turn away first.
    pub drain_seconds: u64,
    /// Connections to the gRPC port; fewer where the process may not open as many files.
    pub max_connections: usize,
    /// Connections of one address to the gRPC port. All callers behind one proxy have its address.
    pub max_connections_per_peer: usize,
    /// Calls in flight of one address.
    pub max_calls_per_peer: usize,
    /// Open streams (watches, subscriptions, downloads) of one address.
    pub max_streams_per_peer: usize,
    /// Open uploads of one address.
    pub max_uploads_per_peer: usize,
    /// Territory whose public holidays are no business days, for example `mainland` or
    /// `alsace-moselle`.
    pub territory: Territory,
    /// Whether Good Friday is a public holiday in Alsace-Moselle.
    pub good_friday: bool,
    /// File with the insurer's codes of reasons of rejects and deferrals, a line `code;label` each.
    /// With it, a worker's code has to be one of them; when not set, every code is accepted.
    pub reason_codes: Option<PathBuf>,
    /// Log filter, in the syntax of `RUST_LOG`.
    pub log: String,
    /// `text` or `json`.
    pub log_format: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            database_url: None,
            database_connections: 10,
            amqp_url: None,
            sink: None,
            amqp_prefix: String::new(),
            decisions_queue: true,
            grpc_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 50051)),
            // The port by which OpenTelemetry serves metrics to Prometheus; 9090 is Prometheus'
            // own.
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
            vault_key: None,
            vault_key_file: None,
            drop_dir: None,
            out_dir: None,
            file_group: None,
            max_file_bytes: crate::ingest::Limits::default().file_bytes,
            real_senders: String::new(),
            // Far above what a concentrator sends, far below what fills a disk unnoticed.
            sender_files_per_day: 20_000,
            sender_bytes_per_day: 64 * 1024 * 1024 * 1024,
            // An upload holds a file of the archive open. It needs a database connection only once
            // it is whole, and waits for one: so there may be more uploads than connections.
            max_uploads: 64,
            // Two failed probes of a load balancer that asks every two seconds.
            drain_seconds: 5,
            max_connections: GrpcLimits::default().connections,
            max_connections_per_peer: GrpcLimits::default().connections_per_peer,
            max_calls_per_peer: GrpcLimits::default().calls_per_peer,
            max_streams_per_peer: GrpcLimits::default().streams_per_peer,
            max_uploads_per_peer: GrpcLimits::default().uploads_per_peer,
            territory: Calendar::default().territory,
            good_friday: Calendar::default().good_friday,
            reason_codes: None,
            log: "info".to_owned(),
            log_format: "text".to_owned(),
        }
    }
}

/// Settings that were read, and the file that they came from.
#[derive(Debug)]
pub struct Loaded {
    /// Settings.
    pub config: Config,
    /// Configuration file, absolute; `None` when no file was read.
    pub file: Option<PathBuf>,
}

impl Config {
    /// Reads the settings. `file` must exist when it is named; [`DEFAULT_FILE`] is read when it is
    /// there. A name that is no setting is refused, in the file and in the environment.
    pub fn load(file: Option<&Path>) -> Result<Loaded, SettingsError> {
        Self::from_sources(file, environment::settings(std::env::vars_os())?)
    }

    fn from_sources(
        named: Option<&Path>,
        environment: HashMap<String, String>,
    ) -> Result<Loaded, SettingsError> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        let text = file::read(path)?;
        if text.is_none() && named.is_some() {
            return Err(SettingsError::NoFile(path.to_owned()));
        }
        let file = text.is_some().then(|| absolute(path).unwrap_or_else(|_| path.to_owned()));
        let text = text.unwrap_or_default();
        let config = config::Config::builder()
            .add_source(config::File::from_str(&text, config::FileFormat::Toml))
            .add_source(
                config::Environment::with_prefix("NOEMIE")
                    .prefix_separator("_")
                    .source(Some(environment)),
            )
            .build()?
            .try_deserialize::<Self>()?
            .checked()?;
        Ok(Loaded { config, file })
    }

    /// Returns the senders whose files are real whatever their marks say.
    #[must_use]
    pub fn real_senders(&self) -> BTreeSet<String> {
        let names = self.real_senders.split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// Returns the calendar by which business days count.
    #[must_use]
    pub const fn calendar(&self) -> Calendar {
        Calendar { territory: self.territory, good_friday: self.good_friday }
    }

    /// Returns the limits of the gRPC port.
    #[must_use]
    pub fn grpc_limits(&self) -> GrpcLimits {
        GrpcLimits {
            connections: self.max_connections,
            connections_per_peer: self.max_connections_per_peer,
            calls_per_peer: self.max_calls_per_peer,
            streams_per_peer: self.max_streams_per_peer,
            // Uploads of one address leave a slot to other addresses, whatever the settings.
            uploads_per_peer: self.max_uploads_per_peer.min(self.max_uploads.max(2) - 1),
            ..GrpcLimits::default()
        }
    }

    /// Returns the drop directory.
    #[must_use]
    pub fn drop_dir(&self) -> PathBuf {
        self.drop_dir.clone().unwrap_or_else(|| self.data_dir.join("in"))
    }

    /// Returns the directory of return files.
    #[must_use]
    pub fn out_dir(&self) -> PathBuf {
        self.out_dir.clone().unwrap_or_else(|| self.data_dir.join("out"))
    }

    /// Returns the file of the vault key, unless the key itself is a setting.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.vault_key_file.clone().unwrap_or_else(|| self.data_dir.join(KEY_FILE))
    }

    /// Returns whether the database is that of a server, which replicas share, and not a file.
    #[must_use]
    pub fn is_on_a_server(&self) -> bool {
        self.database_url.as_deref().is_some_and(|url| !url.starts_with("sqlite:"))
    }

    /// Returns the directory of the encrypted raw files.
    #[must_use]
    pub fn archive_dir(&self) -> PathBuf {
        self.data_dir.join("archive")
    }

    /// Returns the settings as `config show` prints them: secrets masked, and the paths that stand
    /// for the settings that are not given.
    #[must_use]
    pub fn in_force(&self) -> Self {
        Self {
            drop_dir: Some(self.drop_dir()),
            out_dir: Some(self.out_dir()),
            vault_key_file: self.vault_key.is_none().then(|| self.key_file()),
            ..self.masked()
        }
    }

    /// Returns the settings with their secrets masked, for logs.
    #[must_use]
    pub fn masked(&self) -> Self {
        let hide = |url: &Option<String>| url.as_deref().map(without_password);
        Self {
            database_url: hide(&self.database_url),
            amqp_url: hide(&self.amqp_url),
            vault_key: self.vault_key.as_ref().map(|_| "***".to_owned()),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Config, SettingsError> {
        let nowhere = Path::new("/nonexistent/none.toml");
        assert!(
            Config::from_sources(Some(nowhere), HashMap::new()).is_err(),
            "a named file must exist"
        );
        let dir = tempfile::tempdir().expect("a directory");
        let empty = dir.path().join("empty.toml");
        std::fs::write(&empty, "").expect("a file");
        Config::from_sources(
            Some(&empty),
            variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        )
        .map(|loaded| loaded.config)
    }

    #[test]
    fn nothing_set_is_the_embedded_gateway() {
        assert_eq!(with(&[]).expect("defaults"), Config::default());
    }

    #[test]
    fn the_environment_wins() {
        let set = with(&[
            ("NOEMIE_DATABASE_URL", "postgres://u:p@h/d"),
            ("NOEMIE_GRPC_LISTEN", "0.0.0.0:1"),
        ])
        .expect("valid");
        assert_eq!(set.database_url.as_deref(), Some("postgres://u:p@h/d"));
        assert_eq!(set.grpc_listen.port(), 1);
    }

    #[test]
    fn a_variable_keeps_its_digits_and_a_number_is_whole() {
        let set = with(&[("NOEMIE_AMQP_PREFIX", "0012"), ("NOEMIE_MAX_UPLOADS", "7")]);
        let set = set.expect("valid");
        assert_eq!((set.amqp_prefix.as_str(), set.max_uploads), ("0012", 7));
        let set = with(&[("NOEMIE_GOOD_FRIDAY", "true")]).expect("valid");
        assert!(set.good_friday);
        with(&[("NOEMIE_MAX_UPLOADS", "1.5")]).expect_err("no whole number");
    }

    #[test]
    fn limits_that_let_nothing_pass_are_refused_by_name() {
        for name in ["database_connections", "max_file_bytes", "max_uploads"] {
            let variable = format!("NOEMIE_{}", name.to_uppercase());
            let refused = with(&[(&variable, "0")]).expect_err(name).to_string();
            assert!(refused.starts_with(&format!("{name} is 0: ")), "{refused}");
            with(&[(&variable, "1")]).expect(name);
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_told_by_its_setting_and_not_repeated() {
        for name in ["max_uploads", "good_friday"] {
            let variable = format!("NOEMIE_{}", name.to_uppercase());
            let refused = with(&[(&variable, "s3cret")]).expect_err(name).to_string();
            assert!(refused.contains(name) && !refused.contains("s3cret"), "{refused}");
        }
    }
}
