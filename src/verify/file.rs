//! Compares an exchange with its raw file.

use super::counts::{self, compare_verdict};
use super::finding::{Kind, Verification};
use super::invoices;
use super::losses::{Loss, LostDeposit};
use super::sources::Sources;
use super::{transfers, words};
use crate::arl;
use crate::domain::Scope;
use crate::domain::civil_time::reception_hour;
use crate::domain::{Exchange, Ledger, Norm, ReturnFile, Verdict};
use crate::store::StoreError;
use crate::vault::VaultError;
use noemie_parsers::anomaly::Code;
use noemie_parsers::detect::Norme;
use noemie_parsers::noemie::Packaging;
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

/// Compares the rows of an exchange with its file.
pub(super) async fn compare(
    sources: &Sources,
    exchange: &Exchange,
    ledger: Option<&Ledger>,
    arl: Option<&ReturnFile>,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let id = Some(exchange.id);
    compare_arl(sources, exchange, arl, verification);
    let read = examine(sources, exchange).await;
    verification.files += u64::from(read.is_ok());
    let examination = match read {
        Ok((examination, digest, size)) if digest == exchange.digest && size == exchange.size => {
            examination
        }
        Ok((_, digest, size)) => {
            let detail = format!(
                "{size} bytes of digest {digest}, deposited {} of {}",
                exchange.size, exchange.digest
            );
            verification.find(Kind::ArchiveAltered, id, detail);
            return Ok(());
        }
        Err(failure) if failure.kind() == io::ErrorKind::NotFound => {
            lose_raw_file(exchange, verification);
            return Ok(());
        }
        Err(failure) => {
            let kind =
                if is_other_key(&failure) { Kind::OtherKey } else { Kind::ArchiveUnreadable };
            let detail = format!("{}: {failure}", exchange.archive_name);
            verification.find(kind, id, detail);
            return Ok(());
        }
    };
    // A version that refuses the file has no digest of its records; the receipt covers the stored
    // one.
    let records = &examination.records_digest;
    if !exchange.records_digest.is_empty()
        && !records.is_empty()
        && *records != exchange.records_digest
    {
        let detail = format!("records of digest {records}, stored {}", exchange.records_digest);
        verification.find(Kind::ExchangeDiffers, id, detail);
    }
    if is_of_later_version(exchange) {
        let note = "its verdict or norm is of a later version: its rows were not compared";
        verification.note(exchange.id, note);
        return Ok(());
    }
    let written = ledger.copied().unwrap_or_default();
    let expected = if exchange.verdict == Verdict::Refused {
        compare_refused(sources, exchange, &examination, &written, verification).await?
    } else {
        compare_accepted(sources, exchange, &examination, &written, verification).await?
    };
    if ledger != Some(&expected) || !expected.balances() {
        verification.find(Kind::LedgerDiffers, id, words::ledger(ledger, &expected));
    }
    Ok(())
}

/// Records that the archive has no raw file of a receipt.
fn lose_raw_file(exchange: &Exchange, verification: &mut Verification) {
    let Exchange { archive_name, sender, digest, .. } = exchange;
    let detail = format!(
        "{archive_name} is not in the archive: restore a newer archive, or ask {sender} for a copy \
         of {:?} (digest {digest}) to keep; the receipt and its claims hold, so the file must not \
         be deposited again",
        exchange.file_name.as_str()
    );
    let deposit = LostDeposit {
        exchange: exchange.id,
        file: exchange.file_name.as_str().to_owned(),
        reference: String::new(),
        deposited_at: Some(exchange.received_at),
        arl: arl::file_name(exchange),
        is_archived: false,
    };
    let (id, loss) = (exchange.id, Loss::RawFile(deposit));
    verification.lose(Kind::ArchiveLost, id.0, Some(id), detail, (sender, loss));
}

/// Returns whether a later version judged the file by rules that this version does not know.
fn is_of_later_version(exchange: &Exchange) -> bool {
    exchange.verdict == Verdict::Unknown || exchange.norm == Some(Norm::Unknown)
}

