//! `key create`: makes the vault key of a new installation.

use super::{Format, Output, OutputArgs, output};
use crate::app::create_key;
use crate::config::Config;
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;
use std::io::Write as _;
use std::path::absolute;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make the vault key in the file of `vault_key_file`, or in `vault.key` of the data directory.
    /// A file that exists is never replaced.
    Create(OutputArgs),
}

/// Makes the key, and prints where it is and who has to get it.
pub(super) async fn run(
    KeyCommand::Create(args): &KeyCommand,
    config: &Config,
    out: &mut Output,
) -> Result<ExitCode> {
    let path = create_key(config).await?;
    let shown = output::shown(&absolute(&path).unwrap_or(path));
    match args.format {
        Format::Json => out.json(&json!({ "file": shown }))?,
        Format::Text => writeln!(
            out,
            "The vault key is in {shown}.\n\
             Copy the file to each replica (vault_key_file), and keep one copy apart from the \
             backups of database and archive: nothing opens them without the key."
        )?,
    }
    Ok(ExitCode::SUCCESS)
}
