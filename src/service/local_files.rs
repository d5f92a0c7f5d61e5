//! Deposits of files that lie on the machine of the caller.

pub use crate::ingest::{IngestError, Receipt};

use crate::domain::{Caller, Channel, Role, Sender};
use crate::ingest::{Deposit, Ingest};
use std::path::Path;
use std::sync::Arc;

/// Reason why a file is not deposited. A file that was read always has a receipt, even refused.
#[derive(Debug, thiserror::Error)]
pub enum LocalFileError {
    /// The caller may not deposit in the name of senders.
    #[error("{name} may not deposit in the name of a sender")]
    NotPermitted {
        /// Name of the caller.
        name: String,
    },
    /// The deposit failed.
    #[error(transparent)]
    Deposit(#[from] IngestError),
}

/// Deposits files of this machine.
#[derive(Clone)]
pub struct LocalFiles {
    ingest: Arc<Ingest>,
}

impl LocalFiles {
    /// Returns the deposits into an installation.
    #[must_use]
    pub const fn new(ingest: Arc<Ingest>) -> Self {
        Self { ingest }
    }

    /// Deposits a file in the name of a sender, and returns the receipt once it is committed.
    pub async fn deposit(
        &self,
        caller: &Caller,
        path: &Path,
        sender: &Sender,
    ) -> Result<Receipt, LocalFileError> {
        if caller.role != Role::Operator || !caller.scope.senders.covers(sender.as_str()) {
            return Err(LocalFileError::NotPermitted { name: caller.name.clone() });
        }
        let deposit = Deposit {
            sender: sender.clone(),
            channel: Channel::Cli,
            file_name: path.into(),
            idempotency_key: None,
        };
        Ok(self.ingest.accept_file(path, deposit).await?)
    }
}
