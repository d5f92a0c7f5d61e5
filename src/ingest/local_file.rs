//! Deposits a file of this machine that an operator names.

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
        let (upload, path, limit) = (self.open(deposit)?, path.to_owned(), self.limits.file_bytes);
        // The copy runs away from the async threads: a disk would block them.
        let upload = blocking(move || copy(&path, upload, limit)).await?;
        self.accept(upload).await
    }
}

fn copy(path: &Path, mut upload: Upload, limit: u64) -> Result<Upload, IngestError> {
    let mut file = File::open(path).map_err(IngestError::archive("opening the deposited file"))?;
    // Refused before it is copied.
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
