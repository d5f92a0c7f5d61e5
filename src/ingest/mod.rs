//! The door: bytes come in, are archived, validated, normalised, stored and acknowledged.

mod books;
pub mod drop_dir;
mod dry_run;
mod incoming;
mod load_b2;
mod load_noemie;

pub use incoming::Incoming;

use crate::archive::{Archive, Archived};
use crate::clock::SharedClock;
use crate::domain::masking::without_nir;
use crate::domain::{Anomalie, Channel, Exchange, ExchangeId, LogicalFile, ReturnFile, Verdict};
use crate::returns::arl;
use crate::store::{Closing, SharedStore, StoreError, UnitOfWork};
use crate::validate::report::LONGEST_LIST;
use crate::validate::{self, Examen, Finding};
use crate::vault::Vault;
use books::Books;
use noemie_parsers::anomaly::{Anomaly, Code, Position};
use noemie_parsers::b2::t000;
use noemie_parsers::detect::Norme;
use noemie_parsers::noemie::Packaging;
use noemie_parsers::types::Montant;
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use tracing::{Instrument, info, info_span};

/// Who deposits what, by which door.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// Sender (concentrator): 1 to 64 letters, digits, `-`, `_` or `.`.
    pub sender: String,
    /// Door.
    pub channel: Channel,
    /// File name given by the sender; may be empty.
    pub file_name: String,
    /// Idempotency key; empty when none.
    pub idempotency_key: String,
}

/// What the depositor gets back: the exchange and its ARL. Given only after the commit.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The exchange, with counts and verdict.
    pub exchange: Exchange,
    /// The ARL (body opened from the vault in `arl_body`).
    pub arl: ReturnFile,
    /// Bytes of the ARL.
    pub arl_body: Vec<u8>,
    /// Whether this file had already been deposited: the receipt is then the first one.
    pub repeated: bool,
}

/// Why a deposit has no receipt. A file that was read always has one, even refused.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The sender's name is not usable.
    #[error("sender must be 1 to 64 letters, digits, '-', '_' or '.'")]
    InvalidSender,
    /// The idempotency key was used for other bytes.
    #[error("idempotency key already used for another file")]
    KeyReused,
    /// Larger than the configured limit.
    #[error("file larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit, bytes.
        limit: u64,
    },
    /// The archive or the spool failed.
    #[error("archive, while {doing}")]
    Archive {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IngestError {
    /// Wraps a failure of the archive or of the reading.
    fn archive(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Archive { doing, source }
    }
}

/// Tries of a load that other changes get in the way of.
const TRIES: u32 = 5;

/// Named limits of the door.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest file, bytes: the disk of the archive is not the depositor's.
    pub file_bytes: u64,
    /// Invoices written in one go: large enough that round trips do not count, small enough for memory.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 4 * 1024 * 1024 * 1024, batch: 500 }
    }
}

/// The door.
pub struct Ingest {
    store: SharedStore,
    vault: Arc<Vault>,
    archive: Arc<Archive>,
    clock: SharedClock,
    limits: Limits,
}

impl Ingest {
    /// A door in front of a store.
    #[must_use]
    pub fn new(store: SharedStore, vault: Arc<Vault>, archive: Arc<Archive>, clock: SharedClock, limits: Limits) -> Self {
        Self { store, vault, archive, clock, limits }
    }

    /// Starts a deposit: bytes written to it go to the archive, encrypted, whatever they are.
    pub fn open(&self, deposit: Deposit) -> Result<Incoming, IngestError> {
        if !is_sender(&deposit.sender) {
            return Err(IngestError::InvalidSender);
        }
        let (id, at) = (ExchangeId(self.clock.new_id()), self.clock.now());
        let writer = self.archive.create(id, at).map_err(IngestError::archive("opening the archive"))?;
        Ok(Incoming::new(id, at, deposit, writer, self.limits.file_bytes))
    }

    /// Ends a deposit: validates, loads, acknowledges. The receipt exists only after the commit; a file already deposited gets its first one again.
    pub async fn accept(&self, incoming: Incoming) -> Result<Receipt, IngestError> {
        let span = info_span!("ingest.accept", exchange = %incoming.id, sender = %incoming.deposit.sender);
        self.accept_in_span(incoming).instrument(span).await
    }

    async fn accept_in_span(&self, incoming: Incoming) -> Result<Receipt, IngestError> {
        let (id, at, deposit) = (incoming.id, incoming.at, incoming.deposit.clone());
        let archived = blocking(move || incoming.finish()).await.map_err(IngestError::archive("closing the archive"))?;
        if let Some(first) = self.store.exchange_by_digest(&deposit.sender, &archived.digest_hex).await? {
            self.forget(&archived);
            return self.repeat(&first, &archived.digest_hex).await;
        }
        let outcome = self.load_again(id, at, &deposit, &archived).await;
        match &outcome {
            Ok(receipt) if !receipt.repeated => {
                let exchange = &receipt.exchange;
                info!(verdict = exchange.verdict.as_str(), invoices = exchange.invoices, accepted = exchange.accepted, "exchange committed");
            }
            // A failed commit may still have been applied: the archived file stays until the sweep finds out.
            Ok(_) => self.forget(&archived),
            Err(_) => {}
        }
        outcome
    }

