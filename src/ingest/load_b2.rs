//! Second pass over a file of norm B2: invoices become claims, in batches.
//!
//! A blocking thread reads, decodes and seals; `batch.rs` talks to the database. A channel of two batches stands between them, so that
//! memory does not grow with the file and both cores work.

use super::books::Books;
use super::{IngestError, batch};
use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::domain::{ClaimId, ExchangeId, Quarantined};
use crate::normalise;
use crate::returns::arl::Aside;
use crate::store::{NewClaim, Store, UnitOfWork};
use crate::vault::Vault;
use noemie_parsers::anomaly::{Anomaly, Severity};
use noemie_parsers::b2::{Element, Facture, Flux, Lecteur, Lot};
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

/// What the reading thread sends.
pub(super) enum Lu {
    Claim(Box<NewClaim>),
    Aside(Box<(Quarantined, Aside)>),
}

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
    let reading = Reading {
        archive: Arc::clone(source.archive),
        name: source.name.to_owned(),
        exchange_id: loading.exchange_id,
        sender: loading.sender.to_owned(),
        at: loading.at,
        vault: Arc::clone(loading.vault),
        clock: Arc::clone(loading.clock),
        batch: loading.batch,
    };
    let thread = tokio::task::spawn_blocking(move || reading.run(forme, &sender));
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
    exchange_id: ExchangeId,
    sender: String,
    at: OffsetDateTime,
    vault: Arc<Vault>,
    clock: SharedClock,
    batch: usize,
}

impl Reading {
    /// Sends every invoice, and answers the number of records outside invoices.
    fn run(self, forme: Forme, batches: &mpsc::Sender<Vec<Lu>>) -> io::Result<u64> {
        let mut lecteur = Lecteur::new(self.archive.open(&self.name)?, forme);
        let (mut flux, mut lot): (Flux, Option<Lot>) = (Flux::Dre, None);
        let mut batch = Vec::with_capacity(self.batch);
        while let Some(element) = lecteur.suivant()? {
            match element {
                Element::EnTete(en_tete) => flux = en_tete.flux,
                Element::Lot(read) => lot = Some(read),
                Element::Facture(facture) => {
                    let lot = lot.as_ref().ok_or_else(|| io::Error::other("invoice outside a lot in a file that was valid"))?;
                    batch.push(self.invoice(&facture, flux, lot));
                }
                Element::FinLot(_) | Element::FinFichier(_) | Element::Anomalies(_) => {}
            }
            if batch.len() == self.batch && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(0); // The database side failed and says why.
            }
        }
        let _ = batches.blocking_send(batch);
        let comptes = lecteur.comptes();
        Ok(comptes.enregistrements - comptes.dans_factures)
    }

    fn invoice(&self, facture: &Facture, flux: Flux, lot: &Lot) -> Lu {
        if facture.quarantined() {
            let aside =
                Aside { ps: facture.identite().ps, lot: lot.numero(), invoice_number: facture.numero(), reasons: reasons(&facture.anomalies) };
            return Lu::Aside(Box::new((quarantined(facture, lot, self.exchange_id, self.at), aside)));
        }
        let context = normalise::Context { exchange_id: self.exchange_id, sender: &self.sender, flux, lot, received_at: self.at };
        Lu::Claim(Box::new(normalise::claim(facture, &context, &self.vault, ClaimId(self.clock.new_id()))))
    }
}

/// Faults that cost the invoice, without repetition.
pub(super) fn reasons(anomalies: &[Anomaly]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for anomaly in anomalies.iter().filter(|a| a.severity >= Severity::Facture) {
        if !found.iter().any(|(code, _)| code == anomaly.code.as_str()) {
            found.push((anomaly.code.as_str().to_owned(), anomaly.message.clone()));
        }
    }
    found
}

fn quarantined(facture: &Facture, lot: &Lot, exchange_id: ExchangeId, at: OffsetDateTime) -> Quarantined {
    let first = facture.principale().position;
    Quarantined {
        exchange_id,
        ordinal: facture.rang,
        ps: facture.identite().ps,
        invoice_number: facture.numero(),
        lot: lot.numero(),
        codes: reasons(&facture.anomalies).into_iter().map(|(code, _)| code).collect(),
        first_record: first.record,
        record_count: u32::try_from(facture.pieces.len()).unwrap_or(u32::MAX),
        offset: first.offset,
        duplicate_of: None,
        resolved_by: None,
        at,
    }
}
