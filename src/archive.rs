//! The raw archive: every received file, encrypted, byte for byte.
//!
//! ```text
//! <dir>/AAAA/MM/JJ/<exchange id>.part      while the file is received
//! <dir>/AAAA/MM/JJ/<exchange id>.enc       once the file is whole and on disk
//! <dir>/witness                            lines that say how far the database reached
//! <dir>/installation                       id of the installation that the archive belongs to
//!
//! | magic (4) | key id (4) | nonce prefix (19) | chunk | chunk | … | last chunk |
//! chunk = 64 KiB encrypted + tag (16)
//! ```
//!
//! Chunks are sealed by the STREAM construction over XChaCha20-Poly1305, bound to the exchange id:
//! the reader fails on a chunk that was moved, repeated, altered or removed, the last one included.
//! Memory stays at one chunk whatever the size of the file. Names are built from a date and an
//! identifier only, so that no name given from outside reaches the file system.
//!
//! The functions block: async callers go through `spawn_blocking`. The archive knows neither what
//! the files contain nor which of them an exchange names.

mod mark;
mod name;
mod reader;
#[cfg(test)]
mod tests;
mod witness;
mod writer;

pub use writer::ArchiveWriter;

use crate::vault::{KeyId, Vault};
use aead_stream::{Nonce, StreamBE32};
use chacha20poly1305::XChaCha20Poly1305;
use name::{ArchiveName, is_day, read_file_name};
use reader::ArchiveReader;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

/// Plain bytes of a chunk: large beside the 16-byte tag, small in the memory of a reader.
pub const CHUNK_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const MAGIC: [u8; 4] = *b"NGA1";
const HEADER_BYTES: usize = MAGIC.len() + size_of::<KeyId>() + 19;

/// Age from which a `.part` file is left over: a writer at work changes it at every chunk.
pub const PART_AGE: Duration = Duration::from_secs(60 * 60);
/// Age from which a whole file that the store does not know is an orphan: a deposit commits within
/// minutes.
pub const ORPHAN_AGE: Duration = Duration::from_secs(24 * 60 * 60);

type Cipher = XChaCha20Poly1305;
type Prefix = Nonce<Cipher, StreamBE32<Cipher>>;

/// A directory of encrypted raw files.
#[derive(Debug, Clone)]
pub struct Archive {
    dir: PathBuf,
    vault: Arc<Vault>,
}

/// An archived file, whole and on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// Name by which the archive opens it: `AAAA/MM/JJ/<exchange id>.enc`.
    pub name: String,
    /// BLAKE3 of the plain bytes, hex.
    pub digest_hex: String,
    /// Number of plain bytes.
    pub size: u64,
}

/// Result of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// `.part` files removed.
    pub removed: Vec<String>,
    /// Whole files that the store does not know, older than [`ORPHAN_AGE`]. The sweep keeps them,
    /// because an orphan may be the only trace of a deposit.
    pub orphans: Vec<String>,
}

impl Archive {
    /// Returns an archive in `dir`, which is created with the first file.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, vault: Arc<Vault>) -> Self {
        Self { dir: dir.into(), vault }
    }

    /// Starts the file of an exchange, in the directory of the day of `at`. Fails when that
    /// directory has a file of the exchange, whole or partial: no file is ever replaced.
    pub fn create(&self, id: Uuid, at: OffsetDateTime) -> io::Result<ArchiveWriter> {
        ArchiveWriter::create(&self.dir, &self.vault, &ArchiveName::new(id, at))
    }

    /// Opens an archived file. Reading fails with [`ErrorKind::InvalidData`] where the file was
    /// altered or truncated.
    pub fn open(&self, name: &str) -> io::Result<impl Read + Send + use<>> {
        ArchiveReader::open(&self.dir, &self.vault, &ArchiveName::parse(name)?)
    }

    /// Returns the name of the archived file of an exchange, whatever its day.
    pub fn find(&self, id: Uuid) -> io::Result<Option<String>> {
        let mut names = days(&self.dir)?.into_iter().map(|day| format!("{day}/{id}.enc"));
        Ok(names.find(|name| self.dir.join(name).exists()))
    }

    /// Lists the whole files day by day, and hands the name and exchange of each to `take` until it
    /// returns false.
    pub fn walk(&self, mut take: impl FnMut(String, Uuid) -> bool) -> io::Result<()> {
        for day in days(&self.dir)? {
            for file in names_in(&self.dir.join(&day))? {
                let Some((id, false)) = read_file_name(&file) else { continue };
                if !take(format!("{day}/{file}"), id) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Returns whether a whole file was changed less than [`ORPHAN_AGE`] ago: its deposit may be
    /// under way.
    pub fn is_recent(&self, name: &str) -> io::Result<bool> {
        Ok(!older_than(&ArchiveName::parse(name)?.whole(&self.dir), ORPHAN_AGE))
    }

    /// Appends a line to the witness file and flushes it to the disk.
    pub fn append_witness(&self, line: &str) -> io::Result<()> {
        witness::append(&self.dir, line)
    }

    /// Returns the last lines of the witness file, oldest first, the last one of a power cut
    /// perhaps half written.
    pub fn last_witness_lines(&self) -> io::Result<Vec<String>> {
        witness::last_lines(&self.dir)
    }

    /// Removes an archived file; a file that does not exist is no error.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(ArchiveName::parse(name)?.whole(&self.dir)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the `.part` files that a killed process left, and lists the whole files that
    /// `is_known` does not know. [`PART_AGE`] is longer than a writer pauses between two chunks, so
    /// that a replica does not remove a file that another one writes.
    pub fn sweep(&self, is_known: impl Fn(&Uuid) -> bool) -> io::Result<Swept> {
        let mut swept = Swept::default();
        for day in days(&self.dir)? {
            for file in names_in(&self.dir.join(&day))? {
                let name = format!("{day}/{file}");
                let Some((id, is_part)) = read_file_name(&file) else { continue };
                let path = self.dir.join(&name);
                if is_part && older_than(&path, PART_AGE) {
                    std::fs::remove_file(&path)?;
                    swept.removed.push(name);
                } else if !is_part && older_than(&path, ORPHAN_AGE) && !is_known(&id) {
                    swept.orphans.push(name);
                }
            }
        }
        Ok(swept)
    }
}

fn days(root: &Path) -> io::Result<Vec<String>> {
    let mut days = Vec::new();
    for year in names_in(root)? {
        for month in names_in(&root.join(&year))? {
            for day in names_in(&root.join(&year).join(&month))? {
                days.push(format!("{year}/{month}/{day}"));
            }
        }
    }
    days.retain(|day| is_day(day));
    Ok(days)
}

/// Returns the entries of a directory, sorted; none when there is no such directory.
fn names_in(dir: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries?,
    };
    let names: io::Result<Vec<_>> =
        entries.map(|entry| entry.map(|entry| entry.file_name())).collect();
    let mut names: Vec<String> =
        names?.into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    Ok(names)
}

fn older_than(path: &Path, age: Duration) -> bool {
    let touched = path.metadata().and_then(|metadata| metadata.modified());
    touched.is_ok_and(|touched| touched.elapsed().is_ok_and(|elapsed| elapsed > age))
}
