//! The invoices of an archived file of norm B2, normalised: what the second pass writes, and what
//! `verify` compares.

use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::domain::{ClaimId, ExchangeId, NewClaim, Quarantined};
use crate::normalise;
use crate::outgoing::arl::NotLoaded;
use crate::vault::Vault;
use noemie_parsers::anomaly::{Anomaly, Severity};
use noemie_parsers::b2::{Element, Facture, Flux, Lecteur, Lot};
use noemie_parsers::physical::enregistrements::Forme;
use std::io::{self, Read};
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The invoice has a claim that waits or is accepted.
pub(super) const ALREADY_RECEIVED: &str = "DEJA_RECUE";
/// The invoice has a claim that is paid.
pub(super) const ALREADY_PAID: &str = "DEJA_PAYEE";

/// Batches between the reading thread and the database.
pub(super) const BATCHES_AHEAD: usize = 2;

/// An invoice, read.
#[derive(Debug, Clone)]
pub enum ReadInvoice {
    /// To become a claim.
    Claim(Arc<NewClaim>),
    /// Put aside by the parser: what is kept, what the ARL tells.
    Quarantined(Arc<(Quarantined, NotLoaded)>),
}

impl ReadInvoice {
    /// Rank of the invoice in the exchange, 1-based.
    #[must_use]
    pub fn rank(&self) -> u64 {
        match self {
            Self::Claim(claim) => claim.claim.ordinal,
            Self::Quarantined(told) => told.0.ordinal,
        }
    }

    /// Number of its records.
    #[must_use]
    pub fn records(&self) -> u64 {
        u64::from(match self {
            Self::Claim(claim) => claim.claim.record_count,
            Self::Quarantined(told) => told.0.record_count,
        })
    }
}

/// An invoice as the file has it, whatever the controls say of it.
pub struct Whole {
    /// The claim that it makes.
    pub made: NewClaim,
    /// Codes of the faults for which this version would put it aside; none when it would not.
    pub faults: Vec<String>,
}

/// Makes something of an invoice in its lot.
type Make<T> = fn(&Filing, &Facture, Flux, &Lot) -> T;

/// What every invoice of an exchange shares.
pub struct Filing {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Who deposited it.
    pub sender: String,
    /// When.
    pub at: OffsetDateTime,
    /// Seals persons and makes tokens.
    pub vault: Arc<Vault>,
    /// Gives the claims their identifiers.
    pub clock: SharedClock,
}

/// Reads invoice by invoice; memory does not grow with the file.
struct Invoices<R> {
    lecteur: Lecteur<R>,
    filing: Filing,
    flux: Flux,
    lot: Option<Lot>,
}

impl<R: Read> Invoices<R> {
    /// The invoices of a file that a first pass did not refuse.
    fn new(source: R, forme: Forme, filing: Filing) -> Self {
        Self { lecteur: Lecteur::new(source, forme), filing, flux: Flux::Dre, lot: None }
    }

    /// The next invoice.
    fn next_invoice<T>(&mut self, make: Make<T>) -> io::Result<Option<T>> {
        while let Some(element) = self.lecteur.suivant()? {
            match element {
                Element::EnTete(en_tete) => self.flux = en_tete.flux,
                Element::Lot(read) => self.lot = Some(read),
                Element::Facture(facture) => {
                    let lot = self.lot.as_ref().ok_or_else(|| {
                        io::Error::other("invoice outside a lot in a file that was valid")
                    })?;
                    return Ok(Some(make(&self.filing, &facture, self.flux, lot)));
                }
                Element::ComplementLot(_)
                | Element::FinLot(_)
                | Element::FinFichier(_)
                | Element::Anomalies(_) => {}
            }
        }
        Ok(None)
    }

    /// Records outside invoices so far.
    fn envelope(&self) -> u64 {
        let comptes = self.lecteur.comptes();
        comptes.enregistrements - comptes.dans_factures
    }
}

