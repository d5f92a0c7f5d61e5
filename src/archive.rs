//! The raw archive: every file received, kept encrypted, byte for byte.
//!
//! ```text
//! <dir>/AAAA/MM/JJ/<exchange id>.part      while it is received
//! <dir>/AAAA/MM/JJ/<exchange id>.enc       once whole and on disk
//!
//! | magic (4) | key id (4) | nonce prefix (19) | chunk | chunk | … | last chunk |      chunk = 64 KiB encrypted + tag (16)
//! ```
//!
//! Chunks are sealed by the STREAM construction over XChaCha20-Poly1305, bound to the exchange id:
//! a chunk moved, repeated, altered or missing (the last one included) is an error of the reader,
//! never silence. Memory stays at one chunk whatever the size of the file. Names are built from a
//! date and an identifier only, so that no name given from outside reaches the file system.
//!
//! Blocking I/O: callers on the runtime go through `spawn_blocking`. The archive does not know what
//! is in the files, nor which are still wanted.

mod name;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use writer::ArchiveWriter;

use crate::domain::ExchangeId;
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

/// Plain bytes per chunk: large enough that the 16-byte tag costs nothing, small enough that a
/// reader holds next to nothing.
pub const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
const MAGIC: [u8; 4] = *b"NGA1";
const HEADER: usize = MAGIC.len() + size_of::<KeyId>() + 19;

/// A `.part` untouched for so long belongs to nobody: a live writer touches it at every chunk.
pub const PART_AGE: Duration = Duration::from_secs(60 * 60);
/// A whole file unknown to the store for so long was never committed: commits follow within
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

/// A file that is whole and on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// Name to open it by: `AAAA/MM/JJ/<exchange id>.enc`.
    pub name: String,
    /// BLAKE3 of the plain bytes, hex.
    pub digest_hex: String,
    /// Number of plain bytes.
    pub size: u64,
}

/// What a sweep found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Left-over `.part` files removed.
    pub removed: Vec<String>,
    /// Whole files that the store does not know, older than a day. Left in place: they may be all
    /// that is left of a deposit.
    pub orphans: Vec<String>,
}

impl Archive {
    /// An archive in `dir`, which is made when the first file comes.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, vault: Arc<Vault>) -> Self {
        Self { dir: dir.into(), vault }
    }

    /// Starts the file of an exchange, filed under the day of `at`. Fails when this exchange
    /// already has one under way.
    pub fn create(&self, id: ExchangeId, at: OffsetDateTime) -> io::Result<ArchiveWriter> {
        ArchiveWriter::create(&self.dir, &self.vault, &ArchiveName::new(id, at))
    }

    /// Opens an archived file. Reading fails with [`ErrorKind::InvalidData`] where the file was
    /// altered or cut.
    pub fn open(&self, name: &str) -> io::Result<impl Read + Send + use<>> {
        ArchiveReader::open(&self.dir, &self.vault, &ArchiveName::parse(name)?)
    }

    /// Removes an archived file; one that is already gone is no error.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(ArchiveName::parse(name)?.whole(&self.dir)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the `.part` files that a killed process left, and lists the whole files that nobody
    /// knows. Ages are those of the file system, so that replicas sharing the directory do not
    /// sweep each other's work.
    pub fn sweep(&self, is_known: impl Fn(&ExchangeId) -> bool) -> io::Result<Swept> {
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

/// The entries of a directory, sorted; none when it is not one.
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
