//! One exchange against its raw file.

use super::{Kind, Sources, Verification, invoices};
use crate::domain::{Exchange, Ledger, Norm, ReturnFile, Verdict};
use crate::outgoing::arl;
use crate::store::StoreError;
use noemie_parsers::anomaly::Code;
use noemie_parsers::detect::Norme;
use noemie_parsers::types::Montant;
use noemie_xray::Examination;
use std::io::{self, Read};
use std::sync::Arc;

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
    match arl.map(|file| {
        arl::open(file, &sources.vault)
            .map(|body| blake3::hash(&body).to_hex().as_str() == file.digest)
    }) {
        None => seen.find(Kind::ArlUnreadable, id, "the exchange has no ARL"),
        Some(Err(failure)) => seen.find(Kind::ArlUnreadable, id, failure.to_string()),
        Some(Ok(false)) => seen.find(Kind::ArlUnreadable, id, "the ARL has another digest"),
        Some(Ok(true)) => {}
    }
    seen.files += 1;
    let examination = match examine(sources, exchange).await {
        Ok((examination, digest, size)) if digest == exchange.digest && size == exchange.size => {
            examination
        }
        Ok((_, digest, size)) => {
            seen.find(
                Kind::ArchiveAltered,
                id,
                format!(
                    "{size} bytes of digest {digest}, deposited {} of {}",
                    exchange.size, exchange.digest
                ),
            );
            return Ok(());
        }
        Err(failure) => {
            seen.find(Kind::ArchiveUnreadable, id, format!("{}: {failure}", exchange.archive_name));
            return Ok(());
        }
    };
    let written = ledger.copied().unwrap_or_default();
    let books = if exchange.verdict == Verdict::Refused {
        refused(sources, exchange, &examination, &written, seen).await?
    } else {
        taken(sources, exchange, &examination, &written, seen).await?
    };
    if ledger != Some(&books) || !books.balances() {
        seen.find(Kind::LedgerDiffers, id, format!("written {ledger:?}, recomputed {books:?}"));
    }
    Ok(())
}

async fn examine(sources: &Sources, exchange: &Exchange) -> io::Result<(Examination, String, u64)> {
    let (archive, name, file_name) =
        (Arc::clone(&sources.archive), exchange.archive_name.clone(), exchange.file_name.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let mut source =
            Digested { source: archive.open(&name)?, hasher: blake3::Hasher::new(), size: 0 };
        let examination = noemie_xray::examine(&mut source, &file_name)?;
        // A refused file may not have been read to its end.
        io::copy(&mut source, &mut io::sink())?;
        Ok((examination, source.hasher.finalize().to_hex().to_string(), source.size))
    });
    reading.await.map_err(io::Error::other)?
}

/// A refused file loaded nothing, and nothing of it is stored. How far it is read is up to the
/// controls that refuse it. Answers its books.
async fn refused(
    sources: &Sources,
    exchange: &Exchange,
    examination: &Examination,
    written: &Ledger,
    seen: &mut Verification,
) -> Result<Ledger, StoreError> {
    nothing_stored(sources, exchange, seen).await?;
    let sums = (counts_of(exchange), [exchange.total, exchange.amo, exchange.amc]);
    if sums != ([0; 4], [Montant::ZERO; 3]) {
        seen.find(
            Kind::ExchangeDiffers,
            Some(exchange.id),
            format!("a refused file loads nothing, written {sums:?}"),
        );
    }
    if examination.report.verdict != Verdict::Refused
        && !refused_by_the_store(sources, exchange).await?
    {
        seen.note(
            exchange.id,
            format!("refused, and would be {} today", examination.report.verdict.as_str()),
        );
    } else if counts_written(exchange) != counts_read(examination)
        || written.read != examination.read
    {
        let (said, read) = (
            (counts_written(exchange), written.read),
            (counts_read(examination), examination.read),
        );
        seen.note(exchange.id, format!("refused after {said:?}, today after {read:?}"));
    }
    Ok(Ledger { read: written.read, envelope: written.read, ..Ledger::default() })
}