/// Checks that the ARL opens and has the digest that was chained.
fn compare_arl(
    sources: &Sources,
    exchange: &Exchange,
    arl: Option<&ReturnFile>,
    verification: &mut Verification,
) {
    let fault = match arl.map(|file| (file, arl::open(file, &sources.vault))) {
        None => "the exchange has no ARL".to_owned(),
        Some((_, Err(VaultError::OtherKey))) => {
            let detail = "the ARL is sealed under another vault key";
            return verification.find(Kind::OtherKey, Some(exchange.id), detail);
        }
        Some((_, Err(failure))) => failure.to_string(),
        Some((file, Ok(body))) if blake3::hash(&body).to_hex().as_str() != file.digest => {
            "the ARL has another digest".to_owned()
        }
        Some((file, Ok(_))) if !is_row_of(file, exchange, &sources.vault.key_id()) => {
            "the row of the ARL differs from the one of its exchange".to_owned()
        }
        Some(_) => return,
    };
    verification.find(Kind::ArlUnreadable, Some(exchange.id), fault);
}

/// Returns whether an archived file was sealed under another vault key.
fn is_other_key(failure: &io::Error) -> bool {
    let cause = failure.get_ref().and_then(|cause| cause.downcast_ref::<VaultError>());
    matches!(cause, Some(VaultError::OtherKey))
}

/// Returns whether the row of an ARL has the recipient, lane, name, key and instant that its
/// exchange gives.
fn is_row_of(arl: &ReturnFile, exchange: &Exchange, key_id: &str) -> bool {
    arl.recipient == exchange.sender
        && arl.lane == exchange.lane
        && arl.created_at == exchange.received_at
        && arl.key_id.0 == key_id
        && arl.file_name == arl::file_name(exchange)
}

async fn examine(sources: &Sources, exchange: &Exchange) -> io::Result<(Examination, String, u64)> {
    let (archive, name, file_name) =
        (Arc::clone(&sources.archive), exchange.archive_name.clone(), exchange.file_name.clone());
    let hour = reception_hour(exchange.received_at);
    let reading = tokio::task::spawn_blocking(move || {
        let mut source =
            Digested { source: archive.open(&name)?, hasher: blake3::Hasher::new(), size: 0 };
        let examination = noemie_xray::examine_deposit(&mut source, file_name.as_str(), hour)?;
        // The reading of a refused file may have ended early; the digest covers the whole file.
        io::copy(&mut source, &mut io::sink())?;
        Ok((examination, source.hasher.finalize().to_hex().to_string(), source.size))
    });
    reading.await.map_err(io::Error::other)?
}

/// Compares a refused file, which has no invoice in the store. How far it is read depends on the
/// control that refuses it, so that other counts are a note. Returns the expected ledger.
async fn compare_refused(
    sources: &Sources,
    exchange: &Exchange,
    examination: &Examination,
    written: &Ledger,
    verification: &mut Verification,
) -> Result<Ledger, StoreError> {
    expect_no_rows(sources, exchange, verification).await?;
    let (outcomes, sums) = (counts::outcomes(exchange), counts::sums(exchange));
    if (outcomes, sums) != ([0; 4], [Montant::ZERO; 3]) {
        let sides = ("stored", "expected");
        let outcomes = words::between(counts::OUTCOMES, &outcomes, &[0; 4], sides);
        let sums = words::between(counts::SUMS, &sums, &[Montant::ZERO; 3], sides);
        let detail = format!("a refused file writes no invoice: {outcomes} {sums}");
        verification.find(Kind::ExchangeDiffers, Some(exchange.id), detail);
    }
    let (said, read) = (counts::written(exchange), counts::read(examination));
    if examination.report.verdict != Verdict::Refused
        && !is_known_remittance(sources, exchange).await?
    {
        let verdict = examination.report.verdict.as_str();
        verification.note(exchange.id, format!("refused, and would be {verdict} today"));
    } else if (said, written.read) != (read, examination.read) {
        let records = words::differences(["records"], &[written.read], &[examination.read]);
        let counts = counts::differences(&said, &read);
        verification.note(exchange.id, format!("refused after another part: {records} {counts}"));
    }
    Ok(Ledger { read: written.read, envelope: written.read, ..Ledger::default() })
}

