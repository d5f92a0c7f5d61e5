//! Second pass over a file of norm B2: invoices become claims, in batches.
//!
//! A blocking thread reads, decodes and seals; this side talks to the database. A channel of two batches stands between them, so that
//! memory does not grow with the file and both cores work.

use super::IngestError;
use super::books::Books;
use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::domain::{Anomalie, Claim, ClaimEvent, ClaimId, EventId, ExchangeId, PartState, Quarantined, Token, life_cycle};
use crate::normalise;
use crate::returns::arl::Aside;
use crate::store::{NewClaim, UnitOfWork};
use crate::vault::Vault;
use noemie_parsers::anomaly::{Anomaly, Severity};
use noemie_parsers::b2::{Element, Facture, Flux, Lecteur, Lot};
use noemie_parsers::physical::enregistrements::Forme;
use std::collections::{HashMap, HashSet};
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
enum Lu {
    Claim(Box<NewClaim>),
    Aside(Box<(Quarantined, Aside)>),
}

/// Loads the invoices of a file.
pub(super) async fn load(
    source: &Source<'_>,
    forme: Forme,
    loading: &Loading<'_>,
    work: &mut dyn UnitOfWork,
    books: &mut Books,
) -> Result<(), IngestError> {
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
    while let Some(batch) = batches.recv().await {
        write(batch, loading, work, books).await?;
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

/// Writes one batch: a handful of statements, whatever its size.
async fn write(batch: Vec<Lu>, loading: &Loading<'_>, work: &mut dyn UnitOfWork, books: &mut Books) -> Result<(), IngestError> {
    let (mut claims, mut aside) = (Vec::new(), Vec::new());
    for lu in batch {
        match lu {
            Lu::Claim(claim) => claims.push(*claim),
            Lu::Aside(told) => {
                books.quarantine(u64::from(told.0.record_count));
                books.tell(told.1);
                aside.push(told.0);
            }
        }
    }
    let identities: Vec<Token> = claims.iter().map(|c| c.claim.identity.clone()).collect();
    let known = latest(&identities, work).await?;
    let (mut fresh, mut repeated) = sort(claims, &known);
    let inserted: HashSet<ClaimId> = work.insert_claims(&fresh).await?.into_iter().collect();
    let (written, raced): (Vec<NewClaim>, Vec<NewClaim>) = fresh.drain(..).partition(|c| inserted.contains(&c.claim.id));
    // The same invoice twice in this batch, or in a deposit that committed meanwhile: its original is known by now.
    let identities: Vec<Token> = raced.iter().map(|c| c.claim.identity.clone()).collect();
    let known = if raced.is_empty() { HashMap::new() } else { latest(&identities, work).await? };
    repeated.extend(raced.into_iter().map(|c| {
        let original = known.get(&c.claim.identity).map(Original::of);
        (c, original)
    }));
    events(&written, loading, work, books).await?;
    for (claim, original) in &repeated {
        books.duplicate(u64::from(claim.claim.record_count));
        aside.push(duplicate(&claim.claim, *original, loading, books));
    }
    if !aside.is_empty() {
        work.insert_quarantined(&aside).await?;
    }
    Ok(())
}

/// The latest claim of each identity.
async fn latest(identities: &[Token], work: &mut dyn UnitOfWork) -> Result<HashMap<Token, Claim>, IngestError> {
    Ok(work.latest_claims(identities).await?.into_iter().map(|c| (c.identity.clone(), c)).collect())
}

/// An identity with a live claim is a duplicate; one whose AMC part was rejected is a correction.
fn sort(claims: Vec<NewClaim>, known: &HashMap<Token, Claim>) -> (Vec<NewClaim>, Vec<(NewClaim, Option<Original>)>) {
    let (mut fresh, mut repeated) = (Vec::new(), Vec::new());
    for mut claim in claims {
        match known.get(&claim.claim.identity) {
            Some(first) if life_cycle::is_live(first.amo.state, first.amc.state) => repeated.push((claim, Some(Original::of(first)))),
            Some(rejected) => {
                claim.claim.corrects = Some(rejected.id);
                fresh.push(claim);
            }
            None => fresh.push(claim),
        }
    }
    (fresh, repeated)
}

/// The claim that a duplicate repeats.
#[derive(Clone, Copy)]
struct Original {
    id: ClaimId,
    paid: bool,
}

impl Original {
    fn of(claim: &Claim) -> Self {
        Self { id: claim.id, paid: claim.amc.state == PartState::Paid }
    }
}

async fn events(written: &[NewClaim], loading: &Loading<'_>, work: &mut dyn UnitOfWork, books: &mut Books) -> Result<(), IngestError> {
    let mut events = Vec::with_capacity(written.len());
    let mut resolved = Vec::with_capacity(written.len());
    for NewClaim { claim, .. } in written {
        books.accept(u64::from(claim.record_count));
        books.total += claim.total;
        books.amo += claim.amo.asked;
        books.amc += claim.amc.asked;
        let part = if claim.amc.state == PartState::NotRequested { &claim.amo } else { &claim.amc };
        events.push(ClaimEvent::of(claim, part, EventId(loading.clock.new_id()), 1, Some(loading.exchange_id), loading.at));
        resolved.push((claim.ps.clone(), claim.invoice_number.clone(), claim.id));
    }
    if !written.is_empty() {
        work.insert_events(&events).await?;
        work.resolve_quarantined(&resolved).await?;
    }
    Ok(())
}

fn duplicate(claim: &Claim, original: Option<Original>, loading: &Loading<'_>, books: &mut Books) -> Quarantined {
    let (code, message) = match original {
        Some(Original { paid: true, .. }) => ("DEJA_PAYEE", "Facture déjà payée"),
        _ => ("DEJA_RECUE", "Facture déjà reçue"),
    };
    let message = original.map_or_else(|| message.to_owned(), |o| format!("{message} : demande {}", o.id));
    books.tell(Aside {
        ps: claim.ps.clone(),
        lot: claim.lot.clone(),
        invoice_number: claim.invoice_number.clone(),
        reasons: vec![(code.to_owned(), message.clone())],
    });
    books.find(Anomalie {
        ordinal: 0,
        code: code.to_owned(),
        control: "C14".to_owned(),
        severity: Severity::Facture.as_str().to_owned(),
        record: claim.first_record,
        record_type: "2".to_owned(),
        column: 1,
        offset: 0,
        length: 0,
        field: String::new(),
        value: String::new(),
        message,
        invoice_number: claim.invoice_number.clone(),
    });
    Quarantined {
        exchange_id: loading.exchange_id,
        ordinal: claim.ordinal,
        ps: claim.ps.clone(),
        invoice_number: claim.invoice_number.clone(),
        lot: claim.lot.clone(),
        codes: vec![code.to_owned()],
        first_record: claim.first_record,
        record_count: claim.record_count,
        offset: 0,
        duplicate_of: original.map(|o| o.id),
        resolved_by: None,
        at: loading.at,
    }
}
