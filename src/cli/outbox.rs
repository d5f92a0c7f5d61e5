//! `outbox`: what waits for publication.

use super::{Format, OutputArgs};
use crate::app::App;
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;

pub(super) async fn run(args: &OutputArgs, app: &App) -> Result<ExitCode> {
    let depth = app.store.outbox_depth().await?;
    let age = depth.oldest.map(|at| (app.clock.now() - at).whole_seconds());
    match args.format {
        Format::Json => println!("{}", json!({"pending": depth.pending, "oldest_seconds": age})),
        Format::Text => match age {
            None => println!("Rien n'attend : tous les événements sont publiés."),
            Some(age) => {
                println!("{} événements attendent, le plus ancien depuis {age} s", depth.pending)
            }
        },
    }
    Ok(ExitCode::SUCCESS)
}
