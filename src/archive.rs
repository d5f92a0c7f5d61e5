//! The raw archive: every file received, kept encrypted, byte for byte.
//!
//! ```text
//! <dir>/AAAA/MM/JJ/<exchange id>.part      while it is received
//! <dir>/AAAA/MM/JJ/<exchange id>.enc       once whole and on disk
//!
//! | magic (4) | key id (4) | nonce prefix (19) | chunk | chunk | … | last chunk |      chunk = 64 KiB encrypted + tag (16)
//! ```
//!
//! Chunks are sealed by the STREAM construction over XChaCha20-Poly1305, bound to the exchange id: a chunk moved, repeated, altered or missing
//! (the last one included) is an error of the reader, never silence. Memory stays at one chunk whatever the size of the file. Names are built
//! from a date and an identifier only, so that no name given from outside reaches the file system.
//!
//! Blocking I/O: callers on the runtime go through `spawn_blocking`. The archive does not know what is in the files, nor which are still wanted.

use crate::domain::ExchangeId;
use crate::vault::{KeyId, Vault};
use aead_stream::{DecryptorBE32, EncryptorBE32, Nonce, StreamBE32};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Generate, KeyInit};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// Plain bytes per chunk: large enough that the 16-byte tag costs nothing, small enough that a reader holds next to nothing.
pub const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
const MAGIC: [u8; 4] = *b"NGA1";
const HEADER: usize = MAGIC.len() + size_of::<KeyId>() + 19;

/// A `.part` untouched for so long belongs to nobody: a live writer touches it at every chunk.
pub const PART_AGE: Duration = Duration::from_secs(60 * 60);
/// A whole file unknown to the store for so long was never committed: commits follow within minutes.
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
    /// Whole files that the store does not know, older than a day. Left in place: they may be all that is left of a deposit.
    pub orphans: Vec<String>,
}

impl Archive {
    /// An archive in `dir`, which is made when the first file comes.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, vault: Arc<Vault>) -> Self {
        Self { dir: dir.into(), vault }
    }

    /// Starts the file of an exchange, filed under the day of `at`. Fails when this exchange already has one under way.
    pub fn create(&self, id: ExchangeId, at: OffsetDateTime) -> io::Result<ArchiveWriter> {
        let day = format!("{:04}/{:02}/{:02}", at.year(), u8::from(at.month()), at.day());
        let dir = self.dir.join(&day);
        std::fs::create_dir_all(&dir)?;
        let part = dir.join(format!("{id}.part"));
        let mut file = private_file(&part)?;
        let guard = PartGuard(Some(part));
        let (key_id, key) = self.vault.archive_key();
        let prefix = Prefix::generate();
        file.write_all(&[MAGIC.as_slice(), &key_id, &prefix].concat())?;
        Ok(ArchiveWriter {
            name: format!("{day}/{id}.enc"),
            root: self.dir.clone(),
            guard,
            file,
            cipher: EncryptorBE32::from_aead(Cipher::new((&**key).into()), &prefix),
            context: *id.0.as_bytes(),
            buffer: Zeroizing::new(Vec::with_capacity(CHUNK + TAG)),
            hasher: blake3::Hasher::new(),
            size: 0,
        })
    }

    /// Opens an archived file. Reading fails with [`ErrorKind::InvalidData`] where the file was altered or cut.
    pub fn open(&self, name: &str) -> io::Result<impl Read + Send + use<>> {
        let name = ArchiveName::parse(name)?;
        let mut file = BufReader::with_capacity(CHUNK + TAG, File::open(name.path(&self.dir))?);
        let mut header = [0; HEADER];
        file.read_exact(&mut header).map_err(|_| damaged("too short to be an archived file"))?;
        let (key_id, key) = self.vault.archive_key();
        if header[..4] != MAGIC {
            return Err(damaged("not an archived file"));
        }
        if header[4..8] != key_id {
            return Err(damaged("archived under another vault key"));
        }
        let prefix = Prefix::try_from(&header[8..]).map_err(|_| damaged("header"))?;
        Ok(ArchiveReader {
            file,
            cipher: Some(DecryptorBE32::from_aead(Cipher::new((&**key).into()), &prefix)),
            context: *name.id.0.as_bytes(),
            buffer: Zeroizing::new(Vec::with_capacity(CHUNK + TAG)),
            read: 0,
        })
    }

    /// Removes an archived file; one that is already gone is no error.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(ArchiveName::parse(name)?.path(&self.dir)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the `.part` files that a killed process left, and lists the whole files that nobody knows. Ages are those of the file system, so
    /// that replicas sharing the directory do not sweep each other's work.
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

