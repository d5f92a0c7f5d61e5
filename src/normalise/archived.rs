//! Invoices of an archived file of norm B2, normalised: the second pass writes them, and `verify`
//! compares them with the rows of the store.

use super::answer::Answer;
use super::{DepositContext, invoice, notice};
use crate::domain::{ClaimId, NewClaim, Quarantined, UnwrittenInvoice};
use crate::reading::Batches;
use noemie_parsers::anomaly::{Anomaly, Severity};
use noemie_parsers::b2::{AvisPaiement, Element, Facture, Flux, Lecteur, Lot};
use noemie_parsers::physical::enregistrements::Forme;
use std::io::{self, Read};
use std::sync::Arc;

/// Code of an invoice whose claim is received or accepted.
pub(crate) const ALREADY_RECEIVED: &str = "DEJA_RECUE";
/// Code of an invoice whose claim is paid.
pub(crate) const ALREADY_PAID: &str = "DEJA_PAYEE";

/// An invoice as the controls of this version judge it.
#[derive(Debug, Clone)]
pub(crate) enum ReadInvoice {
    /// The invoice becomes a claim.
    Claim(Arc<NewClaim>),
    /// The controls quarantine the invoice: its row, and its entry in the ARL.
    Quarantined(Arc<(Quarantined, UnwrittenInvoice)>),
    /// A payment notice, which never becomes a claim.
    Notice(Arc<Answer>),
}

impl ReadInvoice {
    /// Ordinal of the invoice in the exchange, 1-based.
    pub(crate) fn ordinal(&self) -> u64 {
        match self {
            Self::Claim(new) => new.claim.ordinal,
            Self::Quarantined(quarantined) => quarantined.0.ordinal,
            Self::Notice(answer) => answer.ordinal,
        }
    }
}

/// An invoice as the file has it, whatever the controls say of it.
pub struct UnjudgedInvoice {
    /// Claim that the invoice makes.
    pub new: NewClaim,
    /// Codes of the faults for which this version would quarantine the invoice; empty when it would
    /// not.
    pub faults: Vec<String>,
    /// Whether it is a payment notice, which never becomes a claim.
    pub is_notice: bool,
}

/// Function that makes an item of an invoice in its lot.
type Make<T> = fn(&DepositContext, &Facture, Flux, &Lot) -> T;

/// Reads the invoices of a file as the controls of this version judge them.
pub(crate) fn read_invoices(context: &DepositContext, forme: Forme) -> Batches<ReadInvoice> {
    start(context, forme, judged)
}

/// Reads the invoices of a file as they are.
#[must_use]
pub fn read_unjudged(context: &DepositContext, forme: Forme) -> Batches<UnjudgedInvoice> {
    start(context, forme, unjudged)
}

fn start<T: Send + 'static>(context: &DepositContext, forme: Forme, make: Make<T>) -> Batches<T> {
    let context = context.clone();
    Batches::start(context.batch_size, move |sender| {
        let mut invoices = InvoiceReader::new(context.open_file()?, forme, context);
        while let Some(invoice) = invoices.next_invoice(make)? {
            sender.push(invoice)?;
        }
        Ok(invoices.envelope())
    })
}

/// Reads a file invoice by invoice; memory does not grow with the file.
struct InvoiceReader<R> {
    lecteur: Lecteur<R>,
    context: DepositContext,
    flux: Flux,
    lot: Option<Lot>,
}

impl<R: Read> InvoiceReader<R> {
    /// Reads a file that the first pass did not refuse.
    fn new(source: R, forme: Forme, context: DepositContext) -> Self {
        Self { lecteur: Lecteur::new(source, forme), context, flux: Flux::Dre, lot: None }
    }

    fn next_invoice<T>(&mut self, make: Make<T>) -> io::Result<Option<T>> {
        while let Some(element) = self.lecteur.suivant()? {
            match element {
                Element::EnTete(en_tete) => self.flux = en_tete.flux,
                Element::Lot(read) => self.lot = Some(read),
                Element::Facture(facture) => {
                    let lot = self.lot.as_ref().ok_or_else(|| {
                        io::Error::other("invoice outside a lot in a file that was valid")
                    })?;
                    return Ok(Some(make(&self.context, &facture, self.flux, lot)));
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

fn judged(context: &DepositContext, facture: &Facture, flux: Flux, lot: &Lot) -> ReadInvoice {
    if !facture.quarantined() {
        return match notice_of(facture, flux) {
            Some(avis) => {
                ReadInvoice::Notice(Arc::new(notice::answer(context, facture, &avis, lot)))
            }
            None => ReadInvoice::Claim(Arc::new(claim(context, facture, flux, lot))),
        };
    }
    let unwritten = UnwrittenInvoice {
        ps: facture.identite().ps,
        lot: lot.numero(),
        invoice_number: facture.numero(),
        reasons: reasons(&facture.anomalies),
    };
    ReadInvoice::Quarantined(Arc::new((quarantined(context, facture, lot), unwritten)))
}

fn unjudged(context: &DepositContext, facture: &Facture, flux: Flux, lot: &Lot) -> UnjudgedInvoice {
    let faults = if facture.quarantined() { codes(facture) } else { Vec::new() };
    let is_notice = notice_of(facture, flux).is_some();
    UnjudgedInvoice { new: claim(context, facture, flux, lot), faults, is_notice }
}

/// Returns the payment notice that a record of a DRE is; an invoice to a caisse is none.
fn notice_of(facture: &Facture, flux: Flux) -> Option<AvisPaiement> {
    facture.avis_paiement().filter(|_| flux == Flux::Dre)
}

fn claim(context: &DepositContext, facture: &Facture, flux: Flux, lot: &Lot) -> NewClaim {
    let id = ClaimId(context.clock.new_id());
    invoice::claim(facture, flux, lot, &context.origin, &context.vault, id)
}

/// Returns whether an invoice is quarantined because its claim is known, and not for a fault of its
/// own.
#[must_use]
pub fn is_duplicate(stored: &Quarantined) -> bool {
    stored.codes.iter().any(|code| code == ALREADY_PAID || code == ALREADY_RECEIVED)
}

/// Returns the code and text of the anomalies that cost an invoice, each code once.
pub(crate) fn reasons(anomalies: &[Anomaly]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for anomaly in anomalies.iter().filter(|a| a.severity >= Severity::Invoice) {
        if !found.iter().any(|(code, _)| code == anomaly.code.as_str()) {
            found.push((anomaly.code.as_str().to_owned(), anomaly.message.clone()));
        }
    }
    found
}

fn codes(facture: &Facture) -> Vec<String> {
    reasons(&facture.anomalies).into_iter().map(|(code, _)| code).collect()
}

fn quarantined(context: &DepositContext, facture: &Facture, lot: &Lot) -> Quarantined {
    let first = facture.principale().position;
    Quarantined {
        exchange_id: context.origin.exchange_id,
        ordinal: facture.rang,
        ps: facture.identite().ps,
        invoice_number: facture.numero(),
        lot: lot.numero(),
        codes: codes(facture),
        first_record: first.record,
        record_count: u32::try_from(facture.pieces.len()).unwrap_or(u32::MAX),
        offset: first.offset,
        duplicate_of: None,
        resolved_by: None,
        at: context.origin.received_at,
    }
}
