//! One exchange against its raw file.

use super::{Kind, Sources, Verification};
use crate::domain::{Exchange, Ledger, Quarantined, ReturnFile, Token, Verdict};
use crate::ingest::invoices::{Batches, Filing, Lu};
use crate::returns::arl;
use crate::store::{NewClaim, StoreError, Trace};
use crate::validate::{self, Examen};
use noemie_parsers::anomaly::Code;
use noemie_parsers::detect::Norme;
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::Montant;
use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

/// Invoices compared with one look at the database.
const BATCH: usize = 500;

/// A source that is digested as it is read.
struct Digested<R> {
    source: R,
    hasher: blake3::Hasher,
    size: u64,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.hasher.update(&into[..read]);
        self.size += read as u64;
        Ok(read)
    }
}

/// Compares what the store says of an exchange with its file.
pub(super) async fn compare(
    sources: &Sources,
    exchange: &Exchange,
    ledger: Option<&Ledger>,
    arl: Option<&ReturnFile>,
    seen: &mut Verification,
) -> Result<(), StoreError> {
    let id = Some(exchange.id);
    match arl.map(|file| arl::open(file, &sources.vault).map(|body| blake3::hash(&body).to_hex().as_str() == file.digest)) {
        None => seen.find(Kind::ArlUnreadable, id, "the exchange has no ARL"),
        Some(Err(failure)) => seen.find(Kind::ArlUnreadable, id, failure.to_string()),
        Some(Ok(false)) => seen.find(Kind::ArlUnreadable, id, "the ARL has another digest"),
        Some(Ok(true)) => {}
    }
    seen.files += 1;
    let examen = match examine(sources, exchange).await {
        Ok((examen, digest, size)) if digest == exchange.digest && size == exchange.size => examen,
        Ok((_, digest, size)) => {
            seen.find(Kind::ArchiveAltered, id, format!("{size} bytes of digest {digest}, deposited {} of {}", exchange.size, exchange.digest));
            return Ok(());
        }
        Err(failure) => {
            seen.find(Kind::ArchiveUnreadable, id, format!("{}: {failure}", exchange.archive_name));
            return Ok(());
        }
    };
    let known_remittance = refused_by_the_store(sources, exchange, &examen).await?;
    counts(exchange, &examen, known_remittance, seen);
    let books = match examen.norme {
        Some(Norme::B2(forme)) if exchange.verdict != Verdict::Refused => invoices(sources, exchange, &examen, forme, seen).await?,
        _ if exchange.verdict == Verdict::Refused || !matches!(examen.norme, Some(Norme::NoemieLignes | Norme::NoemieBlocs)) => {
            Ledger { read: examen.read, envelope: examen.read, ..Ledger::default() }
        }
        // What a return found depended on the claims of that moment: its books must balance over what the file holds.
        _ => Ledger { read: examen.read, ..ledger.copied().unwrap_or_default() },
    };
    if ledger != Some(&books) || !books.balances() {
        seen.find(Kind::LedgerDiffers, id, format!("written {ledger:?}, recomputed {books:?}"));
    }
    Ok(())
}

async fn examine(sources: &Sources, exchange: &Exchange) -> io::Result<(Examen, String, u64)> {
    let (archive, name, file_name) = (Arc::clone(&sources.archive), exchange.archive_name.clone(), exchange.file_name.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let mut source = Digested { source: archive.open(&name)?, hasher: blake3::Hasher::new(), size: 0 };
        let examen = validate::examine(&mut source, &file_name)?;
        // A refused file may not have been read to its end.
        io::copy(&mut source, &mut io::sink())?;
        Ok((examen, source.hasher.finalize().to_hex().to_string(), source.size))
    });
    reading.await.map_err(io::Error::other)?
}

/// Whether the store refused a file that is good by itself: its remittance was known.
async fn refused_by_the_store(sources: &Sources, exchange: &Exchange, examen: &Examen) -> Result<bool, StoreError> {
    if exchange.verdict != Verdict::Refused || examen.report.verdict == Verdict::Refused {
        return Ok(false);
    }
    let first = sources.store.anomalies(exchange.id, 1, 1).await?;
    Ok(first.iter().any(|anomalie| anomalie.code == Code::RemiseDejaRecue.as_str()))
}

fn counts(exchange: &Exchange, examen: &Examen, known_remittance: bool, seen: &mut Verification) {
    let report = &examen.report;
    let said = (exchange.norm.as_str(), exchange.logical_files, exchange.lots, exchange.invoices, exchange.lines);
    let read = (report.norm.unwrap_or_default(), report.logical_files, report.lots, report.invoices, report.lines);
    if said != read {
        seen.find(Kind::ExchangeDiffers, Some(exchange.id), format!("norm, logical files, lots, invoices, lines: written {said:?}, read {read:?}"));
    }
    let refused = (exchange.verdict == Verdict::Refused, report.verdict == Verdict::Refused || known_remittance);
    if refused.0 != refused.1 {
        seen.find(
            Kind::ExchangeDiffers,
            Some(exchange.id),
            format!("verdict written {}, read {}", exchange.verdict.as_str(), report.verdict.as_str()),
        );
    }
}

