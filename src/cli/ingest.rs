//! `ingest FILE…`: deposits and receipts.

use super::{Format, Output, output};
use crate::app::App;
use crate::domain::{Channel, Exchange, Verdict};
use crate::ingest::{Deposit, IngestError, Receipt, is_sender};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct IngestArgs {
    /// Files to deposit.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Who deposits: 1 to 64 letters, digits, `-`, `_` or `.`.
    #[arg(long, default_value = "cli", value_parser = sender)]
    sender: String,
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

fn sender(name: &str) -> std::result::Result<String, IngestError> {
    if is_sender(name) { Ok(name.to_owned()) } else { Err(IngestError::InvalidSender) }
}

/// Exit status when a file has no receipt: told apart from every verdict.
const NOT_DEPOSITED: u8 = 70;

/// The exit status is the worst verdict, as for `validate`. A file that cannot be deposited does
/// not keep the next ones out.
pub(super) async fn run(args: &IngestArgs, app: &App, out: &mut Output) -> Result<ExitCode> {
    let mut worst = 0;
    for path in &args.files {
        let receipt = match deposit(app, path, &args.sender, Channel::Cli).await {
            Ok(receipt) => receipt,
            Err(failure) => {
                output::error(format_args!("{}: {failure:#}", path.display()));
                worst = NOT_DEPOSITED;
                continue;
            }
        };
        worst = worst.max(match receipt.exchange.verdict {
            Verdict::Accepted => 0,
            Verdict::Partial => 1,
            Verdict::Refused => 2,
        });
        match args.format {
            Format::Json => writeln!(out, "{}", object(&receipt))?,
            Format::Text => print(out, &receipt)?,
        }
    }
    if let Err(failure) = app.write_returns().await {
        // The deposits are committed all the same.
        output::error(format_args!(
            "return files could not be written, they wait in the store: {failure:#}"
        ));
    }
    Ok(ExitCode::from(worst))
}

/// Deposits one file of this machine.
pub(super) async fn deposit(
    app: &App,
    path: &Path,
    sender: &str,
    channel: Channel,
) -> Result<Receipt> {
    let file_name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let deposit = Deposit { sender: sender.to_owned(), channel, file_name, idempotency_key: None };
    Ok(app.ingest.accept_file(path, deposit).await?)
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

/// An exchange as JSON.
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
