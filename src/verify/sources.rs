//! Rooms that a verification reads.

use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::domain::Exchange;
use crate::normalise::{DepositContext, Origin};
use crate::store::SharedStore;
use crate::vault::Vault;
use crate::witness::Witness;
use std::sync::Arc;

/// Invoices compared with one read of the database.
const BATCH_SIZE: usize = 500;

/// Rooms that a verification reads.
#[derive(Clone)]
pub struct Sources {
    /// Store.
    pub store: SharedStore,
    /// Archive of the raw files.
    pub archive: Arc<Archive>,
    /// Vault with the keys.
    pub vault: Arc<Vault>,
    /// Clock.
    pub clock: SharedClock,
}

impl Sources {
    /// Returns the witness lines of the installation.
    #[must_use]
    pub fn witness(&self) -> Witness {
        Witness {
            store: Arc::clone(&self.store),
            archive: Arc::clone(&self.archive),
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Returns the context in which the file of an exchange is read again.
    pub(super) fn context(&self, exchange: &Exchange) -> DepositContext {
        DepositContext {
            origin: Origin {
                exchange_id: exchange.id,
                sender: exchange.sender.clone(),
                received_at: exchange.received_at,
                lane: exchange.lane,
                calendar: self.clock.calendar(),
            },
            archive_name: exchange.archive_name.clone(),
            archive: Arc::clone(&self.archive),
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
            batch_size: BATCH_SIZE,
            is_staged: false,
        }
    }
}
