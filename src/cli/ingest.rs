//! `ingest FILE…`: deposits files and prints their receipts.

use super::findings::{self, MAX_SHOWN};
use super::inputs::readable;
use super::output::{self, shown};
use super::words::french;
use super::{BAD_USAGE, FAILED, Format, Output, Session};
use crate::domain::{Exchange, Finding, Sender, Verdict};
use crate::service::local_files::Receipt;
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Args)]
pub(super) struct IngestArgs {
    /// Files to deposit.
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Who deposits: 1 to 64 letters, digits, `-`, `_` or `.`.
    #[arg(long, default_value = "cli")]
    sender: Sender,
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Exit status: the worst verdict, as for `validate`, 64 when a file cannot be read, or 70 when a
/// file has no receipt or a verdict that this version does not know. The other files are deposited
/// all the same.
pub(super) async fn run(args: &IngestArgs, session: &mut Session) -> Result<ExitCode> {
    let files = session.app.local_files();
    let mut worst = 0;
    for path in &args.files {
        if let Err(fault) = readable(path) {
            output::error(format_args!("{}: {fault}", shown(path)));
            worst = worst.max(BAD_USAGE);
            continue;
        }
        let receipt = match files.deposit(&session.caller, path, &args.sender).await {
            Ok(receipt) => receipt,
            Err(failure) => {
                let failure = anyhow::Error::new(failure);
                output::error(format_args!("{}: {failure:#}", shown(path)));
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
        let exchanges = session.app.service().exchanges;
        let (id, out_dir) = (receipt.exchange.id, session.app.config.out_dir());
        let report = exchanges.report(&session.caller, id, None, MAX_SHOWN).await?;
        let findings = report.map(|report| report.anomalies).unwrap_or_default();
        let arl = out_dir.join(&receipt.exchange.sender).join(&receipt.arl.file_name);
        match args.format {
            Format::Json => session.out.json(&object(&receipt, &arl, &findings))?,
            Format::Text => print(&mut session.out, &receipt, &arl, &findings)?,
        }
    }
    if let Err(failure) = session.app.write_returns().await {
        output::error(format_args!(
            "return files could not be written, they wait in the store: {failure:#}"
        ));
    }
    Ok(ExitCode::from(worst))
}

fn print(out: &mut Output, receipt: &Receipt, arl: &Path, found: &[Finding]) -> Result<()> {
    let e = &receipt.exchange;
    let again =
        if receipt.repeated { " (déjà déposé : premier accusé rendu à nouveau)" } else { "" };
    writeln!(out, "{} : {} [{}]{again}", e.file_name, e.verdict.libelle(), e.verdict.as_str())?;
    writeln!(out, "  échange {} ; ARL {}", e.id, arl.display())?;
    print_counts(out, e)?;
    findings::print_first(out, found, e.anomalies)?;
    Ok(())
}

/// Counts the returns of an exchange that match no claim; empty when there are none.
pub(super) fn without_claim(e: &Exchange) -> String {
    if e.unmatched == 0 { String::new() } else { format!(", {} sans demande", e.unmatched) }
}

/// Sentence about a file of the test lane.
pub(super) const TEST_NOTICE: &str = "fichier de test : rien ne sera payé";

/// Prints what became of the invoices of an exchange, and its sums.
pub(super) fn print_counts(out: &mut Output, e: &Exchange) -> Result<()> {
    if e.lane.is_test() {
        writeln!(out, "  {TEST_NOTICE}")?;
    }
    writeln!(
        out,
        "  {} : {}, {}, {}{}",
        french(e.invoices, "facture", "factures"),
        french(e.accepted, "prise en charge", "prises en charge"),
        french(e.quarantined, "mise de côté", "mises de côté"),
        french(e.duplicates, "déjà connue", "déjà connues"),
        without_claim(e)
    )?;
    if e.unmatched > 0 {
        let id = e.id;
        writeln!(out, "  réponses sans demande : noemie-gateway list unmatched --exchange {id}")?;
    }
    writeln!(
        out,
        "  total {} € ; AMO {} € ; AMC {} € ; {}",
        e.total,
        e.amo,
        e.amc,
        french(e.anomalies, "anomalie", "anomalies")
    )?;
    Ok(())
}

fn object(receipt: &Receipt, arl: &Path, found: &[Finding]) -> serde_json::Value {
    let mut object = exchange(&receipt.exchange);
    object["repeated"] = json!(receipt.repeated);
    object["arl"] = json!(receipt.arl.file_name);
    object["arl_path"] = json!(arl);
    object["findings"] = json!(found);
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
        "received_at": e.received_at.format(&Rfc3339).ok(),
        "test": e.lane.is_test(),
    })
}
