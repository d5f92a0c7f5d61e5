//! Findings of a file, as every command prints them for a person.

use super::words::french;
use crate::domain::Finding;
use std::io::{self, Write};

/// Most findings that the text form lists for one file; the rest is counted.
pub(super) const MAX_SHOWN: usize = 50;

/// Writes the first findings of a file, and how many more there are of the `total`.
pub(super) fn print_first(
    out: &mut impl Write,
    findings: &[Finding],
    total: u64,
) -> io::Result<()> {
    let shown = findings.len().min(MAX_SHOWN);
    print(out, &findings[..shown])?;
    let others = total.saturating_sub(shown as u64);
    if others > 0 {
        let all = french(total, "anomalie", "anomalies");
        writeln!(out, "  … {}, {all} en tout", french(others, "autre", "autres"))?;
    }
    Ok(())
}

/// Writes findings.
pub(super) fn print(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        let position = match (finding.record, finding.column) {
            (Some(record), Some(column)) => {
                format!("enregistrement {record} ({}), colonne {column}", finding.record_type)
            }
            _ => "fichier".to_owned(),
        };
        let invoice =
            finding.invoice.as_ref().map(|n| format!(", facture {n}")).unwrap_or_default();
        let value = finding.value.as_deref().map(str::trim).filter(|value| !value.is_empty());
        let value = value.map(|value| format!(" (lu : {value})")).unwrap_or_default();
        writeln!(
            out,
            "  - [{}] {} : {position}{invoice}\n      {}{value}",
            finding.severity, finding.code, finding.message
        )?;
        if let Some(code) = finding.code.known() {
            writeln!(out, "      à faire ({}) : {}", code.fixed_by().libelle(), code.fix())?;
        }
    }
    Ok(())
}
