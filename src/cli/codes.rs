//! `codes` and `explain CODE`: the codes of anomalies and of rejects, with cause and remedy.

use super::{Format, OutputArgs, output};
use crate::domain::RejectFamily;
use anyhow::Result;
use clap::Args;
use noemie_parsers::anomaly::{Code, FixedBy};
use noemie_parsers::codes::amo_anomaly::anomaly;
use noemie_parsers::codes::reject::{family, reject_code};
use serde::Serialize;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Code of an anomaly (`C10-NIR-CLE`), of a reject (`122`, `0250 050`, `I1002`) or of a family
    /// of rejects (`DROITS`).
    #[arg(required = true, num_args = 1..)]
    code: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Explanation of a code of anomaly or of reject.
#[derive(Debug, Serialize)]
struct Explanation {
    code: String,
    /// French title.
    title: &'static str,
    /// Severity of an anomaly.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    /// French sentence: the cause of an anomaly, the meaning of a reject.
    cause: &'static str,
    /// French sentence: the remedy.
    fix: &'static str,
    /// Person or organisation that can mend the cause of an anomaly.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_by: Option<FixedBy>,
    /// Family of a reject.
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<&'static str>,
}

impl Explanation {
    fn of_anomaly(code: Code) -> Self {
        Self {
            code: code.as_str().to_owned(),
            title: code.titre(),
            severity: Some(code.severity().as_str()),
            cause: code.cause(),
            fix: code.fix(),
            fixed_by: Some(code.fixed_by()),
            family: None,
        }
    }

    fn of_reject(code: &str, title: &'static str, family: RejectFamily) -> Self {
        Self {
            code: code.to_owned(),
            title,
            severity: None,
            cause: family.meaning(),
            fix: family.to_do(),
            fixed_by: None,
            family: Some(family.as_str()),
        }
    }

    /// Finds a code in the tables: anomalies, then rejects, then families.
    fn find(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(code) = text.parse() {
            return Some(Self::of_anomaly(code));
        }
        if text.eq_ignore_ascii_case("DEJA_RECUE") || text.eq_ignore_ascii_case("DEJA_PAYEE") {
            let title = "Facture déjà reçue, ou déjà payée";
            return Some(Self::of_reject(&text.to_uppercase(), title, RejectFamily::Duplicate));
        }
        if let Some(entry) = reject_code(text) {
            return Some(Self::of_reject(entry.code, entry.label, entry.family));
        }
        let upper = text.to_uppercase();
        if let Some(entry) = anomaly(&upper) {
            let family = family(entry.code, entry.label);
            return Some(Self::of_reject(entry.code, entry.label, family));
        }
        RejectFamily::from_code(&upper)
            .map(|family| Self::of_reject(family.as_str(), "Famille de motifs de rejet", family))
    }

    fn print(&self, out: &mut output::Output) -> std::io::Result<()> {
        let severity = self.severity.map(|cost| format!(" [{cost}]")).unwrap_or_default();
        writeln!(out, "{}{severity} : {}", self.code, self.title)?;
        if let Some(family) = self.family {
            writeln!(out, "  famille : {family}")?;
        }
        writeln!(out, "  cause : {}", self.cause)?;
        writeln!(out, "  à faire : {}", self.fix)?;
        match self.fixed_by {
            Some(who) => writeln!(out, "  qui peut corriger : {}", who.libelle()),
            None => Ok(()),
        }
    }
}

/// Prints the explanations of codes. Exit status 1 when a code is not known.
pub(super) fn explain(args: &ExplainArgs, out: &mut output::Output) -> Result<ExitCode> {
    let mut status = ExitCode::SUCCESS;
    for text in &args.code {
        match (Explanation::find(text), args.output.format) {
            (Some(found), Format::Json) => out.json(&found)?,
            (Some(found), Format::Text) => found.print(out)?,
            (None, _) => {
                output::notice(format!("{text} : code inconnu. Les codes : noemie-gateway codes."));
                status = ExitCode::FAILURE;
            }
        }
    }
    Ok(status)
}

/// Prints every code of anomaly with its title.
pub(super) fn list(args: &OutputArgs, out: &mut output::Output) -> Result<ExitCode> {
    for code in Code::ALL {
        let found = Explanation::of_anomaly(*code);
        match args.format {
            Format::Json => out.json(&found)?,
            Format::Text => {
                let severity = code.severity().as_str();
                writeln!(out, "{:<22} {severity:<8} {}", found.code, found.title)?;
            }
        }
    }
    if args.format == Format::Text {
        writeln!(out, "noemie-gateway explain CODE : cause et remède.")?;
    }
    Ok(ExitCode::SUCCESS)
}
