//! Names of archived files: a date and an identifier.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use uuid::Uuid;

/// A name that the archive can give a file.
pub(super) struct ArchiveName {
    day: String,
    id: Uuid,
}

impl ArchiveName {
    /// Returns the name of an exchange in the directory of the day of `at`.
    pub(super) fn new(id: Uuid, at: OffsetDateTime) -> Self {
        Self { day: format!("{:04}/{:02}/{:02}", at.year(), u8::from(at.month()), at.day()), id }
    }

    pub(super) fn parse(name: &str) -> io::Result<Self> {
        let invalid =
            || io::Error::new(ErrorKind::InvalidInput, "not the name of an archived file");
        let (day, file) = name.rsplit_once('/').ok_or_else(invalid)?;
        match read_file_name(file) {
            Some((id, false)) if is_day(day) => Ok(Self { day: day.to_owned(), id }),
            _ => Err(invalid()),
        }
    }

    pub(super) fn directory(&self, root: &Path) -> PathBuf {
        root.join(&self.day)
    }

    /// Returns the path of the whole file.
    pub(super) fn whole(&self, root: &Path) -> PathBuf {
        self.directory(root).join(format!("{}.enc", self.id))
    }

    /// Returns the path of the file while it is received.
    pub(super) fn part(&self, root: &Path) -> PathBuf {
        self.directory(root).join(format!("{}.part", self.id))
    }

    /// Returns the associated data of every chunk.
    pub(super) const fn context(&self) -> [u8; 16] {
        *self.id.as_bytes()
    }
}

impl fmt::Display for ArchiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.enc", self.day, self.id)
    }
}

/// Returns whether a text is `AAAA/MM/JJ`, digits only.
pub(super) fn is_day(day: &str) -> bool {
    day.len() == 10
        && day
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'/' } else { byte.is_ascii_digit() })
}

/// Returns the exchange of `<id>.part` or `<id>.enc`, and whether the file is a `.part`. Only the
/// spelling that the archive writes is read.
pub(super) fn read_file_name(file: &str) -> Option<(Uuid, bool)> {
    let (stem, extension) = file.split_once('.')?;
    let id: Uuid = stem.parse().ok()?;
    let is_part = match extension {
        "part" => true,
        "enc" => false,
        _ => return None,
    };
    (id.to_string() == stem).then_some((id, is_part))
}
