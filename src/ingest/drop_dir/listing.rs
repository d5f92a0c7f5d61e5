//! Entries of a drop directory.

use super::dropped_file::{DroppedFile, Fingerprint, file_name};
use crate::domain::Sender;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// Entries of one scan.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Regular files of the senders' directories, without those being written.
    pub(super) files: Vec<DroppedFile>,
    /// Entries that will never be deposited, with the reason.
    pub(super) skipped: BTreeMap<PathBuf, String>,
}

/// Lists every sender's directory. A directory that cannot be read does not hide the others.
pub(super) fn list(root: &Path) -> Listing {
    let mut listing = Listing::default();
    for (path, kind) in entries(root, &mut listing) {
        let name = file_name(&path);
        if !kind.is_dir() {
            if !is_being_written(&name) {
                listing.skipped.insert(path, "not in the directory of a sender".to_owned());
            }
            continue;
        }
        match Sender::try_from(name.as_str()) {
            Ok(sender) => list_sender(&path, &sender, &mut listing),
            Err(_) if name.starts_with('.') => {}
            Err(refused) => {
                listing.skipped.insert(path, format!("not the name of a sender: {refused}"));
            }
        }
    }
    listing
}

fn list_sender(dir: &Path, sender: &Sender, listing: &mut Listing) {
    for (path, metadata) in entries(dir, listing) {
        if is_being_written(&file_name(&path)) {
            continue;
        }
        if metadata.is_file() {
            listing.files.push(DroppedFile {
                sender: sender.clone(),
                fingerprint: Fingerprint::new(&metadata),
                path,
            });
        } else {
            listing.skipped.insert(path, "not a regular file".to_owned());
        }
    }
}

/// Returns the entries of a directory with their metadata; links are not followed. An entry that
/// another replica removed meanwhile is left out.
fn entries(dir: &Path, listing: &mut Listing) -> Vec<(PathBuf, Metadata)> {
    let found = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    match found {
        Ok(found) => {
            found.into_iter().filter_map(|e| Some((e.path(), e.metadata().ok()?))).collect()
        }
        Err(failure) => {
            let why = format!("directory could not be read: {failure}");
            listing.skipped.insert(dir.to_owned(), why);
            Vec::new()
        }
    }
}

fn is_being_written(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with('.') || [".tmp", ".part", ".filepart"].iter().any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_being_written_are_left_alone() {
        for name in [".hidden", "a.tmp", "a.PART", "a.filepart"] {
            assert!(is_being_written(name), "{name}");
        }
        assert!(!is_being_written("SP_FP_1.b2"));
    }

    #[test]
    fn skipped_entries_have_a_reason_and_hide_no_file() {
        let root = tempfile::tempdir().expect("a directory");
        for dir in ["oct1", "oct1/sub", "a sender", ".git"] {
            fs::create_dir(root.path().join(dir)).expect("a directory");
        }
        fs::write(root.path().join("stray.b2"), b"x").expect("a file");
        fs::write(root.path().join("oct1/a.b2"), b"x").expect("a file");
        // Neither a sender's directory that is a link is followed, nor a link to a file.
        std::os::unix::fs::symlink(root.path().join("stray.b2"), root.path().join("oct1/link.b2"))
            .expect("a link");
        let listing = list(root.path());
        assert_eq!(
            listing.files.iter().map(|f| f.path.clone()).collect::<Vec<_>>(),
            [root.path().join("oct1/a.b2")]
        );
        let skipped: Vec<_> = listing.skipped.keys().map(|path| file_name(path)).collect();
        assert_eq!(skipped, ["a sender", "link.b2", "sub", "stray.b2"]);
        assert_eq!(list(&root.path().join("none")).skipped.len(), 1, "a missing root is skipped");
    }
}