    /// Loads, and starts over when another change of the same claims got in the way: nothing of the failed try is left.
    async fn load_again(&self, id: ExchangeId, at: time::OffsetDateTime, deposit: &Deposit, archived: &Archived) -> Result<Receipt, IngestError> {
        for tried in 1..TRIES {
            match self.load(id, at, deposit, archived).await {
                Err(IngestError::Store(failure)) if failure.worth_a_retry() => tracing::warn!(tried, "another change got in the way, loading again"),
                outcome => return outcome,
            }
        }
        self.load(id, at, deposit, archived).await
    }

    fn forget(&self, archived: &Archived) {
        if let Err(error) = self.archive.remove(&archived.name) {
            tracing::warn!(%error, name = %archived.name, "archived copy of a repeated file could not be removed");
        }
    }

    /// The first receipt again.
    async fn repeat(&self, first: &Exchange, digest: &str) -> Result<Receipt, IngestError> {
        if first.digest != digest {
            return Err(IngestError::KeyReused);
        }
        let arl = self.store.arl(first.id).await?.ok_or_else(|| StoreError::Corrupt(format!("exchange {} has no ARL", first.id)))?;
        let arl_body = arl::open(&arl, &self.vault).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        info!(first = %first.id, "file already deposited: first receipt given again");
        Ok(Receipt { exchange: first.clone(), arl, arl_body, repeated: true })
    }

    /// Both passes over the archived file, and the commit.
    async fn load(&self, id: ExchangeId, at: time::OffsetDateTime, deposit: &Deposit, archived: &Archived) -> Result<Receipt, IngestError> {
        let mut examen = self.examine(archived, &deposit.file_name).await?;
        let mut work = self.store.begin().await?;
        if let Some(first) = work.claim_exchange(&deposit.sender, &archived.digest_hex, &deposit.idempotency_key, id).await? {
            drop(work);
            let first = self.store.exchange(first).await?.ok_or_else(|| StoreError::Corrupt(format!("exchange {first} vanished")))?;
            return self.repeat(&first, &archived.digest_hex).await;
        }
        self.refuse_known_remittances(work.as_mut(), &mut examen).await?;
        let mut books = Books::new(examen.read);
        if examen.report.verdict != Verdict::Refused {
            let source = load_b2::Source { archive: &self.archive, name: &archived.name };
            let context =
                load_b2::Loading { exchange_id: id, sender: &deposit.sender, at, vault: &self.vault, clock: &self.clock, batch: self.limits.batch };
            match examen.norme {
                Some(Norme::B2(forme)) => load_b2::load(&source, forme, &context, work.as_mut(), &mut books).await?,
                Some(Norme::NoemieLignes) => load_noemie::load(&source, Packaging::Lignes, &context, work.as_mut(), &mut books).await?,
                Some(Norme::NoemieBlocs) => load_noemie::load(&source, Packaging::Blocs, &context, work.as_mut(), &mut books).await?,
                _ => books.envelope_is_rest(),
            }
        } else {
            books.envelope_is_rest();
        }
        self.close(work, id, at, deposit, archived, examen, books).await
    }

    async fn examine(&self, archived: &Archived, name: &str) -> Result<Examen, IngestError> {
        let (archive, archived_name, name) = (Arc::clone(&self.archive), archived.name.clone(), name.to_owned());
        blocking(move || validate::examine(archive.open(&archived_name)?, &name)).await.map_err(IngestError::archive("reading the file"))
    }