/// Receives the plain bytes of one file. Dropped before [`finish`](Self::finish), it leaves nothing behind.
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
    /// Plain bytes received so far, for limits.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Seals the last chunk, flushes to disk and gives the file its name. Once this answers, the file survives a power cut.
    pub fn finish(mut self) -> io::Result<Archived> {
        let Self { cipher, context, buffer, file, .. } = &mut self;
        let whole = std::mem::replace(cipher, EncryptorBE32::from_aead(Cipher::new(&[0; 32].into()), &Prefix::default()));
        whole.encrypt_last_in_place(context, &mut **buffer).map_err(|_| io::Error::other("file too long to archive"))?;
        file.write_all(buffer)?;
        file.sync_all()?;
        let path = self.root.join(&self.name);
        if let Some(part) = self.guard.0.as_ref() {
            std::fs::rename(part, &path)?;
        }
        self.guard.0 = None;
        // The day, month and year may be new: their entries must be on disk too.
        for dir in path.ancestors().skip(1).take_while(|dir| dir.starts_with(&self.root)) {
            File::open(dir)?.sync_all()?;
        }
        let digest_hex = self.hasher.finalize().to_hex().to_string();
        Ok(Archived { name: std::mem::take(&mut self.name), digest_hex, size: self.size })
    }
}

impl Write for ArchiveWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits until more comes: it might be the last one, which is sealed differently.
        if self.buffer.len() == CHUNK && !bytes.is_empty() {
            self.cipher.encrypt_next_in_place(&self.context, &mut *self.buffer).map_err(|_| io::Error::other("file too long to archive"))?;
            self.file.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        let taken = &bytes[..bytes.len().min(CHUNK - self.buffer.len())];
        self.buffer.extend_from_slice(taken);
        self.hasher.update(taken);
        self.size += taken.len() as u64;
        Ok(taken.len())
    }

    /// Does nothing: what is not finished is not kept.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Removes the `.part` unless it became a whole file.
struct PartGuard(Option<PathBuf>);

impl Drop for PartGuard {
    fn drop(&mut self) {
        if let Some(part) = self.0.take()
            && let Err(error) = std::fs::remove_file(&part)
        {
            tracing::warn!(part = %part.display(), %error, "unfinished archive file not removed, a later sweep will");
        }
    }
}

struct ArchiveReader {
    file: BufReader<File>,
    /// `None` once the last chunk is open, or after damage: nothing more comes.
    cipher: Option<DecryptorBE32<Cipher>>,
    context: [u8; 16],
    buffer: Zeroizing<Vec<u8>>,
    read: usize,
}

