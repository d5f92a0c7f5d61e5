//! Writes the returns of a NOEMIE file: matched ones change the parts of their claims, the others
//! are kept unmatched.

use super::open_deposits::wait_for_open;
use super::totals::Totals;
use crate::domain::UnmatchedReturn;
use crate::ingest::IngestError;
use crate::ingest::matching;
use crate::ingest::returns::{ReadReturn, read_returns};
use crate::kill_point;
use crate::normalise::{Answer, DepositContext, Told};
use crate::store::UnitOfWork;
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
    let (mut transfers, mut items) = (Vec::new(), Vec::new());
    for read in batch {
        match read {
            ReadReturn::Answer(answer) => answers.push(*answer),
            ReadReturn::Quarantined(quarantined) => {
                totals.count_quarantined_return(quarantined.entities, quarantined.unwritten);
                rows.push(quarantined.row);
            }
            ReadReturn::Told(Told::Transfer(told)) => transfers.push(*told),
            ReadReturn::Told(Told::Item(item)) => items.push(*item),
        }
    }
    // A test announces no money: its transfers are not kept.
    if !context.origin.lane.is_test() {
        work.insert_told_transfers(&transfers).await?;
        work.insert_transfer_items(&items).await?;
    }
    rows.extend(write_answers(answers, context, work, totals).await?);
    if !rows.is_empty() {
        work.insert_unmatched_returns(context.origin.exchange_id, &rows).await?;
    }
    kill_point::reach("returns.matched");
    Ok(())
}

/// Writes the outcomes of answers and settles the invoices that the answers name. Returns the rows
/// of the answers that match no claim.
pub(super) async fn write_answers(
    answers: Vec<Answer>,
    context: &DepositContext,
    work: &mut dyn UnitOfWork,
    totals: &mut Totals,
) -> Result<Vec<UnmatchedReturn>, IngestError> {
    let attempts = matching::lock(&answers, work).await?;
    wait_for_open(matching::exchanges(&attempts), context, work).await?;
    let applied = matching::apply(&answers, attempts, context, work).await?;
    let mut unmatched = Vec::new();
    for (answer, is_matched) in answers.into_iter().zip(applied.matched) {
        if is_matched {
            totals.count_matched(answer.entities);
        } else {
            totals.count_unmatched(answer.entities);
            unmatched.push(answer.into_unmatched(&context.origin, &context.vault));
        }
    }
    applied.findings.into_iter().for_each(|finding| totals.add_finding(finding));
    Ok(unmatched)
}
