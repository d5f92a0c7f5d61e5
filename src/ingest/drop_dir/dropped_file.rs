//! A file in the drop directory, and how a change of it is noticed.

use crate::domain::Sender;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A regular file in the directory of a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DroppedFile {
    pub(super) sender: Sender,
    pub(super) path: PathBuf,
    pub(super) fingerprint: Fingerprint,
}

/// Returns the last part of a path.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Properties by which a file is known to be the same and unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) size: u64,
    /// Time of the last change.
    pub(super) modified: SystemTime,
    device: u64,
    inode: u64,
}

impl Fingerprint {
    /// Returns the fingerprint of an entry.
    pub(super) fn new(metadata: &Metadata) -> Self {
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Self { size: metadata.len(), modified, device: metadata.dev(), inode: metadata.ino() }
    }
}
