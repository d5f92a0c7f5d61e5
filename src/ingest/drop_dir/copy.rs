//! Copies a file of this machine to the archive.

use crate::ingest::{Deposit, Ingest, IngestError, Receipt, Upload};
use crate::reading::blocking;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

impl Ingest {
    /// Deposits a file of this machine.
    pub async fn accept_file(&self, path: &Path, deposit: Deposit) -> Result<Receipt, IngestError> {
        let upload = self.upload_file(path, deposit).await?;
        self.accept(upload).await
    }

    /// Copies a file to the archive, away from the async threads.
    pub(super) async fn upload_file(
        &self,
        path: &Path,
        deposit: Deposit,
    ) -> Result<Upload, IngestError> {
        let (upload, path, limit) = (self.open(deposit)?, path.to_owned(), self.limits.file_bytes);
        blocking(move || copy(&path, upload, limit)).await
    }
}

fn copy(path: &Path, mut upload: Upload, limit: u64) -> Result<Upload, IngestError> {
    let mut file = File::open(path).map_err(IngestError::archive("opening the deposited file"))?;
    // Refused before it is copied: a file in the drop directory is tried again for as long as it
    // stays there.
    if file.metadata().is_ok_and(|m| m.len() > limit) {
        return Err(IngestError::TooLarge { limit });
    }
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let n =
            file.read(&mut chunk).map_err(IngestError::archive("reading the deposited file"))?;
        if n == 0 {
            return Ok(upload);
        }
        upload.write(&chunk[..n])?;
    }
}
