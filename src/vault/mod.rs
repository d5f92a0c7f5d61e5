//! The vault: encrypts data of persons, and makes the tokens that stand for persons outside.
//!
//! The master key has 32 bytes; every use has a key of its own, derived by HKDF-SHA-256, so that a
//! token does not help to decrypt a blob. Blobs are XChaCha20-Poly1305 with a random nonce, bound
//! to a *context* (the row they belong to): a blob moved to another row does not open. Tokens are
//! HMAC-SHA-256 in hex: equal inputs give equal tokens, and a token cannot be reversed without the
//! key.
//!
//! The vault does not know where its blobs are stored, and never prints their content.

mod key;
mod person;
mod seal;
mod token;

pub use key::{KEY_FILE, KeyOrigin, KeySource, create_key_file};
pub use person::PersonRecord;
pub use token::{Identity, RowCheck, TOKEN_VERSION};

use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Length of the master key and of every derived key, bytes.
pub const KEY_BYTES: usize = 32;

/// Derived key, wiped when dropped.
pub(crate) type SubKey = Zeroizing<[u8; KEY_BYTES]>;

/// Identifier of the master key that made a blob, as its header has it; it reveals nothing of the
/// key.
pub(crate) type KeyId = [u8; 4];

/// Salt of the derivations, so that another program with the same key derives other keys.
const HKDF_SALT: &[u8] = b"noemie-gateway vault 1";

/// Reason why the vault or a blob cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key is not 64 hexadecimal digits.
    #[error("the vault key must be {} hexadecimal digits ({KEY_BYTES} bytes)", KEY_BYTES * 2)]
    MalformedKey,
    /// The key file could not be read or made.
    #[error("vault key file {path}, while {doing}")]
    KeyFile {
        /// Action that failed.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// A key file is never replaced: what its key sealed would be lost.
    #[error("{0} exists already and is left as it is: it may be the key of an installation")]
    KeyExists(PathBuf),
    /// Not a blob of this vault, or cut short.
    #[error("not a sealed blob of a known version")]
    NotSealed,
    /// Sealed under another master key.
    #[error("sealed under another vault key")]
    OtherKey,
    /// Altered, or sealed for another context.
    #[error("sealed blob altered or moved to another place")]
    Altered,
    /// Decrypted, but not a record of a person.
    #[error("sealed blob is not a person record")]
    NotAPerson,
}

impl VaultError {
    /// Returns the path of the key file if the error is that there is no such file.
    #[must_use]
    pub fn missing_key_file(&self) -> Option<&Path> {
        match self {
            Self::KeyFile { path, source, .. } if source.kind() == ErrorKind::NotFound => {
                Some(path)
            }
            _ => None,
        }
    }
}

/// The keys, one per use.
#[derive(Clone)]
pub struct Vault {
    id: KeyId,
    seal: SubKey,
    archive: SubKey,
    identity: SubKey,
    person: SubKey,
    chain: SubKey,
    mark: SubKey,
    journal: SubKey,
}

impl Vault {
    /// Opens the vault. Makes a key in `data_dir` when the source says so and there is none yet.
    /// The caller shows the user where the key is: without it, nobody can open the vault.
    pub fn open(source: KeySource, data_dir: &Path) -> Result<(Self, KeyOrigin), VaultError> {
        let (master, origin) = key::obtain(source, data_dir)?;
        Ok((Self::from_zeroizing(&master), origin))
    }

    /// Returns a vault for a master key.
    #[must_use]
    pub fn from_master_key(master: [u8; KEY_BYTES]) -> Self {
        Self::from_zeroizing(&Zeroizing::new(master))
    }

    fn from_zeroizing(master: &SubKey) -> Self {
        let derivation = Hkdf::<Sha256>::new(Some(HKDF_SALT), master.as_slice());
        let sub_key = |usage: &[u8]| {
            let mut key = SubKey::default();
            derivation
                .expand(usage, key.as_mut_slice())
                .expect("32 bytes are within what HKDF-SHA-256 gives");
            key
        };
        let mut id = KeyId::default();
        id.copy_from_slice(&sub_key(b"key id")[..4]);
        Self {
            id,
            seal: sub_key(b"seal"),
            archive: sub_key(b"archive"),
            identity: sub_key(b"identity token"),
            person: sub_key(b"person token"),
            chain: sub_key(b"receipt chain"),
            mark: sub_key(b"installation mark"),
            journal: sub_key(b"journal chain"),
        }
    }

    /// Returns the identifier of the master key in hexadecimal digits, for the column beside what
    /// this vault seals.
    #[must_use]
    pub fn key_id(&self) -> String {
        hex::encode(self.id)
    }

    /// Returns the key of the raw archive and its id.
    pub(crate) const fn archive_key(&self) -> (KeyId, &SubKey) {
        (self.id, &self.archive)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_has_its_own_key() {
        let vault = Vault::from_master_key([7; KEY_BYTES]);
        let keys = [
            &vault.seal,
            &vault.archive,
            &vault.identity,
            &vault.person,
            &vault.chain,
            &vault.mark,
            &vault.journal,
        ];
        for (i, a) in keys.iter().enumerate() {
            for b in &keys[i + 1..] {
                assert_ne!(a.as_slice(), b.as_slice());
            }
        }
    }

    #[test]
    fn the_key_id_of_a_column_is_that_of_the_blobs() {
        let vault = Vault::from_master_key([7; KEY_BYTES]);
        let sealed = vault.seal("here", b"text");
        assert_eq!(vault.key_id(), hex::encode(&sealed[1..5]));
        assert_ne!(vault.key_id(), Vault::from_master_key([8; KEY_BYTES]).key_id());
    }

    #[test]
    fn debug_prints_no_key() {
        assert_eq!(format!("{:?}", Vault::from_master_key([7; KEY_BYTES])), "Vault(***)");
    }
}
