//! Second pass over a file of norm B2: invoices become claims, in batches.
//!
//! A blocking thread reads, decodes and seals (`invoices.rs`); `batch.rs` talks to the database,
//! for a load behind `progress.rs`. A channel of two batches stands between them.

use super::books::Books;
use super::invoices::{Batches, Filing};
use super::progress::Progress;
use super::{IngestError, batch};
use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::domain::ExchangeId;
use crate::store::UnitOfWork;
use crate::vault::Vault;
use noemie_parsers::physical::enregistrements::Forme;
use std::sync::Arc;
use time::OffsetDateTime;

/// The archived file.
pub(super) struct Source<'a> {
    pub(super) archive: &'a Arc<Archive>,
    pub(super) name: &'a str,
}

/// What every invoice of the exchange shares.
pub(super) struct WriteContext<'a> {
    pub(super) exchange_id: ExchangeId,
    pub(super) sender: &'a str,
    pub(super) at: OffsetDateTime,
    pub(super) vault: &'a Arc<Vault>,
    pub(super) clock: &'a SharedClock,
    pub(super) batch: usize,
    /// Whether the deposit is a load; else it is one transaction, which can give way whole.
    pub(super) is_load: bool,
}

/// How batches are committed.
pub(super) enum CommitMode<'a> {
    /// All in the transaction that also closes the deposit.
    One(&'a mut dyn UnitOfWork),
    /// Each on its own, behind the deposit's place.
    Batches(&'a mut Progress),
}

/// Loads the invoices of a file.
pub(super) async fn load(
    source: &Source<'_>,
    forme: Forme,
    loading: &WriteContext<'_>,
    mut way: CommitMode<'_>,
    books: &mut Books,
) -> Result<(), IngestError> {
    let filing = Filing {
        exchange_id: loading.exchange_id,
        sender: loading.sender.to_owned(),
        at: loading.at,
        vault: Arc::clone(loading.vault),
        clock: Arc::clone(loading.clock),
    };
    let mut batches = Batches::read(source.archive, source.name, forme, filing, loading.batch);
    while let Some(lus) = batches.next_batch().await {
        match &mut way {
            CommitMode::One(work) => batch::write(lus, loading, *work, books).await?,
            CommitMode::Batches(progress) => progress.take(lus, loading, books).await?,
        }
    }
    let envelope =
        batches.envelope().await.map_err(IngestError::archive("reading the file again"))?;
    books.envelope(envelope);
    Ok(())
}
