//! A deposit under way: bytes go to the encrypted archive as they come, never to memory.

use super::{Deposit, IngestError};
use crate::archive::{ArchiveWriter, Archived};
use crate::domain::ExchangeId;
use std::io::{self, Write};
use time::OffsetDateTime;

/// A deposit under way. Dropping it leaves nothing.
pub struct Incoming {
    pub(super) id: ExchangeId,
    pub(super) at: OffsetDateTime,
    pub(super) deposit: Deposit,
    writer: ArchiveWriter,
    limit: u64,
}

impl Incoming {
    pub(super) fn new(
        id: ExchangeId,
        at: OffsetDateTime,
        deposit: Deposit,
        writer: ArchiveWriter,
        limit: u64,
    ) -> Self {
        Self { id, at, deposit, writer, limit }
    }

    /// The identifier that the exchange will have.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.id
    }

    /// Takes the next bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), IngestError> {
        if self.writer.size() + bytes.len() as u64 > self.limit {
            return Err(IngestError::TooLarge { limit: self.limit });
        }
        self.writer.write_all(bytes).map_err(IngestError::archive("writing the archive"))
    }

    /// Takes the next bytes away from the async threads: they are encrypted and written to a disk
    /// that may be slow.
    pub async fn append(mut self, bytes: Vec<u8>) -> Result<Self, IngestError> {
        super::blocking(move || self.write(&bytes).map(|()| self)).await
    }

    pub(super) fn finish(self) -> io::Result<Archived> {
        self.writer.finish()
    }
}