/// Compares every invoice of a file with what became of it, and answers the books that follow.
async fn invoices(sources: &Sources, exchange: &Exchange, examen: &Examen, forme: Forme, seen: &mut Verification) -> Result<Ledger, StoreError> {
    let filing = Filing {
        exchange_id: exchange.id,
        sender: exchange.sender.clone(),
        at: exchange.received_at,
        vault: Arc::clone(&sources.vault),
        clock: Arc::clone(&sources.clock),
    };
    let mut batches = Batches::read(&sources.archive, &exchange.archive_name, forme, filing, BATCH);
    let mut held = Held { ledger: Ledger { read: examen.read, ..Ledger::default() }, ..Held::default() };
    while let Some(batch) = batches.next_batch().await {
        compare_batch(sources, exchange, batch, &mut held, seen).await?;
    }
    match batches.envelope().await {
        Ok(envelope) => held.ledger.envelope = envelope,
        Err(failure) => seen.find(Kind::ArchiveUnreadable, Some(exchange.id), failure.to_string()),
    }
    let stored = sources.store.held(exchange.id).await?;
    if stored != (held.claims, held.aside) {
        let detail = format!("(claims, aside): {stored:?} in the store, {:?} of them in the file", (held.claims, held.aside));
        seen.find(Kind::ClaimInvented, Some(exchange.id), detail);
    }
    let (said, read) = ((exchange.accepted, exchange.total), (held.claims, held.total));
    if said != read {
        seen.find(Kind::ExchangeDiffers, Some(exchange.id), format!("accepted invoices and their total: written {said:?}, found {read:?}"));
    }
    Ok(held.ledger)
}

/// What was found of the invoices of one file.
#[derive(Default)]
struct Held {
    ledger: Ledger,
    claims: u64,
    aside: u64,
    total: Montant,
}

async fn compare_batch(sources: &Sources, exchange: &Exchange, batch: Vec<Lu>, held: &mut Held, seen: &mut Verification) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(()) };
    let ranks = (first.rank(), last.rank());
    let identities: Vec<Token> = batch.iter().filter_map(|lu| if let Lu::Claim(c) = lu { Some(c.claim.identity.clone()) } else { None }).collect();
    let traces: HashMap<u64, Trace> = sources.store.traces(exchange.id, &identities).await?.into_iter().map(|t| (t.ordinal, t)).collect();
    let aside: HashMap<u64, Quarantined> = sources.store.aside(exchange.id, ranks).await?.into_iter().map(|q| (q.ordinal, q)).collect();
    for lu in &batch {
        seen.invoices += 1;
        let (rank, records) = (lu.rank(), lu.records());
        match (lu, traces.get(&rank), aside.get(&rank)) {
            (Lu::Claim(read), Some(trace), _) => {
                held.claims += 1;
                held.total += trace.total;
                held.ledger.accepted += records;
                claim(exchange, read, trace, seen);
            }
            (Lu::Claim(_), None, Some(_)) => {
                held.aside += 1;
                held.ledger.duplicates += records;
            }
            (Lu::Aside(_), _, Some(_)) => {
                held.aside += 1;
                held.ledger.quarantined += records;
            }
            (_, _, None) => seen.find(Kind::InvoiceLost, Some(exchange.id), format!("invoice of rank {rank}")),
        }
    }
    Ok(())
}

fn claim(exchange: &Exchange, read: &NewClaim, trace: &Trace, seen: &mut Verification) {
    let (c, billed) = (&read.claim, read.lines.iter().map(|line| line.billed).sum::<Montant>());
    let expected = Trace {
        id: trace.id,
        ordinal: c.ordinal,
        lot: c.lot.clone(),
        first_record: c.first_record,
        record_count: u64::from(c.record_count),
        person: c.person.clone(),
        ps: c.ps.clone(),
        invoice_number: c.invoice_number.clone(),
        total: c.total,
        amo: c.amo.asked,
        amc: c.amc.asked,
        lines: read.lines.len() as u64,
        billed,
        events: trace.events,
        last_sequence: trace.last_sequence,
    };
    if *trace != expected {
        seen.find(Kind::ClaimDiffers, Some(exchange.id), format!("claim {}: written {trace:?}, read {expected:?}", trace.id));
    }
    if trace.events == 0 || trace.events != trace.last_sequence {
        let detail = format!("claim {}: {} events, the last one of sequence {}", trace.id, trace.events, trace.last_sequence);
        seen.find(Kind::EventsMissing, Some(exchange.id), detail);
    }
}
