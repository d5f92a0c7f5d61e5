//! Why settings are refused. No text repeats a value, which may be a password in the wrong place.

use config::ConfigError;
use std::io;
use std::path::PathBuf;

/// Why the settings were not read, or cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A name of the file or of the environment is no setting.
    #[error(
        "{what} is not a setting{}Correct the name, or take it out",
        .nearest.as_ref().map_or_else(|| ". ".to_owned(), |name| format!(": did you mean {name}? "))
    )]
    Unknown {
        /// Name, and its place in the file.
        what: String,
        /// Name of a setting that differs by a few letters.
        nearest: Option<String>,
    },
    /// The configuration file was named and is not there.
    #[error("{}: there is no such configuration file", .0.display())]
    NoFile(PathBuf),
    /// The configuration file could not be read.
    #[error("reading {}", .path.display())]
    Read {
        /// File.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The configuration file is no TOML.
    #[error("{}: line {line}, column {column}: {reason}", .path.display())]
    Syntax {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// Reason of the TOML reader, without text of the file.
        reason: String,
    },
    /// A variable is not Unicode.
    #[error("{0} is not valid UTF-8")]
    NotUnicode(String),
    /// A setting has a value that cannot work, or that contradicts another setting.
    #[error("{0}")]
    Wrong(String),
}

impl From<ConfigError> for SettingsError {
    fn from(failure: ConfigError) -> Self {
        Self::Wrong(reason(&failure, None))
    }
}

/// Returns the reason of a value that does not fit its setting, without the value.
fn reason(failure: &ConfigError, outer: Option<&str>) -> String {
    let of = |key: Option<&str>, what: String| match key {
        Some(key) => format!("{key}: {what}"),
        None => what,
    };
    match failure {
        ConfigError::Type { expected, key, .. } => {
            of(key.as_deref().or(outer), format!("expected {expected}"))
        }
        ConfigError::At { error, key, .. } => reason(error, key.as_deref().or(outer)),
        other => of(outer, other.to_string()),
    }
}