    /// C5 against every earlier exchange: the same remittance under other bytes is refused, naming the first.
    async fn refuse_known_remittances(&self, work: &mut dyn UnitOfWork, examen: &mut Examen) -> Result<(), IngestError> {
        if examen.report.verdict == Verdict::Refused {
            return Ok(());
        }
        // A return without identification cannot be told from the next one of the same day (in B2 its absence is a fault of its own, C4).
        for (file, at) in examen.remittances.iter().filter(|(file, _)| !file.file_id.is_empty()) {
            let Some(first) = work.find_logical_file(file).await? else { continue };
            let message = format!("Remise déjà reçue (même émetteur, même date, même identification) : échange {first}");
            let mut anomaly = Anomaly::on_record(Code::RemiseDejaRecue, *at, "000", message);
            let zone = &t000::layout::IDENTIFICATION_FICHIER;
            anomaly.column = u32::from(zone.start);
            anomaly.offset += u64::from(zone.start) - 1;
            anomaly.length = u32::from(zone.len);
            examen.report.refuse(Finding::new(anomaly, None));
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the last step gathers what every earlier one found")]
    async fn close(
        &self,
        mut work: Box<dyn UnitOfWork>,
        id: ExchangeId,
        at: time::OffsetDateTime,
        deposit: &Deposit,
        archived: &Archived,
        examen: Examen,
        books: Books,
    ) -> Result<Receipt, IngestError> {
        let findings: Vec<Anomalie> = books
            .findings
            .iter()
            .cloned()
            .chain(examen.report.anomalies.iter().cloned().map(anomalie))
            .take(LONGEST_LIST)
            .zip(1..)
            .map(numbered)
            .collect();
        for chunk in findings.chunks(self.limits.batch) {
            work.insert_anomalies(id, chunk).await?;
        }
        let exchange = exchange(id, at, deposit, archived, &examen, &books);
        let (arl, arl_body) = arl::write(&exchange, &examen, &books.aside, &self.vault, self.clock.new_id());
        let refused = exchange.verdict == Verdict::Refused;
        let logical_files = if refused { Vec::new() } else { recognisable(examen.remittances) };
        let closing = Closing { exchange: exchange.clone(), ledger: books.ledger(), logical_files, arl: arl.clone() };
        work.close_exchange(&closing).await?;
        work.commit().await?;
        Ok(Receipt { exchange, arl, arl_body, repeated: false })
    }
}

fn exchange(id: ExchangeId, at: time::OffsetDateTime, deposit: &Deposit, archived: &Archived, examen: &Examen, books: &Books) -> Exchange {
    let report = &examen.report;
    let partial = books.quarantined + books.duplicates > 0 && report.verdict == Verdict::Accepted;
    let b2 = report.norm == Some("b2");
    let sum = |loaded: Montant, said: i64| if b2 { loaded } else { Montant::from_centimes(said) };
    Exchange {
        id,
        sender: deposit.sender.clone(),
        channel: deposit.channel,
        file_name: clean_name(&deposit.file_name),
        digest: archived.digest_hex.clone(),
        idempotency_key: deposit.idempotency_key.clone(),
        size: archived.size,
        norm: report.norm.unwrap_or_default().to_owned(),
        packaging: report.packaging.unwrap_or_default().to_owned(),
        verdict: if partial { Verdict::Partial } else { report.verdict },
        logical_files: report.logical_files,
        lots: report.lots,
        invoices: report.invoices,
        lines: report.lines,
        accepted: books.accepted,
        quarantined: books.quarantined,
        duplicates: books.duplicates,
        unmatched: books.unmatched,
        total: sum(books.total, report.total_centimes),
        amo: sum(books.amo, report.amo_centimes),
        amc: sum(books.amc, report.amc_centimes),
        anomalies: report.anomaly_count + books.found,
        received_at: at,
        archive_name: archived.name.clone(),
    }
}

/// The remittances by which later files are recognised: with an identification, each once.
fn recognisable(remittances: Vec<(LogicalFile, Position)>) -> Vec<LogicalFile> {
    let mut seen = HashSet::new();
    let key = |f: &LogicalFile| (f.issuer.clone(), f.recipient.clone(), f.message.clone(), f.created.clone(), f.file_id.clone());
    remittances.into_iter().map(|(file, _)| file).filter(|file| !file.file_id.is_empty() && seen.insert(key(file))).collect()
}

fn numbered((anomalie, ordinal): (Anomalie, u64)) -> Anomalie {
    Anomalie { ordinal, ..anomalie }
}

fn anomalie(finding: Finding) -> Anomalie {
    Anomalie {
        ordinal: 0,
        code: finding.code.to_owned(),
        control: finding.control.to_owned(),
        severity: finding.severity.to_owned(),
        record: finding.record.unwrap_or_default(),
        record_type: finding.record_type,
        column: finding.column.unwrap_or_default(),
        offset: finding.offset,
        length: finding.length,
        field: finding.field,
        value: finding.value.unwrap_or_default(),
        message: finding.message,
        invoice_number: finding.invoice.unwrap_or_default(),
    }
}

/// Senders name directories and files: no separator, no surprise.
#[must_use]
pub fn is_sender(name: &str) -> bool {
    (1..=64).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Longest file name kept.
const NAME_LENGTH: usize = 120;

/// The last part of a name, without control characters, and with long runs of digits masked: a NIR must not come in by a file name.
fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut out = String::new();
    let mut digits = 0;
    for c in without_nir(last).chars().filter(|c| !c.is_control()).take(NAME_LENGTH) {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        out.push(if digits > 8 { '*' } else { c });
    }
    out
}

/// Runs reading and hashing away from the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_plain_names() {
        assert!(is_sender("oct-1.test_A"));
        for bad in ["", ".", "..", "a/b", "a b", "é", &"x".repeat(65)] {
            assert!(!is_sender(bad), "{bad}");
        }
    }

    #[test]
    fn a_nir_in_a_file_name_is_masked() {
        assert_eq!(clean_name("/tmp/dre_1850760057018.b2"), "dre_*************.b2");
        assert_eq!(clean_name("185072A00401823.b2"), "***************.b2");
        assert_eq!(clean_name("facture_1234567890.b2"), "facture_12345678**.b2");
        assert_eq!(clean_name("SP_FP_20260202.b2"), "SP_FP_20260202.b2");
    }
}