impl ArchiveReader {
    fn next_chunk(&mut self) -> io::Result<()> {
        let Some(mut cipher) = self.cipher.take() else { return Ok(()) };
        self.buffer.clear();
        self.read = 0;
        (&mut self.file).take((CHUNK + TAG) as u64).read_to_end(&mut self.buffer)?;
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
            damaged("altered or cut")
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

/// A name that this archive could have given.
struct ArchiveName {
    day: String,
    id: ExchangeId,
}

impl ArchiveName {
    fn parse(name: &str) -> io::Result<Self> {
        let invalid = || io::Error::new(ErrorKind::InvalidInput, "not the name of an archived file");
        let (day, file) = name.rsplit_once('/').ok_or_else(invalid)?;
        match read_file_name(file) {
            Some((id, false)) if is_day(day) => Ok(Self { day: day.to_owned(), id }),
            _ => Err(invalid()),
        }
    }

    fn path(&self, root: &Path) -> PathBuf {
        root.join(&self.day).join(format!("{}.enc", self.id))
    }
}

/// `AAAA/MM/JJ`, digits only.
fn is_day(day: &str) -> bool {
    day.len() == 10 && day.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'/' } else { byte.is_ascii_digit() })
}

/// The exchange of `<id>.part` or `<id>.enc`, and whether it is the former. Only the one spelling that we write is read.
fn read_file_name(file: &str) -> Option<(ExchangeId, bool)> {
    let (stem, extension) = file.split_once('.')?;
    let id: ExchangeId = stem.parse().ok()?;
    let is_part = match extension {
        "part" => true,
        "enc" => false,
        _ => return None,
    };
    (id.to_string() == stem).then_some((id, is_part))
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
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        entries => entries?,
    };
    let names: io::Result<Vec<_>> = entries.map(|entry| entry.map(|entry| entry.file_name())).collect();
    let mut names: Vec<String> = names?.into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    Ok(names)
}

