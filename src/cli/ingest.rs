//! `ingest FILE…`: deposits files and prints their receipts.

use super::{FAILED, Format, Output, Session, output};
use crate::domain::{Exchange, Sender, Verdict};
use crate::service::local_files::Receipt;
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct IngestArgs {
    /// Files to deposit.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Who deposits: 1 to 64 letters, digits, `-`, `_` or `.`.
    #[arg(long, default_value = "cli")]
    sender: Sender,
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Exit status: the worst verdict, as for `validate`, or 70 when a file has no receipt or a verdict
/// that this version does not know. The other
/// files are deposited all the same.
pub(super) async fn run(args: &IngestArgs, session: &mut Session) -> Result<ExitCode> {
    let files = session.app.local_files();
    let mut worst = 0;
    for path in &args.files {
        let receipt = match files.deposit(&session.caller, path, &args.sender).await {
            Ok(receipt) => receipt,
            Err(failure) => {
                let failure = anyhow::Error::new(failure);
                output::error(format_args!("{}: {failure:#}", path.display()));
                worst = FAILED;
                continue;
            }
        };
        worst = worst.max(match receipt.exchange.verdict {
            Verdict::Accepted => 0,
            Verdict::Partial => 1,
            Verdict::Refused => 2,
            // The first receipt of a repeated file, given by a later version.
            Verdict::Unknown => FAILED,
        });
        match args.format {
            Format::Json => session.out.json(&object(&receipt))?,
            Format::Text => print(&mut session.out, &receipt)?,
        }
    }
    if let Err(failure) = session.app.write_returns().await {
        output::error(format_args!(
            "return files could not be written, they wait in the store: {failure:#}"
        ));
    }
    Ok(ExitCode::from(worst))
}

fn print(out: &mut Output, receipt: &Receipt) -> Result<()> {
    let e = &receipt.exchange;
    let again =
        if receipt.repeated { " (déjà déposé : premier accusé rendu à nouveau)" } else { "" };
    writeln!(out, "{} : {} [{}]{again}", e.file_name, e.verdict.libelle(), e.verdict.as_str())?;
    writeln!(out, "  échange {} ; ARL {}", e.id, receipt.arl.file_name)?;
    writeln!(
        out,
        "  {} factures : {} prises en charge, {} mises de côté, {} déjà connues",
        e.invoices, e.accepted, e.quarantined, e.duplicates
    )?;
    writeln!(
        out,
        "  total {} € ; AMO {} € ; AMC {} € ; {} anomalies",
        e.total, e.amo, e.amc, e.anomalies
    )?;
    Ok(())
}

fn object(receipt: &Receipt) -> serde_json::Value {
    let mut object = exchange(&receipt.exchange);
    object["repeated"] = json!(receipt.repeated);
    object["arl"] = json!(receipt.arl.file_name);
    object
}

/// Returns an exchange as JSON.
pub(super) fn exchange(e: &Exchange) -> serde_json::Value {
    json!({
        "exchange_id": e.id,
        "sender": e.sender,
        "channel": e.channel,
        "file": e.file_name,
        "digest": e.digest,
        "size": e.size,
        "norm": e.norm,
        "packaging": e.packaging,
        "verdict": e.verdict,
        "logical_files": e.logical_files,
        "lots": e.lots,
        "invoices": e.invoices,
        "lines": e.lines,
        "accepted": e.accepted,
        "quarantined": e.quarantined,
        "duplicates": e.duplicates,
        "unmatched": e.unmatched,
        "total_centimes": e.total.centimes(),
        "amo_centimes": e.amo.centimes(),
        "amc_centimes": e.amc.centimes(),
        "anomalies": e.anomalies,
        "received_at": e.received_at.unix_timestamp(),
    })
}
