//! Second pass over a file of norm B2: invoices become claims, in batches.
//!
//! A blocking thread reads, decodes and seals; `batch.rs` talks to the database. A channel of two batches stands between them, so that
//! memory does not grow with the file and both cores work.

use super::books::Books;
use super::invoices::{Filing, Invoices, Lu};
use super::{IngestError, batch};
use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::domain::ExchangeId;
use crate::store::{Store, UnitOfWork};
use crate::vault::Vault;
use noemie_parsers::physical::enregistrements::Forme;
use std::io;
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::sync::mpsc;

/// The archived file.
pub(super) struct Source<'a> {
    pub(super) archive: &'a Arc<Archive>,
    pub(super) name: &'a str,
}

/// What every invoice of the exchange shares.
pub(super) struct Loading<'a> {
    pub(super) exchange_id: ExchangeId,
    pub(super) sender: &'a str,
    pub(super) at: OffsetDateTime,
    pub(super) vault: &'a Arc<Vault>,
    pub(super) clock: &'a SharedClock,
    pub(super) batch: usize,
}

/// Batches between the reading thread and the database.
pub(super) const BATCHES_AHEAD: usize = 2;

/// How batches are committed.
pub(super) enum Way<'a> {
    /// All in the transaction that also closes the deposit.
    One(&'a mut dyn UnitOfWork),
    /// Each on its own, behind the deposit's place. `resumed`: an earlier try may have written some of them.
    Batches { store: &'a dyn Store, resumed: bool },
}

/// Loads the invoices of a file.
pub(super) async fn load(source: &Source<'_>, forme: Forme, loading: &Loading<'_>, mut way: Way<'_>, books: &mut Books) -> Result<(), IngestError> {
    let (sender, mut batches) = mpsc::channel(BATCHES_AHEAD);
    let filing = Filing {
        exchange_id: loading.exchange_id,
        sender: loading.sender.to_owned(),
        at: loading.at,
        vault: Arc::clone(loading.vault),
        clock: Arc::clone(loading.clock),
    };
    let reading = Reading { archive: Arc::clone(source.archive), name: source.name.to_owned(), forme, filing, batch: loading.batch };
    let thread = tokio::task::spawn_blocking(move || reading.run(&sender));
    while let Some(lus) = batches.recv().await {
        match &mut way {
            Way::One(work) => batch::write(lus, loading, *work, books).await?,
            Way::Batches { store, resumed } => batch::write_alone(lus, loading, *store, *resumed, books).await?,
        }
    }
    let envelope = thread.await.map_err(io::Error::other).and_then(|r| r).map_err(IngestError::archive("reading the file again"))?;
    books.envelope(envelope);
    Ok(())
}

/// The side that reads.
struct Reading {
    archive: Arc<Archive>,
    name: String,
    forme: Forme,
    filing: Filing,
    batch: usize,
}

impl Reading {
    /// Sends every invoice, and answers the number of records outside invoices.
    fn run(self, batches: &mpsc::Sender<Vec<Lu>>) -> io::Result<u64> {
        let mut invoices = Invoices::new(self.archive.open(&self.name)?, self.forme, self.filing);
        let mut batch = Vec::with_capacity(self.batch);
        while let Some(lu) = invoices.next_invoice()? {
            batch.push(lu);
            if batch.len() == self.batch && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(0); // The database side failed and says why.
            }
        }
        let _ = batches.blocking_send(batch);
        Ok(invoices.envelope())
    }
}
