//! `lookup`: answers whether a professional has a convention with an insurer, and whether the
//! télétransmission is active.

use super::words::french;
use super::{Format, Session, day, output};
use crate::service::conventions::{Answer, LookupAnswer, LookupError, LookupQuery};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;
use time::Date;

#[derive(Debug, Args)]
pub(super) struct LookupArgs {
    /// Billing number, FINESS (ET or EJ) or RPPS.
    identifier: String,
    /// Number of the insurer (AMC), 1 to 10 digits.
    #[arg(long)]
    amc: String,
    /// Care domain, for example PHAR. With `*` one convention in force for any domain is enough for
    /// a yes; the answer names its domain, and the other domains that have a convention.
    #[arg(long, default_value = "*")]
    domain: String,
    /// Day of care, AAAA-MM-JJ; today when not given.
    #[arg(long, value_parser = day)]
    on: Option<Date>,
    /// `text` for people, `json` for one object.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Exit status 0 for yes, 1 for no or unknown, 64 for a misshapen question.
pub(super) async fn run(args: &LookupArgs, session: &mut Session) -> Result<ExitCode> {
    let on = args.on.unwrap_or_else(|| session.app.service().conventions.today());
    let query = LookupQuery {
        identifier: args.identifier.clone(),
        amc: args.amc.clone(),
        domain: args.domain.clone(),
        on,
    };
    let answer = match session.app.service().conventions.lookup(&session.caller, &query).await {
        Ok(answer) => answer,
        Err(LookupError::Invalid(fields)) => {
            for wrong in fields {
                let message = &wrong.message;
                output::error(format_args!("{} [{}] : {message}", wrong.field, wrong.code));
            }
            return Ok(ExitCode::from(super::BAD_USAGE));
        }
        Err(failure) => return Err(failure.into()),
    };
    match args.format {
        Format::Json => session.out.json(&object(&answer))?,
        Format::Text => {
            lines(&answer).iter().try_for_each(|line| writeln!(session.out, "{line}"))?
        }
    }
    Ok(if answer.answer == Answer::Yes { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const fn word(answer: Answer) -> (&'static str, &'static str) {
    match answer {
        Answer::Yes => ("yes", "Oui"),
        Answer::No => ("no", "Non"),
        Answer::Unknown => ("unknown", "Inconnu"),
    }
}

/// Returns the lines of an answer in French.
pub(super) fn lines(answer: &LookupAnswer) -> Vec<String> {
    let mut lines =
        vec![format!("{} [{}] : {}", word(answer.answer).1, answer.reason_code, answer.reason)];
    let transmission = if answer.teletransmission_active { "active" } else { "inactive" };
    let through =
        answer.concentrator.as_ref().map(|c| format!(" (concentrateur {c})")).unwrap_or_default();
    lines.push(format!("  télétransmission {transmission}{through}"));
    if let Some(e) = &answer.establishment {
        lines.push(format!("  {} {} ({})", e.finess_et, e.name, e.post_line));
    }
    if let Some(r) = &answer.register {
        let age = french(r.age_days.unsigned_abs(), "jour", "jours");
        lines.push(format!("  registre FINESS du {} ({age})", r.as_of));
    }
    lines.extend(answer.warnings.iter().map(|(code, text)| format!("  ! {code} : {text}")));
    lines
}

fn object(answer: &LookupAnswer) -> serde_json::Value {
    let warnings: Vec<_> =
        answer.warnings.iter().map(|(code, text)| json!({"code": code, "message": text})).collect();
    json!({
        "answer": word(answer.answer).0,
        "reason_code": answer.reason_code,
        "reason": answer.reason,
        "teletransmission_active": answer.teletransmission_active,
        "concentrator": answer.concentrator,
        "matched_by": answer.matched_by.map(|m| format!("{m:?}")),
        "finess_et": answer.establishment.as_ref().map(|e| &e.finess_et),
        "register_as_of": answer.register.as_ref().map(|r| r.as_of.to_string()),
        "warnings": warnings,
    })
}
