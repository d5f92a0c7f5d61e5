//! The stations of a deposit, in order:
//!
//! ```text
//! open, write   bytes go to the archive, encrypted                                upload.rs
//! archive       the file is whole and on disk                                     here
//! first receipt a file deposited before gets its first receipt again              receipt.rs
//! examine       first pass: counts, totals, verdict, remittances                  examine.rs
//! lane          real or test, by the marks of the file and the sender             lane.rs
//! reserve       the exchange is reserved, the same records with other line ends
//!               get their first receipt, known remittances refuse the file (C5)   reserve.rs
//! stage         a large deposit is committed without verdict                      staged.rs
//! write         second pass: invoices become claims, returns change parts         write.rs
//! close         exchange, ledger, ARL and chained receipt are committed           receipt.rs
//! ```
//!
//! A station takes the value that only the station before it can make: `close` wants the
//! `WrittenInvoices` of `write`, `write` the `Examined` file that `reserve` checked.

use super::archive_copy::ArchiveCopy;
use super::reserve::{Reservation, Reserved};
use super::retry::MAX_TRIES;
use super::write::{CommitMode, Totals};
use super::{Deposit, Ingest, IngestError, Receipt, Upload};
use crate::domain::{ExchangeId, Lane};
use crate::kill_point;
use crate::reading::blocking;
use crate::store::StagedDeposit;
use noemie_parsers::detect::Norme;
use std::sync::Arc;
use tracing::{Instrument, info_span, warn};

impl Ingest {
    /// Starts an upload: its bytes go to the archive, encrypted, whatever they are.
    pub fn open(&self, deposit: Deposit) -> Result<Upload, IngestError> {
        let (id, at) = (ExchangeId(self.clock.new_id()), self.clock.now());
        let writer =
            self.archive.create(id.0, at).map_err(IngestError::archive("opening the archive"))?;
        Ok(Upload::new(id, at, deposit, writer, self.limits.file_bytes))
    }

    /// Ends an upload and returns the receipt of its file. The receipt exists only after the
    /// commit; a file deposited before gets its first receipt again.
    pub async fn accept(&self, upload: Upload) -> Result<Receipt, IngestError> {
        let span =
            info_span!("ingest.accept", exchange = %upload.id, sender = %upload.deposit.sender);
        self.accept_in_span(upload).instrument(span).await
    }

    async fn accept_in_span(&self, upload: Upload) -> Result<Receipt, IngestError> {
        let (deposit, copy) = self.archive(upload).await?;
        if let Some(first) = self.find_first_receipt(&deposit).await? {
            return Ok(first);
        }
        let mut tries = 1;
        loop {
            match self.process(&deposit, &copy).await {
                Err(failure) if failure.is_retryable() && tries < MAX_TRIES => {
                    warn!(tries, "deposit conflicted with another change, trying again");
                    tries += 1;
                }
                Ok(receipt) => {
                    copy.keep_if_named_by(&receipt.exchange);
                    return Ok(receipt);
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Ends the archive file of an upload and returns the deposit that it makes; the first pass
    /// finds its lane.
    async fn archive(&self, upload: Upload) -> Result<(StagedDeposit, ArchiveCopy), IngestError> {
        let (id, received_at, deposit) = (upload.id, upload.at, upload.deposit.clone());
        let archived = blocking(move || upload.finish())
            .await
            .map_err(IngestError::archive("closing the archive"))?;
        let copy = ArchiveCopy::new(Arc::clone(&self.archive), archived.name.clone());
        let deposit = StagedDeposit {
            id,
            sender: deposit.sender.into(),
            lane: Lane::Real,
            digest: archived.digest_hex,
            records_digest: String::new(),
            idempotency_key: deposit.idempotency_key.map(|key| key.to_string()).unwrap_or_default(),
            channel: deposit.channel,
            file_name: deposit.file_name,
            size: archived.size,
            received_at,
            archive_name: archived.name,
            cursor: 0,
            withdrawal: None,
        };
        Ok((deposit, copy))
    }

    /// Brings an archived deposit to its receipt.
    async fn process(
        &self,
        deposit: &StagedDeposit,
        copy: &ArchiveCopy,
    ) -> Result<Receipt, IngestError> {
        let examined = self.examine(deposit).await?;
        kill_point::reach("ingest.examined");
        let mut deposit = self.in_its_lane(deposit, &examined);
        deposit.records_digest = examined.records_digest().to_owned();
        let deposit = &deposit;
        match self.reserve(deposit, examined).await? {
            Reservation::Taken(first) => self.bring_to_receipt(first, deposit, None, copy).await,
            Reservation::New(reserved) if self.is_large(&reserved) => {
                self.stage(deposit, *reserved, copy).await
            }
            Reservation::New(reserved) => self.write_at_once(deposit, *reserved, copy).await,
        }
    }

    /// Returns whether a deposit is written in several transactions: a file of norm B2 with more
    /// invoices than a batch. A return is never cut, nor a file with payment notices, because both
    /// change claims that everybody sees.
    fn is_large(&self, reserved: &Reserved) -> bool {
        let examined = &reserved.examined;
        matches!(examined.norme(), Some(Norme::B2(_)))
            && !examined.is_refused()
            && examined.report().payment_notices == 0
            && examined.report().invoices > self.limits.batch as u64
    }

    /// Writes and closes a deposit in the transaction that reserved its exchange.
    async fn write_at_once(
        &self,
        deposit: &StagedDeposit,
        reserved: Reserved,
        copy: &ArchiveCopy,
    ) -> Result<Receipt, IngestError> {
        let Reserved { mut work, examined, logical_files } = reserved;
        let totals = Totals::of_file(examined.read());
        let mode = CommitMode::OneTransaction(work.as_mut());
        let written = self.write_invoices(deposit, &examined, totals, mode).await?;
        copy.keep();
        self.close(work, deposit, &examined, &written, logical_files).await
    }
}