/// The invoices of an archived file, read by a thread of their own and handed over in batches:
/// memory does not grow with the file, and both cores work.
pub struct Batches<T = ReadInvoice> {
    batches: mpsc::Receiver<Vec<T>>,
    thread: JoinHandle<io::Result<u64>>,
}

impl Batches {
    /// What the controls of this version make of each invoice. The thread ends by itself when the
    /// batches are not wanted any more.
    #[must_use]
    pub fn read(
        archive: &Arc<Archive>,
        name: &str,
        forme: Forme,
        filing: Filing,
        size: usize,
    ) -> Self {
        Self::start(archive, name, forme, filing, size, Filing::invoice)
    }
}

impl Batches<Whole> {
    /// Each invoice as the file has it.
    #[must_use]
    pub fn read_whole(
        archive: &Arc<Archive>,
        name: &str,
        forme: Forme,
        filing: Filing,
        size: usize,
    ) -> Self {
        Self::start(archive, name, forme, filing, size, Filing::whole)
    }
}

impl<T: Send + 'static> Batches<T> {
    fn start(
        archive: &Arc<Archive>,
        name: &str,
        forme: Forme,
        filing: Filing,
        size: usize,
        make: Make<T>,
    ) -> Self {
        let (archive, name) = (Arc::clone(archive), name.to_owned());
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        let thread = tokio::task::spawn_blocking(move || {
            let mut invoices = Invoices::new(archive.open(&name)?, forme, filing);
            let mut batch = Vec::with_capacity(size);
            while let Some(invoice) = invoices.next_invoice(make)? {
                batch.push(invoice);
                if batch.len() == size && sender.blocking_send(std::mem::take(&mut batch)).is_err()
                {
                    return Ok(0); // The database side failed and says why.
                }
            }
            let _ = sender.blocking_send(batch);
            Ok(invoices.envelope())
        });
        Self { batches, thread }
    }

    /// The next batch; the last one may be empty.
    pub async fn next_batch(&mut self) -> Option<Vec<T>> {
        self.batches.recv().await
    }

    /// After the last batch: the number of records outside invoices, or why the file could not be
    /// read to its end.
    pub async fn envelope(self) -> io::Result<u64> {
        self.thread.await.map_err(io::Error::other)?
    }
}

impl Filing {
    fn invoice(&self, facture: &Facture, flux: Flux, lot: &Lot) -> ReadInvoice {
        if facture.quarantined() {
            let aside = NotLoaded {
                ps: facture.identite().ps,
                lot: lot.numero(),
                invoice_number: facture.numero(),
                reasons: reasons(&facture.anomalies),
            };
            return ReadInvoice::Quarantined(Arc::new((
                quarantined(facture, lot, self.exchange_id, self.at),
                aside,
            )));
        }
        ReadInvoice::Claim(Arc::new(self.claim(facture, flux, lot)))
    }

    fn whole(&self, facture: &Facture, flux: Flux, lot: &Lot) -> Whole {
        let faults = if facture.quarantined() {
            reasons(&facture.anomalies).into_iter().map(|(code, _)| code).collect()
        } else {
            Vec::new()
        };
        Whole { made: self.claim(facture, flux, lot), faults }
    }

    fn claim(&self, facture: &Facture, flux: Flux, lot: &Lot) -> NewClaim {
        let context = normalise::Context {
            exchange_id: self.exchange_id,
            sender: &self.sender,
            flux,
            lot,
            received_at: self.at,
        };
        normalise::claim(facture, &context, &self.vault, ClaimId(self.clock.new_id()))
    }
}

/// Whether an invoice stands aside because it was known, and not for a fault of its own.
#[must_use]
pub fn is_duplicate(stored: &Quarantined) -> bool {
    stored.codes.iter().any(|code| code == ALREADY_PAID || code == ALREADY_RECEIVED)
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

fn quarantined(
    facture: &Facture,
    lot: &Lot,
    exchange_id: ExchangeId,
    at: OffsetDateTime,
) -> Quarantined {
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
