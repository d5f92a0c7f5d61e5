//! Seals a file chunk by chunk.

use super::name::ArchiveName;
use super::{Archived, CHUNK_BYTES, Cipher, MAGIC, Prefix, TAG_BYTES};
use crate::kill_point;
use crate::vault::Vault;
use aead_stream::EncryptorBE32;
use chacha20poly1305::aead::{Generate, KeyInit};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Writes the plain bytes of one file. A writer dropped before [`finish`](Self::finish) leaves no
/// file.
pub struct ArchiveWriter {
    name: String,
    root: PathBuf,
    guard: PartGuard,
    file: File,
    cipher: EncryptorBE32<Cipher>,
    context: [u8; 16],
    buffer: Zeroizing<Vec<u8>>,
    hasher: blake3::Hasher,
    size: u64,
}

impl ArchiveWriter {
    pub(super) fn create(root: &Path, vault: &Vault, name: &ArchiveName) -> io::Result<Self> {
        std::fs::create_dir_all(name.directory(root))?;
        let part = name.part(root);
        let mut file = private_file(&part)?;
        let guard = PartGuard(Some(part));
        // The name is free until `finish`: another writer of it would need the same part.
        if name.whole(root).symlink_metadata().is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let (key_id, key) = vault.archive_key();
        let prefix = Prefix::generate();
        file.write_all(&[MAGIC.as_slice(), &key_id, &prefix].concat())?;
        kill_point::reach("archive.created");
        Ok(Self {
            name: name.to_string(),
            root: root.to_owned(),
            guard,
            file,
            cipher: EncryptorBE32::from_aead(Cipher::new((&**key).into()), &prefix),
            context: name.context(),
            buffer: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES)),
            hasher: blake3::Hasher::new(),
            size: 0,
        })
    }

    /// Returns the number of plain bytes written so far, for limits.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Seals the last chunk, flushes to disk and gives the file its name. After `finish` the file
    /// survives a power cut.
    pub fn finish(mut self) -> io::Result<Archived> {
        let Self { cipher, context, buffer, file, .. } = &mut self;
        let whole = std::mem::replace(
            cipher,
            EncryptorBE32::from_aead(Cipher::new(&[0; 32].into()), &Prefix::default()),
        );
        whole
            .encrypt_last_in_place(context, &mut **buffer)
            .map_err(|_| io::Error::other("file too long to archive"))?;
        file.write_all(buffer)?;
        file.sync_all()?;
        kill_point::reach("archive.whole");
        let path = self.root.join(&self.name);
        if let Some(part) = self.guard.0.as_ref() {
            std::fs::rename(part, &path)?;
        }
        self.guard.0 = None;
        // The day, month and year may be new: their entries must be on disk too.
        for dir in path.ancestors().skip(1).take_while(|dir| dir.starts_with(&self.root)) {
            File::open(dir)?.sync_all()?;
        }
        kill_point::reach("archive.renamed");
        let digest_hex = self.hasher.finalize().to_hex().to_string();
        Ok(Archived { name: std::mem::take(&mut self.name), digest_hex, size: self.size })
    }
}

impl Write for ArchiveWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for the next byte: the last chunk of a file is sealed differently.
        if self.buffer.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.cipher
                .encrypt_next_in_place(&self.context, &mut *self.buffer)
                .map_err(|_| io::Error::other("file too long to archive"))?;
            self.file.write_all(&self.buffer)?;
            self.buffer.clear();
            kill_point::reach("archive.chunk");
        }
        let taken = &bytes[..bytes.len().min(CHUNK_BYTES - self.buffer.len())];
        self.buffer.extend_from_slice(taken);
        self.hasher.update(taken);
        self.size += taken.len() as u64;
        Ok(taken.len())
    }

    /// Does nothing: a file that is not finished is removed.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Removes the `.part` file on drop, unless it was renamed to `.enc`.
struct PartGuard(Option<PathBuf>);

impl Drop for PartGuard {
    fn drop(&mut self) {
        if let Some(part) = self.0.take()
            && let Err(error) = std::fs::remove_file(&part)
        {
            tracing::warn!(part = %part.display(), %error, "unfinished archive file not removed, a \
                later sweep removes it");
        }
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
