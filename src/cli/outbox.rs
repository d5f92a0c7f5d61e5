//! `outbox`: what waits for publication.

use super::{Format, Output, OutputArgs};
use crate::app::App;
use anyhow::Result;
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;

pub(super) async fn run(args: &OutputArgs, app: &App, out: &mut Output) -> Result<ExitCode> {
    let depth = app.store.outbox_depth().await?;
    let age = depth.oldest.map(|at| (app.clock.now() - at).whole_seconds());
    match args.format {
        Format::Json => {
            writeln!(out, "{}", json!({"pending": depth.pending, "oldest_seconds": age}))?
        }
        Format::Text => match age {
            None => writeln!(out, "Rien n'attend : tous les événements sont publiés.")?,
            Some(age) => writeln!(
                out,
                "{} événements attendent, le plus ancien depuis {age} s",
                depth.pending
            )?,
        },
    }
    Ok(ExitCode::SUCCESS)
}
