//! The directory of a demonstration: empty or new.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Most names tried for a new directory among the temporary files.
const MAX_TRIES: u32 = 1_000;

/// Why a directory is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// It holds files.
    #[error(
        "{0} is not empty, and demo would mix invented exchanges with what is there: name another \
         directory by --dir, or delete this one first"
    )]
    NotEmpty(PathBuf),
    /// It cannot be made or read.
    #[error("using {path}", path = .path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
}

/// Returns the directory that the user names, or a new one among the temporary files.
pub(super) fn directory(named: Option<&Path>) -> Result<PathBuf, Refusal> {
    let Some(dir) = named else { return temporary() };
    let unusable = |source| Refusal::Unusable { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(unusable)?;
    match fs::read_dir(dir).map_err(unusable)?.next() {
        Some(_) => Err(Refusal::NotEmpty(dir.to_owned())),
        None => Ok(dir.to_owned()),
    }
}

/// Makes a directory that only this user can read. A name that exists is left alone: process ids
/// come again, and others write among the temporary files.
fn temporary() -> Result<PathBuf, Refusal> {
    let stem = format!("noemie-gateway-demo-{}", std::process::id());
    let mut path = std::env::temp_dir().join(&stem);
    for number in 2..MAX_TRIES {
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(failure) if failure.kind() == ErrorKind::AlreadyExists => {
                path = std::env::temp_dir().join(format!("{stem}-{number}"));
            }
            Err(source) => return Err(Refusal::Unusable { path, source }),
        }
    }
    Err(Refusal::NotEmpty(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_holds_anything_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(directory(Some(dir.path())).expect("it is empty"), dir.path());
        let new = dir.path().join("new");
        assert_eq!(directory(Some(&new)).expect("it is made"), new);
        assert!(matches!(directory(Some(dir.path())), Err(Refusal::NotEmpty(_))));
    }

    #[test]
    fn a_temporary_directory_is_never_one_that_exists() {
        let [first, second] = [temporary().expect("made"), temporary().expect("made")];
        assert_ne!(first, second);
        for dir in [first, second] {
            fs::remove_dir(dir).expect("empty");
        }
    }
}