/// A file that was taken in, whole or in part. Answers the books that follow from what is stored.
async fn taken(
    sources: &Sources,
    exchange: &Exchange,
    examination: &Examination,
    written: &Ledger,
    seen: &mut Verification,
) -> Result<Ledger, StoreError> {
    let (said, read) = (counts_written(exchange), counts_read(examination));
    if said != read {
        let detail =
            format!("norm, logical files, lots, invoices, lines: written {said:?}, read {read:?}");
        seen.find(Kind::ExchangeDiffers, Some(exchange.id), detail);
    }
    if let Some(why) = examination
        .report
        .anomalies
        .iter()
        .find(|_| examination.report.verdict == Verdict::Refused)
        .map(|finding| &finding.code)
    {
        seen.note(exchange.id, format!("taken in, and would be refused today: {why}"));
    }
    match examination.norme {
        Some(Norme::B2(forme)) => {
            invoices::compare(sources, exchange, examination, forme, seen).await
        }
        Some(Norme::NoemieLignes | Norme::NoemieBlocs) => {
            nothing_stored(sources, exchange, seen).await?;
            answers(exchange, examination, seen);
            // What a return found depended on the claims of that moment: its books must balance
            // over what the file holds.
            Ok(Ledger { read: examination.read, ..*written })
        }
        _ => {
            nothing_stored(sources, exchange, seen).await?;
            sums(exchange, examination, exchange.verdict == examination.report.verdict, seen);
            Ok(Ledger { read: examination.read, envelope: examination.read, ..Ledger::default() })
        }
    }
}

/// A return of a caisse: each answer of the file went somewhere, and its sums are those of the
/// file.
fn answers(exchange: &Exchange, examination: &Examination, seen: &mut Verification) {
    let counts = counts_of(exchange);
    if counts.iter().sum::<u64>() != exchange.invoices {
        let detail = format!(
            "accepted, quarantined, duplicates, unmatched: {counts:?} of {} answers",
            exchange.invoices
        );
        seen.find(Kind::ExchangeDiffers, Some(exchange.id), detail);
    }
    verdict(exchange, examination, seen);
    let report = &examination.report;
    let alike = report.verdict != Verdict::Refused
        && report.invoices - report.accepted_invoices == exchange.quarantined;
    sums(exchange, examination, alike, seen);
}

/// The sums of a file that brings no claims. Where the controls of this version put aside others
/// than those of the receipt, the sums are not comparable.
fn sums(exchange: &Exchange, examination: &Examination, alike: bool, seen: &mut Verification) {
    let said = [exchange.total, exchange.amo, exchange.amc];
    let read = [
        examination.report.total_centimes,
        examination.report.amo_centimes,
        examination.report.amc_centimes,
    ]
    .map(Montant::from_centimes);
    if !alike {
        seen.note(
            exchange.id,
            "other parts of the file would be put aside today: its sums were not compared",
        );
    } else if said != read {
        seen.find(
            Kind::ExchangeDiffers,
            Some(exchange.id),
            format!("total, AMO, AMC: written {said:?}, read {read:?}"),
        );
    }
}

/// The verdict follows from what was put aside; where nothing was, a fault outside the invoices may
/// have made it partial.
pub(super) fn verdict(exchange: &Exchange, examination: &Examination, seen: &mut Verification) {
    let some_aside = exchange.quarantined + exchange.duplicates > 0;
    match exchange.verdict {
        Verdict::Accepted if some_aside => seen.find(
            Kind::ExchangeDiffers,
            Some(exchange.id),
            "accepted whole, with invoices put aside",
        ),
        Verdict::Partial if !some_aside && examination.report.verdict != Verdict::Partial => {
            seen.note(
                exchange.id,
                "accepted in part without an invoice put aside, and would be accepted whole today",
            );
        }
        _ => {}
    }
}

/// Nothing is stored of the invoices of an exchange that brings none.
async fn nothing_stored(
    sources: &Sources,
    exchange: &Exchange,
    seen: &mut Verification,
) -> Result<(), StoreError> {
    let stored = sources.store.held(exchange.id).await?;
    if stored != (0, 0) {
        seen.find(
            Kind::ClaimInvented,
            Some(exchange.id),
            format!("(claims, aside): {stored:?} in the store of a file that brings none"),
        );
    }
    Ok(())
}

/// Whether the store refused a file that was good by itself: its remittance was known.
async fn refused_by_the_store(sources: &Sources, exchange: &Exchange) -> Result<bool, StoreError> {
    let first = sources.store.anomalies(exchange.id, 1, 1).await?;
    Ok(first.iter().any(|anomalie| anomalie.code == Code::RemiseDejaRecue.as_str()))
}

/// Norm, logical files, lots, invoices, lines.
type Counts = (&'static str, [u64; 4]);

fn counts_written(e: &Exchange) -> Counts {
    (e.norm_code(), [e.logical_files, e.lots, e.invoices, e.lines])
}

fn counts_read(examination: &Examination) -> Counts {
    let r = &examination.report;
    (r.norm.map_or("", Norm::as_str), [r.logical_files, r.lots, r.invoices, r.lines])
}

/// What became of the invoices, as the receipt says: accepted, quarantined, duplicates, unmatched.
pub(super) const fn counts_of(e: &Exchange) -> [u64; 4] {
    [e.accepted, e.quarantined, e.duplicates, e.unmatched]
}
