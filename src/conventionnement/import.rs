//! Parts of both imports: a reader on a blocking thread that hands over batches of rows, and the
//! errors of an import.

use super::lines::MAX_LINE_BYTES;
use super::problem::Problem;
use super::tables::Conventionnement;
use crate::store::StoreError;
use std::io;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Rows of one batch: one statement and one short transaction of the database.
const BATCH_ROWS: usize = 500;
/// Batches read ahead of the database: reader and database both stay busy, and an import keeps no
/// more rows in memory.
const MAX_BATCHES_AHEAD: usize = 2;
/// Age from which staged rows belong to an import that was killed; the next import deletes them.
const DEAD_AFTER: time::Duration = time::Duration::days(1);

/// Code of a row whose key is that of an earlier row of the same file.
pub(super) const DOUBLE: &str = "DOUBLON";

/// Error of an import: the file could not be read or the database failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The source failed.
    #[error("reading the file to import")]
    Read(#[source] io::Error),
    /// The database failed.
    #[error("storing the import")]
    Store(#[from] StoreError),
    /// The reading thread ended without an answer.
    #[error("the reading thread was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}

/// Reader's half of the channel: collects rows and hands over full batches.
pub(super) struct Stager<T> {
    batch: Vec<T>,
    to: mpsc::Sender<Vec<T>>,
}

impl<T> Stager<T> {
    /// Adds a row. Returns `false` when the receiver is closed, so that the reader stops.
    pub(super) fn push(&mut self, row: T) -> bool {
        self.batch.push(row);
        self.batch.len() < BATCH_ROWS || self.flush()
    }

    /// Hands over the last rows. Returns `false` when the receiver is closed.
    pub(super) fn flush(&mut self) -> bool {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_ROWS));
        batch.is_empty() || self.to.blocking_send(batch).is_ok()
    }
}

/// Database's half of the channel: receives batches, then the reader's summary of the file.
pub(super) struct Batches<T, S> {
    from: mpsc::Receiver<Vec<T>>,
    reader: JoinHandle<io::Result<S>>,
}

impl<T: Send + 'static, S: Send + 'static> Batches<T, S> {
    /// Starts reading on a blocking thread.
    pub(super) fn read(
        read: impl FnOnce(&mut Stager<T>) -> io::Result<S> + Send + 'static,
    ) -> Self {
        let (to, from) = mpsc::channel(MAX_BATCHES_AHEAD);
        let reader = tokio::task::spawn_blocking(move || {
            read(&mut Stager { batch: Vec::with_capacity(BATCH_ROWS), to })
        });
        Self { from, reader }
    }

    /// Returns the next batch; `None` when the whole file was read.
    pub(super) async fn next(&mut self) -> Option<Vec<T>> {
        self.from.recv().await
    }

    /// Returns the reader's summary of the file.
    pub(super) async fn finish(self) -> Result<S, ImportError> {
        drop(self.from);
        self.reader.await.map_err(ImportError::Interrupted)?.map_err(ImportError::Read)
    }
}

impl Conventionnement {
    /// Deletes the staged rows of an import, and those of killed imports.
    pub(super) async fn discard(&self, import_id: &str) -> Result<(), StoreError> {
        self.store.discard_staged(import_id, self.clock.now() - DEAD_AFTER).await
    }
}

/// Returns the problem of a line that is too long to be read.
pub(super) fn too_long(line: u64) -> Problem {
    Problem::rejecting(
        line,
        0,
        "",
        "LIGNE_TROP_LONGUE",
        format!("La ligne dépasse {MAX_LINE_BYTES} octets."),
    )
}
