//! Values that every invoice of a deposit shares.

use super::Origin;
use crate::archive::Archive;
use crate::domain::SharedClock;
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
    pub(crate) fn open_file(&self) -> io::Result<impl Read + Send + use<>> {
        self.archive.open(&self.archive_name)
    }
}
