//! Reads the master key from its value (environment) or a file, or makes a file: an embedded
//! gateway at its first start, on PostgreSQL by a command only.

use super::{KEY_BYTES, SubKey, VaultError};
use chacha20poly1305::aead::Generate;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Name of the key file made at the first start, in the data directory.
pub const KEY_FILE: &str = "vault.key";

/// Limit of the size of a key file, which is one line of 64 digits.
const MAX_KEY_FILE_BYTES: u64 = 1_024;

/// Source of the key.
pub enum KeySource {
    /// The key itself, 64 hexadecimal digits (content of `NOEMIE_VAULT_KEY`).
    Value(Zeroizing<String>),
    /// A file that holds the key.
    File(PathBuf),
    /// `vault.key` in the data directory, made when it is not there.
    DataDirectory,
}

impl KeySource {
    /// Returns the source of a configuration: the value wins over the file, the file over the
    /// default.
    #[must_use]
    pub fn from_settings(value: Option<String>, file: Option<PathBuf>) -> Self {
        match (value, file) {
            (Some(value), _) => Self::Value(Zeroizing::new(value)),
            (None, Some(file)) => Self::File(file),
            (None, None) => Self::DataDirectory,
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(***)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::DataDirectory => f.write_str("DataDirectory"),
        }
    }
}

/// Origin of a key that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOrigin {
    /// Given as a value.
    Environment,
    /// Read from this file.
    File(PathBuf),
    /// Made now in this file, which is the only copy.
    Created(PathBuf),
}

/// Returns the master key and its origin.
pub(super) fn obtain(
    source: KeySource,
    data_dir: &Path,
) -> Result<(SubKey, KeyOrigin), VaultError> {
    match source {
        KeySource::Value(hex) => Ok((decode(&hex)?, KeyOrigin::Environment)),
        KeySource::File(path) => Ok((read(&path)?, KeyOrigin::File(path))),
        KeySource::DataDirectory => {
            let path = data_dir.join(KEY_FILE);
            let created = !path.exists() && create(&path)?;
            let key = read(&path)?;
            Ok((key, if created { KeyOrigin::Created(path) } else { KeyOrigin::File(path) }))
        }
    }
}

fn decode(text: &str) -> Result<SubKey, VaultError> {
    let mut key = SubKey::default();
    let text = text.trim();
    if text.len() != KEY_BYTES * 2 {
        return Err(VaultError::MalformedKey);
    }
    hex::decode_to_slice(text, key.as_mut_slice()).map_err(|_| VaultError::MalformedKey)?;
    Ok(key)
}

fn read(path: &Path) -> Result<SubKey, VaultError> {
    let failed = |doing| move |source| VaultError::KeyFile { doing, path: path.to_owned(), source };
    let file = File::open(path).map_err(failed("opening it"))?;
    warn_when_others_can_read(&file, path);
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_KEY_FILE_BYTES).read_to_string(&mut text).map_err(failed("reading it"))?;
    decode(&text)
}

/// Makes a key file that only this user reads, and never replaces one.
///
/// # Errors
/// [`VaultError::KeyExists`] when the path has a file.
pub fn create_key_file(path: &Path) -> Result<(), VaultError> {
    if create(path)? { Ok(()) } else { Err(VaultError::KeyExists(path.to_owned())) }
}

/// Makes a key file, whole or not at all: the file is written under a temporary name, then linked
/// to its name, which fails when another process was faster. Returns whether this process made it.
fn create(path: &Path) -> Result<bool, VaultError> {
    let failed = |doing| move |source| VaultError::KeyFile { doing, path: path.to_owned(), source };
    let dir = match path.parent() {
        Some(dir) if dir != Path::new("") => dir,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(dir).map_err(failed("making its directory"))?;
    let key = Zeroizing::new(<[u8; KEY_BYTES]>::generate());
    let line = Zeroizing::new(format!("{}\n", hex::encode(key.as_slice())));
    let aside = dir.join(format!(".{KEY_FILE}.{}", hex::encode(<[u8; 8]>::generate())));
    let written =
        write_private(&aside, line.as_bytes()).and_then(|()| std::fs::hard_link(&aside, path));
    let removed = std::fs::remove_file(&aside);
    match written {
        Err(source) if source.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(failed("making it")(source)),
        Ok(()) => {
            removed.map_err(failed("making it"))?;
            File::open(dir)
                .and_then(|dir| dir.sync_all())
                .map_err(failed("flushing its directory"))?;
            Ok(true)
        }
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Warns of a key file that others can read. Starting is not refused, because secrets mounted by an
/// orchestrator are often readable by a group on purpose.
#[cfg(unix)]
fn warn_when_others_can_read(file: &File, path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0) {
        tracing::warn!(path = %path.display(), "vault key file is open to every user of this \
            machine");
    }
}

#[cfg(not(unix))]
fn warn_when_others_can_read(_: &File, _: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Vault;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn the_first_start_makes_a_private_key_and_the_next_one_finds_it() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let (first, origin) = Vault::open(KeySource::DataDirectory, &data).unwrap();
        let path = data.join(KEY_FILE);
        assert_eq!(origin, KeyOrigin::Created(path.clone()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let (second, origin) = Vault::open(KeySource::DataDirectory, &data).unwrap();
        assert_eq!(origin, KeyOrigin::File(path));
        assert_eq!(second.unseal("here", &first.seal("here", b"text")).unwrap(), b"text");
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1, "nothing is left aside");
    }

    #[test]
    fn processes_that_start_together_agree_on_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let vaults: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Vault::open(KeySource::DataDirectory, dir.path()).unwrap()))
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        let sealed = vaults[0].0.seal("here", b"text");
        assert!(vaults.iter().all(|(vault, _)| vault.unseal("here", &sealed).is_ok()));
        assert_eq!(
            vaults.iter().filter(|(_, origin)| matches!(origin, KeyOrigin::Created(_))).count(),
            1
        );
    }

    #[test]
    fn value_and_file_give_the_same_vault() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, format!("{HEX}\n")).unwrap();
        let (by_value, origin) = Vault::open(
            KeySource::from_settings(Some(HEX.to_uppercase()), Some(path.clone())),
            dir.path(),
        )
        .unwrap();
        assert_eq!(origin, KeyOrigin::Environment);
        let (by_file, origin) =
            Vault::open(KeySource::from_settings(None, Some(path.clone())), dir.path()).unwrap();
        assert_eq!(origin, KeyOrigin::File(path));
        assert_eq!(by_file.unseal("here", &by_value.seal("here", b"text")).unwrap(), b"text");
    }

    #[test]
    fn wrong_keys_are_refused_without_being_repeated() {
        let dir = tempfile::tempdir().unwrap();
        for wrong in
            ["", "secret-0102", &HEX[2..], &format!("{HEX}00"), &format!("zz{}", &HEX[2..])]
        {
            let error =
                Vault::open(KeySource::from_settings(Some(wrong.to_owned()), None), dir.path())
                    .unwrap_err();
            assert_eq!(error.to_string(), "the vault key must be 64 hexadecimal digits (32 bytes)");
        }
        let missing =
            Vault::open(KeySource::File(dir.path().join("none")), dir.path()).unwrap_err();
        assert!(missing.to_string().ends_with("while opening it"), "{missing}");
    }
}
