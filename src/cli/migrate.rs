//! `migrate`: the database at this version, and rid of what only earlier ones need.

use super::Output;
use crate::app::App;
use anyhow::Result;
use clap::Args;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    /// Also remove what only earlier versions need. For when the last replica of one is stopped;
    /// refused while one is connected.
    #[arg(long)]
    finish: bool,
}

/// Opening has brought the schema up.
pub(super) async fn run(args: &MigrateArgs, app: &App, out: &mut Output) -> Result<ExitCode> {
    writeln!(out, "The database is at the version of this program.")?;
    if app.store.serves_older_versions().await? {
        if args.finish {
            app.store.leave_older_versions().await?;
            writeln!(out, "What only earlier versions need is removed.")?;
        } else {
            writeln!(
                out,
                "It still holds what only earlier versions need: `migrate --finish` removes it once no replica of one is left."
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
