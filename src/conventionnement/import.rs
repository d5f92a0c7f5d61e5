//! What both imports share: a blocking reader on its own thread that hands over batches, and the
//! errors of an import.

use super::lines::MAX_LINE;
use super::problem::Problem;
use super::tables::Conventionnement;
use crate::store::StoreError;
use std::io;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Rows of one batch: one statement and one short transaction of the database.
const BATCH: usize = 500;
/// Batches read ahead of the database: enough to keep both busy, and all the memory that an import
/// takes.
const BATCHES_AHEAD: usize = 2;
/// What a killed import left staged is emptied by the first import that begins this much later.
const DEAD_AFTER: time::Duration = time::Duration::days(1);

/// Code of a row whose key stands earlier in the same file.
pub(super) const DOUBLE: &str = "DOUBLON";

/// The file could not be read or the database failed; nothing was changed.
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

/// The reader's end: collects rows and hands over full batches.
pub(super) struct Stager<T> {
    batch: Vec<T>,
    to: mpsc::Sender<Vec<T>>,
}

impl<T> Stager<T> {
    /// Adds a row; `false` when nobody listens any more and reading is useless.
    pub(super) fn push(&mut self, row: T) -> bool {
        self.batch.push(row);
        self.batch.len() < BATCH || self.flush()
    }

    /// Hands over what is left.
    pub(super) fn flush(&mut self) -> bool {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        batch.is_empty() || self.to.blocking_send(batch).is_ok()
    }
}

/// The database's end.
pub(super) struct Batches<T, S> {
    from: mpsc::Receiver<Vec<T>>,
    reader: JoinHandle<io::Result<S>>,
}

impl<T: Send + 'static, S: Send + 'static> Batches<T, S> {
    /// Starts reading on a blocking thread.
    pub(super) fn read(
        read: impl FnOnce(&mut Stager<T>) -> io::Result<S> + Send + 'static,
    ) -> Self {
        let (to, from) = mpsc::channel(BATCHES_AHEAD);
        let reader = tokio::task::spawn_blocking(move || {
            read(&mut Stager { batch: Vec::with_capacity(BATCH), to })
        });
        Self { from, reader }
    }

    /// The next batch, `None` when the reading is over.
    pub(super) async fn next(&mut self) -> Option<Vec<T>> {
        self.from.recv().await
    }

    /// What the reader says of the whole file.
    pub(super) async fn finish(self) -> Result<S, ImportError> {
        drop(self.from);
        self.reader.await.map_err(ImportError::Interrupted)?.map_err(ImportError::Read)
    }
}

impl Conventionnement {
    /// Empties the stage of an import, and of dead ones.
    pub(super) async fn discard(&self, import_id: &str) -> Result<(), StoreError> {
        self.store.discard_staged(import_id, self.clock.now() - DEAD_AFTER).await
    }
}

/// A line that was skipped unread.
pub(super) fn too_long(line: u64) -> Problem {
    Problem::rejecting(
        line,
        0,
        "",
        "LIGNE_TROP_LONGUE",
        format!("La ligne dépasse {MAX_LINE} octets."),
    )
}
