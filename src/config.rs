//! Configuration: defaults, then a TOML file, then the environment (`NOEMIE_…`). Without any of
//! them the gateway runs embedded.

use crate::domain::{Calendar, Territory};
use crate::vault::KEY_FILE;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Configuration file that is read if it exists, unless another file is named.
pub const DEFAULT_FILE: &str = "noemie-gateway.toml";

/// Prefix of the environment variables.
const PREFIX: &str = "NOEMIE_";

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
    /// Prefix of the names of exchanges and queues, when several gateways share a broker.
    pub amqp_prefix: String,
    /// Address of the gRPC services.
    pub grpc_listen: SocketAddr,
    /// Address of `/healthz`, `/readyz` and `/metrics`.
    pub admin_listen: SocketAddr,
    /// Master key of the vault, 64 hexadecimal digits; better given as a file.
    pub vault_key: Option<String>,
    /// File that holds the master key; when not set, the first start makes `<data_dir>/vault.key`.
    pub vault_key_file: Option<PathBuf>,
    /// Drop directory, `<data_dir>/in` when not set; one sub-directory a sender.
    pub drop_dir: Option<PathBuf>,
    /// Directory of return files, `<data_dir>/out` when not set.
    pub out_dir: Option<PathBuf>,
    /// Size of the largest file accepted, in bytes.
    pub max_file_bytes: u64,
    /// Uploads over gRPC open at once; one more is refused with `RESOURCE_EXHAUSTED`.
    pub max_uploads: usize,
    /// Territory whose public holidays are no business days, for example `mainland` or
    /// `alsace-moselle`.
    pub territory: Territory,
    /// Whether Good Friday is a public holiday in Alsace-Moselle.
    pub good_friday: bool,
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
            amqp_prefix: String::new(),
            grpc_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 50051)),
            // The port by which OpenTelemetry serves metrics to Prometheus; 9090 is Prometheus'
            // own.
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
            vault_key: None,
            vault_key_file: None,
            drop_dir: None,
            out_dir: None,
            max_file_bytes: crate::ingest::Limits::default().file_bytes,
            // An upload holds a file of the archive open. It needs a database connection only once
            // it is whole, and waits for one: so there may be more uploads than connections.
            max_uploads: 64,
            territory: Calendar::default().territory,
            good_friday: Calendar::default().good_friday,
            log: "info".to_owned(),
            log_format: "text".to_owned(),
        }
    }
}

impl Config {
    /// Reads the settings. `file` must exist when it is named; [`DEFAULT_FILE`] is read when it is
    /// there. A name that is not a setting is an error in the file; in the environment, which
    /// others write too (compose files, scripts), see [`unknown_variables`].
    pub fn load(file: Option<&Path>) -> Result<Self, config::ConfigError> {
        Self::from_sources(file, std::env::vars().filter(|(name, _)| is_setting(name)).collect())
    }

    fn from_sources(
        file: Option<&Path>,
        environment: HashMap<String, String>,
    ) -> Result<Self, config::ConfigError> {
        let (path, required) = file.map_or((Path::new(DEFAULT_FILE), false), |f| (f, true));
        config::Config::builder()
            .add_source(
                config::File::from(path).format(config::FileFormat::Toml).required(required),
            )
            .add_source(
                config::Environment::with_prefix("NOEMIE")
                    .prefix_separator("_")
                    .source(Some(environment)),
            )
            .build()?
            .try_deserialize::<Self>()?
            .checked()
    }

    /// Refuses a limit of 0, under which no file or query would pass.
    fn checked(self) -> Result<Self, config::ConfigError> {
        let limits = [
            ("database_connections", u64::from(self.database_connections)),
            ("max_file_bytes", self.max_file_bytes),
            ("max_uploads", self.max_uploads as u64),
        ];
        match limits.iter().find(|(_, limit)| *limit == 0) {
            Some((name, _)) => Err(config::ConfigError::Message(format!(
                "{name} is 0: nothing would ever pass, give at least 1"
            ))),
            None => Ok(self),
        }
    }

    /// Returns the calendar by which business days count.
    #[must_use]
    pub const fn calendar(&self) -> Calendar {
        Calendar { territory: self.territory, good_friday: self.good_friday }
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

    /// Returns the directory of the encrypted raw files.
    #[must_use]
    pub fn archive_dir(&self) -> PathBuf {
        self.data_dir.join("archive")
    }

    /// Returns the settings as `config show` prints them: secrets masked, and the paths that stand
    /// for the settings that are not given.
    #[must_use]
    pub fn in_force(&self) -> Self {
        let key_file = self.vault_key_file.clone().unwrap_or_else(|| self.data_dir.join(KEY_FILE));
        Self {
            drop_dir: Some(self.drop_dir()),
            out_dir: Some(self.out_dir()),
            vault_key_file: self.vault_key.is_none().then_some(key_file),
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

/// Returns the variables with the prefix of the gateway that name no setting, so that a typing
/// error in a name is reported.
#[must_use]
pub fn unknown_variables() -> Vec<String> {
    let names = std::env::vars().map(|(name, _)| name);
    let is_known = |name: &str| {
        is_setting(name)
            || name == "NOEMIE_CONFIG"
            || name.starts_with("NOEMIE_TEST_")
            || is_kill_point(name)
    };
    names.filter(|name| name.starts_with(PREFIX) && !is_known(name)).collect()
}

/// Returns whether a variable names the kill point of a debug build.
fn is_kill_point(name: &str) -> bool {
    cfg!(debug_assertions) && name == crate::kill_point::VARIABLE
}

/// Returns whether a variable names a setting.
fn is_setting(variable: &str) -> bool {
    let Some(name) = variable.strip_prefix(PREFIX) else { return false };
    // The fields of the serialised structure are the names, so that no second list is needed.
    let fields = serde_json::to_value(Config::default()).expect("settings are text and numbers");
    fields.get(name.to_lowercase()).is_some()
}

/// Returns a URL with its password masked.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((credentials, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    let user = credentials.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:***@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Config, config::ConfigError> {
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
    }

    #[test]
    fn nothing_set_is_the_embedded_gateway() {
        assert_eq!(with(&[]).expect("defaults"), Config::default());
    }

    #[test]
    fn the_environment_wins_and_typos_are_seen() {
        let set = with(&[
            ("NOEMIE_DATABASE_URL", "postgres://u:p@h/d"),
            ("NOEMIE_GRPC_LISTEN", "0.0.0.0:1"),
        ])
        .expect("valid");
        assert_eq!(set.database_url.as_deref(), Some("postgres://u:p@h/d"));
        assert_eq!(set.grpc_listen.port(), 1);
        assert!(
            is_setting("NOEMIE_DATABASE_URL")
                && !is_setting("NOEMIE_DATABSE_URL")
                && !is_setting("DATABASE_URL")
        );
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
    fn passwords_are_masked() {
        assert_eq!(
            without_password("amqp://guest:gu@est@host:5672/%2f"),
            "amqp://guest:***@host:5672/%2f"
        );
        assert_eq!(without_password("sqlite:/tmp/a.db"), "sqlite:/tmp/a.db");
    }
}
