//! Values that every invoice of a deposit shares.

use super::Ingest;
use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::normalise::Origin;
use crate::store::StagedDeposit;
use crate::vault::Vault;
use std::io::{self, Read};
use std::sync::Arc;

/// Context of a deposit whose file is read and whose invoices are written.
#[derive(Clone)]
pub struct DepositContext {
    /// Exchange, sender and instant of the deposit.
    pub origin: Origin,
    /// Name of the file in the archive.
    pub archive_name: String,
    /// Archive that holds the file.
    pub archive: Arc<Archive>,
    /// Vault that seals persons and makes tokens.
    pub vault: Arc<Vault>,
    /// Clock that gives claims and events their identifiers.
    pub clock: SharedClock,
    /// Most invoices of one batch.
    pub batch_size: usize,
    /// Whether the deposit is staged, with one transaction a batch. A deposit in one transaction
    /// can roll back as a whole when it meets a staged one; a staged deposit cannot.
    pub is_staged: bool,
}

impl DepositContext {
    /// Opens the file.
    pub(super) fn open_file(&self) -> io::Result<impl Read + Send + use<>> {
        self.archive.open(&self.archive_name)
    }
}

impl Ingest {
    /// Returns the context of a deposit.
    pub(super) fn context(&self, deposit: &StagedDeposit, is_staged: bool) -> DepositContext {
        DepositContext {
            origin: Origin {
                exchange_id: deposit.id,
                sender: deposit.sender.clone(),
                received_at: deposit.received_at,
                calendar: self.clock.calendar(),
            },
            archive_name: deposit.archive_name.clone(),
            archive: Arc::clone(&self.archive),
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
            batch_size: self.limits.batch,
            is_staged,
        }
    }
}
