//! The mark of the installation on its archive: the file `installation`, which holds its id.

use super::Archive;
use chacha20poly1305::aead::Generate as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Name of the file at the root of the archive.
const FILE: &str = "installation";
/// Limit of the size of the file, which is one line of 36 characters.
const MAX_BYTES: u64 = 64;

impl Archive {
    /// Returns the directory of the archive.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.dir
    }

    /// Returns the id of the installation that the archive belongs to; `None` when it carries no
    /// mark.
    pub fn mark(&self) -> io::Result<Option<Uuid>> {
        Self::mark_in(&self.dir)
    }

    /// Returns the id of the installation that the archive in a directory belongs to; `None` when
    /// the directory carries no mark.
    pub fn mark_in(dir: &Path) -> io::Result<Option<Uuid>> {
        let mut text = String::new();
        match File::open(dir.join(FILE)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?.take(MAX_BYTES).read_to_string(&mut text)?,
        };
        let id = Uuid::parse_str(text.trim());
        id.map(Some).map_err(|_| io::Error::new(ErrorKind::InvalidData, "the file holds no id"))
    }

    /// Puts the mark of an installation on the archive, whole or not at all: the file is written
    /// under a temporary name, then linked to its name. Returns `false`, and changes nothing, when
    /// the archive has a mark.
    pub fn put_mark(&self, id: Uuid) -> io::Result<bool> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let aside = self.dir.join(format!(".{FILE}.{}", hex::encode(<[u8; 8]>::generate())));
        let mut options = OpenOptions::new();
        let linked =
            options.write(true).create_new(true).mode(0o600).open(&aside).and_then(|mut file| {
                file.write_all(format!("{id}\n").as_bytes())?;
                file.sync_all()?;
                fs::hard_link(&aside, self.mark_path())
            });
        let removed = fs::remove_file(&aside);
        match linked {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            linked => linked.and(removed)?,
        }
        File::open(&self.dir)?.sync_all()?;
        Ok(true)
    }

    /// Removes the mark that [`Self::put_mark`] has just put there.
    pub fn remove_mark(&self) -> io::Result<()> {
        fs::remove_file(self.mark_path())
    }

    fn mark_path(&self) -> PathBuf {
        self.dir.join(FILE)
    }
}
