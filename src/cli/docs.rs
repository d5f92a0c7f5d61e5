//! `docs formats`: the tables of the parsers as documents. For the maintainers: not in the help.

use anyhow::{Context, Result};
use clap::Subcommand;
use noemie_parsers::documentation;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum DocsCommand {
    /// Write `b2.md` and `noemie.md`.
    Formats {
        /// Where.
        #[arg(long, default_value = "docs/formats")]
        out: PathBuf,
    },
}

pub(super) fn run(command: &DocsCommand) -> Result<ExitCode> {
    let DocsCommand::Formats { out } = command;
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    for (name, text) in [("b2.md", documentation::b2()), ("noemie.md", documentation::noemie())] {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
