//! Deposits and dry runs of files that arrive in chunks. A limited number of them runs at once.

use crate::domain::{Caller, FileName};
use crate::ingest::Ingest;
use futures::{Stream, StreamExt as _};
use noemie_xray::Report;
use std::io;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use crate::ingest::{Deposit, IngestError, Receipt};

/// The bytes of a file, in order, as they arrive. An error ends the stream: the deposit has no
/// receipt, and the edge answers the cause, which only the edge knows.
pub type Chunks<'a> = dyn Stream<Item = io::Result<Vec<u8>>> + Send + Unpin + 'a;

/// Takes files from callers. Memory holds one invoice of a file, whatever its size.
pub struct Deposits {
    ingest: Arc<Ingest>,
    uploads: Semaphore,
    max_uploads: usize,
}

impl Deposits {
    /// Lets at most `max_uploads` files in at once.
    #[must_use]
    pub fn new(ingest: Arc<Ingest>, max_uploads: usize) -> Self {
        let uploads = Semaphore::new(max_uploads.min(Semaphore::MAX_PERMITS));
        Self { ingest, uploads, max_uploads }
    }

    /// Deposits a file and returns its receipt after the commit. A dropped future leaves neither a
    /// receipt nor a claim. A sender outside the scope of the caller is refused before a byte is
    /// read, also for a file that this sender has already deposited.
    pub async fn submit(
        &self,
        caller: &Caller,
        deposit: Deposit,
        chunks: &mut Chunks<'_>,
    ) -> Result<Receipt, IngestError> {
        tracing::debug!(caller = caller.name, sender = %deposit.sender, "deposit begins");
        if !caller.scope.senders.covers(deposit.sender.as_str()) {
            return Err(IngestError::SenderOutsideScope);
        }
        let _permit = self.acquire()?;
        let mut incoming = self.ingest.open(deposit)?;
        while let Some(chunk) = chunks.next().await {
            incoming = incoming.append(chunk.map_err(broken)?).await?;
        }
        self.ingest.accept(incoming).await
    }

    /// Returns the report that a deposit of this file would give, and stores nothing.
    pub async fn validate(
        &self,
        caller: &Caller,
        file_name: FileName,
        chunks: &mut Chunks<'_>,
    ) -> Result<Report, IngestError> {
        tracing::debug!(caller = caller.name, "dry run begins");
        let _permit = self.acquire()?;
        let (pipe, dry_run) = self.ingest.dry_run(file_name);
        while let Some(chunk) = chunks.next().await {
            if pipe.send(chunk.map_err(broken)?).await.is_err() {
                break; // The dry run ended early and its result says why.
            }
        }
        drop(pipe);
        dry_run.await
    }

    /// Returns a permit for one upload, released when the upload is answered or dropped.
    fn acquire(&self) -> Result<SemaphorePermit<'_>, IngestError> {
        let limit = self.max_uploads;
        self.uploads.try_acquire().map_err(|_| IngestError::TooManyUploads { limit })
    }
}

fn broken(source: io::Error) -> IngestError {
    IngestError::Archive { doing: "receiving the upload", source }
}
