//! `docs formats`: the tables of the parsers as documents. For the maintainers: not in the help.

use super::Output;
use anyhow::{Context, Result};
use clap::Subcommand;
use noemie_parsers::documentation;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum DocsCommand {
    /// Write `b2.md` and `noemie.md`.
    Formats {
        /// Directory of the documents.
        #[arg(long, default_value = "docs/formats")]
        out: PathBuf,
    },
}

pub(super) fn run(command: &DocsCommand, out: &mut Output) -> Result<ExitCode> {
    let DocsCommand::Formats { out: directory } = command;
    std::fs::create_dir_all(directory)
        .with_context(|| format!("making {}", directory.display()))?;
    for (name, text) in [("b2.md", documentation::b2()), ("noemie.md", documentation::noemie())] {
        let path = directory.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
