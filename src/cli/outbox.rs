//! `outbox`: how many events wait for publication.

use super::words::english;
use super::{Format, OutputArgs, Session};
use anyhow::Result;
use std::io::Write as _;
use std::process::ExitCode;

/// Prints the number of waiting events and the age of the oldest.
pub(super) async fn run(args: &OutputArgs, session: &mut Session) -> Result<ExitCode> {
    let state = session.app.operations().outbox(&session.caller).await?;
    match (args.format, state.oldest_seconds) {
        (Format::Json, _) => session.out.json(&state)?,
        (Format::Text, None) => writeln!(session.out, "No event waits: all are published.")?,
        (Format::Text, Some(age)) => {
            let waiting = english(state.pending, "event waits", "events wait");
            writeln!(session.out, "{waiting}, the oldest for {age} s.")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
