//! Dry run of bytes that arrive in pieces: validated as they come, stored nowhere.

use super::{Ingest, IngestError};
use crate::domain::FileName;
use crate::domain::civil_time::reception_hour;
use crate::reading::ReadingThread;
use noemie_xray::Report;
use std::io::{self, Read};
use tokio::sync::mpsc;

/// Pieces between the sender and the reading thread.
const PIECES_AHEAD: usize = 4;

/// Reads pieces as one source; the end of the channel is the end of the file.
struct Pieces {
    pieces: mpsc::Receiver<Vec<u8>>,
    current: Vec<u8>,
    taken: usize,
    left: u64,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.current.len() {
            let Some(next) = self.pieces.blocking_recv() else { return Ok(0) };
            self.left = self
                .left
                .checked_sub(next.len() as u64)
                .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
            (self.current, self.taken) = (next, 0);
        }
        let n = (self.current.len() - self.taken).min(buffer.len());
        buffer[..n].copy_from_slice(&self.current[self.taken..self.taken + n]);
        self.taken += n;
        Ok(n)
    }
}

impl Ingest {
    /// Returns a channel for the bytes of a file, and its report once the channel is dropped. The
    /// file is read as one that is deposited now.
    pub fn dry_run(
        &self,
        file_name: FileName,
    ) -> (mpsc::Sender<Vec<u8>>, impl Future<Output = Result<Report, IngestError>> + Send + use<>)
    {
        let (channel, pieces) = mpsc::channel(PIECES_AHEAD);
        let limit = self.limits.file_bytes;
        let source = Pieces { pieces, current: Vec::new(), taken: 0, left: limit };
        let hour = reception_hour(self.clock.now());
        let reading =
            ReadingThread::start(move || noemie_xray::examine_at(source, file_name.as_str(), hour));
        let report = async move {
            match reading.finish().await {
                Err(failure) if failure.kind() == io::ErrorKind::FileTooLarge => {
                    Err(IngestError::TooLarge { limit })
                }
                Ok(examination) => Ok(examination.report),
                Err(failure) => Err(IngestError::archive("reading the upload")(failure)),
            }
        };
        (channel, report)
    }
}