/// Compares a file that was accepted as a whole or in part. Returns the expected ledger.
async fn compare_accepted(
    sources: &Sources,
    exchange: &Exchange,
    examination: &Examination,
    written: &Ledger,
    verification: &mut Verification,
) -> Result<Ledger, StoreError> {
    let (said, read) = (counts::written(exchange), counts::read(examination));
    if said != read {
        let detail = counts::differences(&said, &read);
        verification.find(Kind::ExchangeDiffers, Some(exchange.id), detail);
    }
    let report = &examination.report;
    let is_refused = report.verdict == Verdict::Refused;
    if let Some(finding) = report.anomalies.first().filter(|_| is_refused) {
        let note = format!("accepted, and would be refused today: {}", finding.code);
        verification.note(exchange.id, note);
    }
    match examination.norme {
        Some(Norme::B2(forme)) => {
            invoices::compare(sources, exchange, examination, forme, verification).await
        }
        Some(norme @ (Norme::NoemieLignes | Norme::NoemieBlocs)) => {
            let is_in_lines = norme == Norme::NoemieLignes;
            let packaging = if is_in_lines { Packaging::Lignes } else { Packaging::Blocs };
            if !exchange.lane.is_test() {
                transfers::compare_told(sources, exchange, packaging, verification).await?;
            }
            expect_no_rows(sources, exchange, verification).await?;
            compare_returns(exchange, examination, verification);
            // The claims that a return matched depended on that moment: the ledger has to balance
            // over the records of the file.
            Ok(Ledger { read: examination.read, ..*written })
        }
        _ => {
            expect_no_rows(sources, exchange, verification).await?;
            compare_sums(exchange, examination, exchange.verdict == report.verdict, verification);
            Ok(Ledger { read: examination.read, envelope: examination.read, ..Ledger::default() })
        }
    }
}

/// Compares a return of a caisse: each return of the file is counted, and the sums are those of the
/// file.
fn compare_returns(
    exchange: &Exchange,
    examination: &Examination,
    verification: &mut Verification,
) {
    let outcomes = counts::outcomes(exchange);
    if outcomes.iter().sum::<u64>() != exchange.invoices {
        let [accepted, quarantined, duplicates, unmatched] = outcomes;
        let detail = format!(
            "{accepted} accepted, {quarantined} quarantined, {duplicates} duplicates and \
             {unmatched} unmatched of {} returns",
            exchange.invoices
        );
        verification.find(Kind::ExchangeDiffers, Some(exchange.id), detail);
    }
    compare_verdict(exchange, examination, verification);
    let report = &examination.report;
    let same_judgement = report.verdict != Verdict::Refused
        && report.invoices - report.accepted_invoices == exchange.quarantined;
    compare_sums(exchange, examination, same_judgement, verification);
}

/// Compares the sums of a file that brings no claims. Where this version would quarantine other
/// invoices than the version of the receipt, the sums are not comparable.
fn compare_sums(
    exchange: &Exchange,
    examination: &Examination,
    same_judgement: bool,
    verification: &mut Verification,
) {
    let (said, read) = (counts::sums(exchange), counts::read_sums(examination));
    if !same_judgement {
        verification.note(
            exchange.id,
            "other invoices of the file would be quarantined today: its sums were not compared",
        );
    } else if said != read {
        let detail = words::differences(counts::SUMS, &said, &read);
        verification.find(Kind::ExchangeDiffers, Some(exchange.id), detail);
    }
}

/// Checks that the store has no claim and no quarantined row of an exchange that brings none.
async fn expect_no_rows(
    sources: &Sources,
    exchange: &Exchange,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let stored = sources.store.count_invoices(exchange.id).await?;
    if stored != (0, 0) {
        let (claims, quarantined) = stored;
        let detail = format!(
            "{claims} claims and {quarantined} quarantined invoices stored for a file that brings \
             none"
        );
        verification.find(Kind::ClaimInvented, Some(exchange.id), detail);
    }
    Ok(())
}

/// Returns whether a file without faults of its own was refused because its remittance was known.
async fn is_known_remittance(sources: &Sources, exchange: &Exchange) -> Result<bool, StoreError> {
    let first = sources.store.anomalies(&Scope::everything(), exchange.id, 1, 1).await?;
    Ok(first.iter().any(|anomaly| anomaly.code == Code::RemiseDejaRecue.as_str()))
}
