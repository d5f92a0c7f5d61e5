//! The door: bytes come in, are archived, validated, normalised, stored and acknowledged.

mod batch;
mod books;
mod deposit;
pub mod drop_dir;
mod dry_run;
mod incoming;
pub mod invoices;
mod load;
mod load_b2;
mod load_noemie;
mod progress;
mod receipt;
mod resume;
mod withdraw;

pub use deposit::{Deposit, IngestError, Limits, Receipt, is_sender};
pub use incoming::Incoming;

use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::domain::{Exchange, ExchangeId, Verdict};
use crate::outgoing::arl;
use crate::store::{SharedStore, StagedDeposit, StoreError, UnitOfWork};
use crate::vault::Vault;
use deposit::clean_name;
use noemie_parsers::anomaly::{Anomaly, Code};
use noemie_parsers::b2::t000;
use noemie_xray::{Examination, Finding};
use resume::BackoffTable;
use std::sync::Arc;
use tracing::{Instrument, info, info_span};

/// Tries of a deposit, or of a batch of a load, that other changes get in the way of.
const TRIES: u32 = 5;

/// The door.
pub struct Ingest {
    store: SharedStore,
    vault: Arc<Vault>,
    archive: Arc<Archive>,
    clock: SharedClock,
    limits: Limits,
    rests: BackoffTable,
}

impl Ingest {
    /// A door in front of a store.
    #[must_use]
    pub fn new(
        store: SharedStore,
        vault: Arc<Vault>,
        archive: Arc<Archive>,
        clock: SharedClock,
        limits: Limits,
    ) -> Self {
        Self { store, vault, archive, clock, limits, rests: BackoffTable::default() }
    }

    /// Starts a deposit: bytes written to it go to the archive, encrypted, whatever they are.
    pub fn open(&self, deposit: Deposit) -> Result<Incoming, IngestError> {
        if !is_sender(&deposit.sender) {
            return Err(IngestError::InvalidSender);
        }
        let (id, at) = (ExchangeId(self.clock.new_id()), self.clock.now());
        let writer =
            self.archive.create(id, at).map_err(IngestError::archive("opening the archive"))?;
        Ok(Incoming::new(id, at, deposit, writer, self.limits.file_bytes))
    }

    /// Ends a deposit: validates, loads, acknowledges. The receipt exists only after the commit; a
    /// file already deposited gets its first one again.
    pub async fn accept(&self, incoming: Incoming) -> Result<Receipt, IngestError> {
        let span =
            info_span!("ingest.accept", exchange = %incoming.id, sender = %incoming.deposit.sender);
        self.accept_in_span(incoming).instrument(span).await
    }

    async fn accept_in_span(&self, incoming: Incoming) -> Result<Receipt, IngestError> {
        let (id, at, deposit) = (incoming.id, incoming.at, incoming.deposit.clone());
        let archived = blocking(move || incoming.finish())
            .await
            .map_err(IngestError::archive("closing the archive"))?;
        let load = StagedDeposit {
            id,
            sender: deposit.sender,
            digest: archived.digest_hex,
            idempotency_key: deposit.idempotency_key,
            channel: deposit.channel,
            file_name: clean_name(&deposit.file_name),
            size: archived.size,
            received_at: at,
            archive_name: archived.name,
            loaded: 0,
            withdrawal: None,
        };
        let mut needed = false;
        let outcome = self.find_or_load(&load, &mut needed).await;
        // Nobody needs the copy of a repeated file, nor of a deposit that failed before its commit:
        // the sender tries again, as often as a database is away. A commit that failed may still
        // have been applied: that copy stays until the sweep finds out.
        let needed = outcome
            .as_ref()
            .map_or(needed, |receipt| receipt.exchange.archive_name == load.archive_name);
        if !needed {
            self.forget(&load.archive_name);
        }
        outcome
    }

    /// The receipt of a file, known or new. `needed` once the store may name this copy of it.
    async fn find_or_load(
        &self,
        load: &StagedDeposit,
        needed: &mut bool,
    ) -> Result<Receipt, IngestError> {
        match self.store.exchange_by_digest(&load.sender, &load.digest).await? {
            Some(first) => self.repeat(&first, load).await,
            None => self.load_again(load, needed).await,
        }
    }

    /// Loads, and takes the deposit up again when another change of the same claims got in the way.
    async fn load_again(
        &self,
        load: &StagedDeposit,
        needed: &mut bool,
    ) -> Result<Receipt, IngestError> {
        for tried in 1..TRIES {
            match self.load(load, needed).await {
                Err(failure) if failure.worth_a_retry() => {
                    tracing::warn!(tried, "another change got in the way, loading again")
                }
                outcome => return outcome,
            }
        }
        self.load(load, needed).await
    }

    fn forget(&self, archive_name: &str) {
        if let Err(error) = self.archive.remove(archive_name) {
            tracing::warn!(%error, name = archive_name, "archived copy of a repeated file could not be removed");
        }
    }

    /// The receipt of an exchange that has one.
    async fn repeat(&self, first: &Exchange, load: &StagedDeposit) -> Result<Receipt, IngestError> {
        if first.digest != load.digest {
            return Err(IngestError::KeyReused);
        }
        let arl = self
            .store
            .arl(first.id)
            .await?
            .ok_or_else(|| StoreError::Corrupt(format!("exchange {} has no ARL", first.id)))?;
        let arl_body =
            arl::open(&arl, &self.vault).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        let repeated = first.id != load.id;
        if repeated {
            info!(first = %first.id, "file already deposited: first receipt given again");
        }
        Ok(Receipt { exchange: first.clone(), arl, arl_body, repeated })
    }

    async fn examine(&self, load: &StagedDeposit) -> Result<Examination, IngestError> {
        let (archive, archived_name, name) =
            (Arc::clone(&self.archive), load.archive_name.clone(), load.file_name.clone());
        blocking(move || noemie_xray::examine(archive.open(&archived_name)?, &name))
            .await
            .map_err(IngestError::archive("reading the file"))
    }

    /// C5 against every earlier exchange: the same remittance under other bytes is refused, naming
    /// the first.
    async fn refuse_known_remittances(
        &self,
        work: &mut dyn UnitOfWork,
        examination: &mut Examination,
    ) -> Result<(), IngestError> {
        if examination.report.verdict == Verdict::Refused {
            return Ok(());
        }
        // A return without identification cannot be told from the next one of the same day (in B2
        // its absence is a fault of its own, C4).
        for (file, at) in
            examination.remittances.iter().filter(|(file, _)| !file.file_id.is_empty())
        {
            let Some(first) = work.find_logical_file(file).await? else { continue };
            if work.open_loads().await?.iter().any(|load| load.id == first) {
                return Err(IngestError::Held { exchange: first });
            }
            // A load that ended between the two looks may have been given up or refused: then
            // nobody holds the remittance any more.
            if work.find_logical_file(file).await? != Some(first) {
                return Err(IngestError::Held { exchange: first });
            }
            let message = format!(
                "Remise déjà reçue (même émetteur, même date, même identification) : échange {first}"
            );
            let mut anomaly = Anomaly::on_record(Code::RemiseDejaRecue, *at, "000", message);
            let zone = &t000::layout::IDENTIFICATION_FICHIER;
            anomaly.column = u32::from(zone.start);
            anomaly.offset += u64::from(zone.start) - 1;
            anomaly.length = u32::from(zone.len);
            examination.report.refuse(Finding::new(anomaly, None));
        }
        Ok(())
    }
}

/// Runs reading and hashing away from the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