fn older_than(path: &Path, age: Duration) -> bool {
    let touched = path.metadata().and_then(|metadata| metadata.modified());
    touched.is_ok_and(|touched| touched.elapsed().is_ok_and(|elapsed| elapsed > age))
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;
    use uuid::Uuid;

    const AT: OffsetDateTime = datetime!(2026-03-07 12:00 UTC);

    fn id(number: u128) -> ExchangeId {
        ExchangeId(Uuid::from_u128(number))
    }

    fn archive() -> (tempfile::TempDir, Archive) {
        let dir = tempfile::tempdir().unwrap();
        let archive = Archive::new(dir.path().join("archive"), Arc::new(Vault::from_master_key([3; 32])));
        (dir, archive)
    }

    fn keep(archive: &Archive, id: ExchangeId, plain: &[u8]) -> Archived {
        let mut writer = archive.create(id, AT).unwrap();
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    }

    fn read(archive: &Archive, name: &str) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        archive.open(name)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    fn some_bytes(size: usize) -> Vec<u8> {
        (0..size).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
    }

    #[test]
    fn files_around_the_chunk_limits_come_back() {
        let (_dir, archive) = archive();
        for (number, size) in (0..).zip([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 5 * CHUNK + 17]) {
            let plain = some_bytes(size);
            let archived = keep(&archive, id(number), &plain);
            assert_eq!(archived.size, size as u64);
            assert_eq!(archived.digest_hex, blake3::hash(&plain).to_hex().as_str());
            assert_eq!(archived.name, format!("2026/03/07/{}.enc", id(number)));
            assert!(read(&archive, &archived.name).unwrap() == plain, "size {size}");
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let (_dir, archive) = archive();
        let name = keep(&archive, id(1), &some_bytes(2 * CHUNK)).name;
        let path = archive.dir.join(&name);
        let whole = std::fs::read(&path).unwrap();
        let chunks = HEADER + CHUNK + TAG;
        for length in [0, 3, HEADER - 1, HEADER, HEADER + 5, HEADER + TAG, chunks - 1, chunks, chunks + 1, whole.len() - TAG, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(read(&archive, &name).unwrap_err().kind(), ErrorKind::InvalidData, "cut at {length}");
        }
        std::fs::write(&path, [whole.as_slice(), b"x"].concat()).unwrap();
        assert!(read(&archive, &name).is_err(), "a byte too many");
    }

    #[test]
    fn a_file_does_not_pass_for_another_nor_open_under_another_key() {
        let (_dir, archive) = archive();
        let (one, two) = (keep(&archive, id(1), b"one").name, keep(&archive, id(2), b"two").name);
        std::fs::copy(archive.dir.join(&one), archive.dir.join(&two)).unwrap();
        assert!(read(&archive, &two).is_err());
        let other = Archive::new(&archive.dir, Arc::new(Vault::from_master_key([4; 32])));
        assert_eq!(read(&other, &one).unwrap_err().to_string(), "archived under another vault key");
    }

    #[test]
    fn an_abandoned_file_leaves_nothing() {
        let (_dir, archive) = archive();
        let mut writer = archive.create(id(1), AT).unwrap();
        writer.write_all(&some_bytes(3 * CHUNK)).unwrap();
        assert!(archive.create(id(1), AT).is_err(), "one writer per exchange");
        drop(writer);
        assert!(names_in(&archive.dir.join("2026/03/07")).unwrap().is_empty());
    }

    #[test]
    fn names_from_outside_reach_nothing() {
        let (dir, archive) = archive();
        std::fs::write(dir.path().join("secret"), "x").unwrap();
        let known = keep(&archive, id(1), b"one").name;
        let upper = known.replace("0000000001.enc", "000000000A.enc");
        for name in
            ["", "secret", "../secret", "2026/03/07/../../../../secret", "/etc/passwd", "2026/03/../secret", &upper, &known.replace(".enc", ".part")]
        {
            assert_eq!(archive.open(name).err().map(|error| error.kind()), Some(ErrorKind::InvalidInput), "{name}");
            assert!(archive.remove(name).is_err(), "{name}");
        }
        archive.remove(&known).unwrap();
        archive.remove(&known).unwrap();
        assert_eq!(archive.open(&known).err().map(|error| error.kind()), Some(ErrorKind::NotFound));
    }

    #[test]
    fn a_sweep_removes_dead_parts_and_names_orphans() {
        let (_dir, archive) = archive();
        assert_eq!(archive.sweep(|_| true).unwrap(), Swept::default(), "no directory yet");
        let age = |path: &Path, age: Duration| {
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(file.metadata().unwrap().modified().unwrap() - age).unwrap();
        };
        let names: Vec<String> = (1..=3).map(|number| keep(&archive, id(number), b"x").name).collect();
        for name in &names[..2] {
            age(&archive.dir.join(name), ORPHAN_AGE * 2);
        }
        let day = archive.dir.join("2026/03/07");
        let (dead, live) = (day.join(format!("{}.part", id(4))), day.join(format!("{}.part", id(5))));
        for part in [&dead, &live] {
            std::fs::write(part, "x").unwrap();
        }
        age(&dead, PART_AGE * 2);
        std::fs::write(day.join("notes.txt"), "not ours").unwrap();
        let swept = archive.sweep(|known| *known == id(1)).unwrap();
        assert_eq!(swept.removed, [format!("2026/03/07/{}.part", id(4))]);
        assert_eq!(swept.orphans, [names[1].clone()]);
        assert!(!dead.exists() && live.exists());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_size_written_in_any_pieces_comes_back(size in 0..3 * CHUNK, piece in 1..100_000usize) {
            let (_dir, archive) = archive();
            let plain = some_bytes(size);
            let mut writer = archive.create(id(1), AT).unwrap();
            for piece in plain.chunks(piece) {
                writer.write_all(piece).unwrap();
            }
            let archived = writer.finish().unwrap();
            prop_assert!(read(&archive, &archived.name).unwrap() == plain);
        }

        #[test]
        fn one_flipped_byte_is_noticed(size in 0..3 * CHUNK, at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let (_dir, archive) = archive();
            let name = keep(&archive, id(1), &some_bytes(size)).name;
            let path = archive.dir.join(&name);
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            std::fs::write(&path, bytes).unwrap();
            prop_assert_eq!(read(&archive, &name).unwrap_err().kind(), ErrorKind::InvalidData);
        }
    }
}
