//! An upload under way: bytes go to the encrypted archive as they come, never to memory.

use super::{Deposit, IngestError};
use crate::archive::{ArchiveWriter, Archived};
use crate::domain::ExchangeId;
use crate::reading::blocking;
use std::io::{self, Write};
use time::OffsetDateTime;

/// An upload under way. A dropped upload leaves no file.
pub struct Upload {
    pub(super) id: ExchangeId,
    pub(super) at: OffsetDateTime,
    pub(super) deposit: Deposit,
    writer: ArchiveWriter,
    limit: u64,
}

impl Upload {
    pub(super) fn new(
        id: ExchangeId,
        at: OffsetDateTime,
        deposit: Deposit,
        writer: ArchiveWriter,
        limit: u64,
    ) -> Self {
        Self { id, at, deposit, writer, limit }
    }

    /// Identifier that the exchange will have.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.id
    }

    /// Writes the next bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), IngestError> {
        if self.writer.size() + bytes.len() as u64 > self.limit {
            return Err(IngestError::TooLarge { limit: self.limit });
        }
        self.writer.write_all(bytes).map_err(IngestError::archive("writing the archive"))
    }

    /// Writes the next bytes away from the async threads: encrypting and a slow disk would block
    /// them.
    pub async fn append(mut self, bytes: Vec<u8>) -> Result<Self, IngestError> {
        blocking(move || self.write(&bytes).map(|()| self)).await
    }

    /// Ends the archive file.
    pub(super) fn finish(self) -> io::Result<Archived> {
        self.writer.finish()
    }
}
