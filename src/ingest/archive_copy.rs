//! The archive file of a deposit under way.

use crate::archive::Archive;
use crate::domain::Exchange;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::warn;

/// Guards the archive file of a deposit: deletes it on drop unless it is kept.
///
/// A repeated file and a deposit that failed before its commit leave no file behind. A deposit
/// keeps its file before every commit that stores the file's name, because a commit that failed on
/// the line may still have been applied; the sweep at the next start finds files that no exchange
/// names.
pub(super) struct ArchiveCopy {
    archive: Arc<Archive>,
    name: String,
    is_kept: AtomicBool,
}

impl ArchiveCopy {
    /// Guards a file of the archive.
    pub(super) fn new(archive: Arc<Archive>, name: String) -> Self {
        Self { archive, name, is_kept: AtomicBool::new(false) }
    }

    /// Keeps the file: a commit that stores its name follows.
    pub(super) fn keep(&self) {
        self.is_kept.store(true, Ordering::Relaxed);
    }

    /// Keeps the file of a committed exchange, and deletes a copy that this exchange does not name:
    /// a deposit may find, after a conflict, that the same bytes were committed from another copy.
    pub(super) fn keep_if_named_by(&self, exchange: &Exchange) {
        self.is_kept.store(exchange.archive_name == self.name, Ordering::Relaxed);
    }
}

impl Drop for ArchiveCopy {
    fn drop(&mut self) {
        if *self.is_kept.get_mut() {
            return;
        }
        if let Err(error) = self.archive.remove(&self.name) {
            warn!(%error, name = self.name, "unused archive file could not be removed");
        }
    }
}
