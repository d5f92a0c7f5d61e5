//! `match EXCHANGE ORDINAL CLAIM`: records that an answer of a payer is about a claim, or takes
//! such a match back.

use super::{Format, OutputArgs, Session, output, status};
use crate::domain::{AnswerPlace, ClaimId, ExchangeId, FreeText};
use crate::service::matches::{MatchChange, MatchError, MatchRequest};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;

/// Both forms of the command, in the order of `--help`.
const USAGE: &str = "noemie-gateway match <EXCHANGE> <ORDINAL> <CLAIM> --why <TEXT>\n       \
    noemie-gateway match <EXCHANGE> <ORDINAL> --undo --why <TEXT>";

#[derive(Debug, Args)]
#[command(override_usage = USAGE)]
pub(super) struct MatchArgs {
    /// Exchange of the answer, as `list unmatched` shows it.
    #[arg(value_name = "EXCHANGE")]
    exchange: ExchangeId,
    /// Rank of the answer in the exchange, from 1.
    #[arg(value_name = "ORDINAL", value_parser = clap::value_parser!(u64).range(1..))]
    ordinal: u64,
    /// Claim that the answer is about.
    #[arg(value_name = "CLAIM", required_unless_present = "undo", conflicts_with = "undo")]
    claim: Option<ClaimId>,
    /// Take back the match that a person recorded.
    #[arg(long)]
    undo: bool,
    /// Reason, for the journal; do not name a person.
    #[arg(long, value_name = "TEXT")]
    why: FreeText,
    /// Author, for the journal; user id and host when not given.
    #[arg(long, value_name = "NAME")]
    by: Option<FreeText>,
    /// Number of matches recorded about the answer, as `list unmatched --format json` shows it
    /// (`version`); another number is refused.
    #[arg(long, value_name = "N")]
    expected_version: Option<u64>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Exit status 0 when the match is recorded, or was before; 1 when it is refused.
pub(super) async fn run(args: &MatchArgs, session: &mut Session) -> Result<ExitCode> {
    let request = MatchRequest {
        answer: AnswerPlace { exchange_id: args.exchange, ordinal: args.ordinal },
        change: args.claim.map_or(MatchChange::Undo, MatchChange::Match),
        why: args.why.clone(),
        decided_by: args.by.clone(),
        expected_version: args.expected_version,
    };
    let matches = session.app.service().matches;
    let recorded = match matches.record(&session.caller, &request).await {
        Ok(recorded) => recorded,
        Err(MatchError::Store(failure)) => return Err(failure.into()),
        Err(refusal) => {
            output::error(refusal);
            return Ok(ExitCode::FAILURE);
        }
    };
    match args.output.format {
        Format::Json => session.out.json(&json!({
            "match_id": recorded.match_id,
            "repeated": recorded.match_id.is_none(),
            "claim": status::object(&recorded.view),
            "exact_claim_id": recorded.exact,
            "version": recorded.version,
        }))?,
        Format::Text => {
            let sentence = match (recorded.match_id, args.undo) {
                (None, _) => "Rapprochement déjà enregistré.",
                (Some(_), false) => "Rapprochement enregistré.",
                (Some(_), true) => "Rapprochement annulé.",
            };
            writeln!(session.out, "{sentence}")?;
            if let Some(exact) = recorded.exact {
                let same = "a la même identité de facture : la réponse lui est appliquée";
                writeln!(session.out, "La demande {exact} {same}.")?;
            }
            status::print(&mut session.out, &recorded.view)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
