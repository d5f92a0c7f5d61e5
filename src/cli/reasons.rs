//! `reasons`: the codes of reasons of rejects and deferrals, with their labels.

use super::{Format, OutputArgs, Session};
use anyhow::Result;
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;

/// Prints the codes, and whether a worker may use others.
pub(super) fn run(args: &OutputArgs, session: &mut Session) -> Result<ExitCode> {
    let service = session.app.service();
    let codes = service.decisions.codes(&session.caller);
    for (code, label) in codes.iter() {
        match args.format {
            Format::Json => session.out.json(&json!({ "code": code, "libelle": label }))?,
            Format::Text => writeln!(session.out, "{code:<12} {label}")?,
        }
    }
    if args.format == Format::Text {
        let others = if codes.refuses_others() {
            "Les autres codes sont refusés."
        } else {
            "Les autres codes sont acceptés avec un avertissement (réglage reason_codes)."
        };
        writeln!(session.out, "{others}")?;
    }
    Ok(ExitCode::SUCCESS)
}
