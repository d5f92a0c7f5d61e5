//! Opens a file chunk by chunk.

use super::name::ArchiveName;
use super::{CHUNK_BYTES, Cipher, HEADER_BYTES, MAGIC, Prefix, TAG_BYTES};
use crate::vault::{Vault, VaultError};
use aead_stream::DecryptorBE32;
use chacha20poly1305::aead::KeyInit;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use zeroize::Zeroizing;

pub(super) struct ArchiveReader {
    file: BufReader<File>,
    /// `None` after the last chunk, or after a damaged one: the reader ends there.
    cipher: Option<DecryptorBE32<Cipher>>,
    context: [u8; 16],
    buffer: Zeroizing<Vec<u8>>,
    read: usize,
}

impl ArchiveReader {
    pub(super) fn open(root: &Path, vault: &Vault, name: &ArchiveName) -> io::Result<Self> {
        let mut file =
            BufReader::with_capacity(CHUNK_BYTES + TAG_BYTES, File::open(name.whole(root))?);
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header).map_err(|_| damaged("too short to be an archived file"))?;
        let (key_id, key) = vault.archive_key();
        if header[..4] != MAGIC {
            return Err(damaged("not an archived file"));
        }
        if header[4..8] != key_id {
            return Err(io::Error::new(ErrorKind::InvalidData, VaultError::OtherKey));
        }
        let prefix = Prefix::try_from(&header[8..]).map_err(|_| damaged("malformed header"))?;
        Ok(Self {
            file,
            cipher: Some(DecryptorBE32::from_aead(Cipher::new((&**key).into()), &prefix)),
            context: name.context(),
            buffer: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES)),
            read: 0,
        })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let Some(mut cipher) = self.cipher.take() else { return Ok(()) };
        self.buffer.clear();
        self.read = 0;
        (&mut self.file).take((CHUNK_BYTES + TAG_BYTES) as u64).read_to_end(&mut self.buffer)?;
        let is_last = self.file.fill_buf()?.is_empty();
        let opened = if is_last {
            cipher.decrypt_last_in_place(&self.context, &mut *self.buffer)
        } else {
            let opened = cipher.decrypt_next_in_place(&self.context, &mut *self.buffer);
            self.cipher = opened.is_ok().then_some(cipher);
            opened
        };
        opened.map_err(|_| {
            self.buffer.clear();
            damaged("chunk altered or truncated")
        })
    }
}

impl Read for ArchiveReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.read == self.buffer.len() && self.cipher.is_some() {
            self.next_chunk()?;
        }
        let taken = into.len().min(self.buffer.len() - self.read);
        into[..taken].copy_from_slice(&self.buffer[self.read..self.read + taken]);
        self.read += taken;
        Ok(taken)
    }
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
