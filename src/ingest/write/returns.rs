//! Writes the returns of a NOEMIE file: matched ones change the parts of their claims, the others
//! are kept unmatched.

use super::open_deposits::wait_for_open;
use super::totals::Totals;
use crate::domain::{Token, UnmatchedReturn};
use crate::ingest::IngestError;
use crate::ingest::matching::{Answer, apply};
use crate::ingest::returns::{ReadReturn, read_returns};
use crate::kill_point;
use crate::normalise::DepositContext;
use crate::store::UnitOfWork;
use crate::vault::TOKEN_VERSION;
use noemie_parsers::noemie::Packaging;

/// Writes the returns of a file.
pub(super) async fn write(
    context: &DepositContext,
    packaging: Packaging,
    work: &mut dyn UnitOfWork,
    totals: &mut Totals,
) -> Result<(), IngestError> {
    let mut batches = read_returns(context, packaging);
    while let Some(batch) = batches.next_batch().await {
        write_batch(batch, context, work, totals).await?;
    }
    let envelope =
        batches.envelope().await.map_err(IngestError::archive("reading the file again"))?;
    totals.count_envelope(envelope);
    Ok(())
}

async fn write_batch(
    batch: Vec<ReadReturn>,
    context: &DepositContext,
    work: &mut dyn UnitOfWork,
    totals: &mut Totals,
) -> Result<(), IngestError> {
    let (mut answers, mut rows) = (Vec::with_capacity(batch.len()), Vec::new());
    for read in batch {
        match read {
            ReadReturn::Answer(answer) => answers.push(answer),
            ReadReturn::Quarantined(quarantined) => {
                totals.count_quarantined_return(quarantined.entities, quarantined.unwritten);
                rows.push(quarantined.row);
            }
        }
    }
    let applied = apply(&answers, &context.origin, &context.clock, work).await?;
    wait_for_open(applied.exchanges.iter().copied(), context, work).await?;
    for (answer, is_matched) in answers.into_iter().zip(applied.matched) {
        if is_matched {
            totals.count_matched(answer.entities);
        } else {
            totals.count_unmatched(answer.entities);
            rows.push(unmatched_row(answer));
        }
    }
    if !rows.is_empty() {
        work.insert_unmatched_returns(context.origin.exchange_id, &rows).await?;
    }
    kill_point::reach("returns.matched");
    applied.findings.into_iter().for_each(|finding| totals.add_finding(finding));
    Ok(())
}

fn unmatched_row(answer: Answer) -> UnmatchedReturn {
    let states: Vec<String> = answer
        .outcomes
        .iter()
        .map(|o| format!("{} : {}", o.kind.libelle(), o.state.libelle()))
        .collect();
    UnmatchedReturn {
        ordinal: answer.ordinal,
        identity: answer.identities.into_iter().next().unwrap_or_else(|| Token(String::new())),
        token_version: TOKEN_VERSION,
        ps: answer.ps,
        invoice_number: answer.invoice_number,
        summary: states.join(" ; "),
    }
}
