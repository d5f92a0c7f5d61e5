//! Deposits of files that lie on the machine of the caller.

pub use crate::ingest::{IngestError, Receipt, is_sender};

use crate::domain::{Caller, Channel, Role};
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
        sender: &str,
    ) -> Result<Receipt, LocalFileError> {
        if caller.role != Role::Operator || !caller.scope.senders.covers(sender) {
            return Err(LocalFileError::NotPermitted { name: caller.name.clone() });
        }
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let deposit = Deposit {
            sender: sender.to_owned(),
            channel: Channel::Cli,
            file_name: file_name.unwrap_or_default(),
            idempotency_key: None,
        };
        Ok(self.ingest.accept_file(path, deposit).await?)
    }
}
