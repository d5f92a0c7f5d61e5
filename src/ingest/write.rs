//! Second pass over an archived file: its invoices and returns are written to the store.
//!
//! Invoices of norm B2 become claims, duplicates and quarantined invoices (`invoices.rs`), in the
//! transaction of the deposit or in one transaction a batch (`staged.rs`). Returns of a caisse
//! change the parts of claims (`returns.rs`). [`Totals`] counts every record in exactly one column
//! of the ledger.

mod duplicates;
mod held;
mod invoices;
mod open_deposits;
mod returns;
mod staged;
mod totals;

pub(super) use staged::StagedWriter;
pub(super) use totals::Totals;

use super::examine::Examined;
use super::{Ingest, IngestError};
use crate::kill_point;
use crate::normalise::{DepositContext, read_invoices};
use crate::store::{StagedDeposit, UnitOfWork};
use noemie_parsers::detect::Norme;
use noemie_parsers::noemie::Packaging;
use noemie_parsers::physical::enregistrements::Forme;

/// Transactions in which invoices are committed.
pub(super) enum CommitMode<'a> {
    /// The transaction that also closes the deposit.
    OneTransaction(&'a mut dyn UnitOfWork),
    /// One transaction a batch.
    PerBatch(&'a mut StagedWriter),
}

/// Totals of a deposit whose invoices are all written; `close` asks for them.
pub(super) struct WrittenInvoices(Totals);

impl WrittenInvoices {
    /// Totals of the deposit.
    pub(super) const fn totals(&self) -> &Totals {
        &self.0
    }
}

impl Ingest {
    /// Writes the invoices or returns of a file. `totals` begins with the invoices that earlier
    /// tries of a staged deposit wrote. A refused file, and one of a norm that brings neither,
    /// writes nothing: its records stay in the archive.
    pub(super) async fn write_invoices(
        &self,
        deposit: &StagedDeposit,
        examined: &Examined,
        mut totals: Totals,
        mode: CommitMode<'_>,
    ) -> Result<WrittenInvoices, IngestError> {
        let context = self.context(deposit, matches!(mode, CommitMode::PerBatch(_)));
        match (examined.norme(), mode) {
            _ if examined.is_refused() => totals.count_all_as_envelope(),
            (Some(Norme::B2(forme)), mode) => write_b2(&context, forme, mode, &mut totals).await?,
            (Some(Norme::NoemieLignes), CommitMode::OneTransaction(work)) => {
                returns::write(&context, Packaging::Lignes, work, &mut totals).await?
            }
            (Some(Norme::NoemieBlocs), CommitMode::OneTransaction(work)) => {
                returns::write(&context, Packaging::Blocs, work, &mut totals).await?
            }
            _ => totals.count_all_as_envelope(),
        }
        kill_point::reach("ingest.loaded");
        Ok(WrittenInvoices(totals))
    }
}

async fn write_b2(
    context: &DepositContext,
    forme: Forme,
    mut mode: CommitMode<'_>,
    totals: &mut Totals,
) -> Result<(), IngestError> {
    let mut batches = read_invoices(context, forme);
    while let Some(batch) = batches.next_batch().await {
        match &mut mode {
            CommitMode::OneTransaction(work) => {
                invoices::write(batch, context, *work, totals).await?
            }
            CommitMode::PerBatch(writer) => writer.write(batch, context, totals).await?,
        }
    }
    let envelope =
        batches.envelope().await.map_err(IngestError::archive("reading the file again"))?;
    totals.count_envelope(envelope);
    Ok(())
}
