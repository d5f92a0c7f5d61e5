//! `migrate`: brings the schema of the database to the version of this program.

use super::Session;
use anyhow::Result;
use std::io::Write as _;
use std::process::ExitCode;

/// Marks broker and archive of a new installation, and prints that the schema is current: opening
/// the installation has applied the migrations.
pub(super) async fn run(Session { app, out, .. }: &mut Session) -> Result<ExitCode> {
    app.mark_places().await?;
    writeln!(out, "The database is at the version of this program.")?;
    Ok(ExitCode::SUCCESS)
}
