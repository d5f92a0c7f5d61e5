//! `validate FILE…`: the dry run.

use super::{BAD_USAGE, Format};
use crate::domain::Verdict;
use anyhow::Result;
use clap::Args;
use noemie_parsers::types::Montant;
use noemie_xray::Report;
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    /// Files to read.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// The exit status is the worst verdict: 0 accepted, 1 partial, 2 refused; 64 when a file cannot be
/// read.
pub(super) fn run(args: &ValidateArgs) -> Result<ExitCode> {
    let mut worst = 0;
    for path in &args.files {
        let name = path.display().to_string();
        let report = match File::open(path).and_then(|file| noemie_xray::validate(file, &name)) {
            Ok(report) => report,
            Err(failure) => {
                eprintln!("noemie-gateway: {name}: {failure}");
                worst = BAD_USAGE;
                continue;
            }
        };
        worst = worst.max(match report.verdict {
            Verdict::Accepted => 0,
            Verdict::Partial => 1,
            Verdict::Refused => 2,
        });
        match args.format {
            Format::Json => println!("{}", serde_json::to_string(&report)?),
            Format::Text => print(&report),
        }
    }
    Ok(ExitCode::from(worst))
}

/// Findings shown to a person; the rest is counted.
const SHOWN: usize = 50;

fn print(report: &Report) {
    let euros = |centimes| Montant::from_centimes(centimes);
    println!("{} : {} [{}]", report.file, report.verdict.libelle(), report.verdict.as_str());
    println!(
        "  {}, {} enregistrements, {} fichiers logiques, {} lots",
        report.format(),
        report.records,
        report.logical_files,
        report.lots
    );
    println!(
        "  {} factures, {} lignes ; {} acceptées, {} mises de côté",
        report.invoices,
        report.lines,
        report.accepted_invoices,
        report.quarantined_invoices.len()
    );
    println!(
        "  total {} € ; AMO {} € ; AMC {} €",
        euros(report.total_centimes),
        euros(report.amo_centimes),
        euros(report.amc_centimes)
    );
    for finding in report.anomalies.iter().take(SHOWN) {
        let place = match (finding.record, finding.column) {
            (Some(record), Some(column)) => {
                format!("enregistrement {record} ({}), colonne {column}", finding.record_type)
            }
            _ => "fichier".to_owned(),
        };
        let invoice =
            finding.invoice.as_ref().map(|n| format!(", facture {n}")).unwrap_or_default();
        println!(
            "  - [{}] {} : {}{invoice}\n      {}",
            finding.severity, finding.code, place, finding.message
        );
    }
    if report.anomaly_count > SHOWN as u64 {
        println!("  … {} anomalies en tout", report.anomaly_count);
    }
}
