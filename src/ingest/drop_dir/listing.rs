//! Entries of a drop directory.

use super::cause::Cause;
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
    /// Entries that are left where they are.
    pub(super) skipped: BTreeMap<PathBuf, Skipped>,
}

/// Reason for which an entry is left where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Skipped {
    /// Cause, as the metric names it.
    pub(super) cause: Cause,
    /// Sentence of the log: the reason, and what to do.
    pub(super) why: String,
}

impl Listing {
    fn skip(&mut self, path: PathBuf, cause: Cause, why: impl Into<String>) {
        self.skipped.insert(path, Skipped { cause, why: why.into() });
    }
}

/// Lists every sender's directory. A directory that cannot be read does not hide the others, and a
/// link in place of a directory is not followed.
pub(super) fn list(root: &Path) -> Listing {
    let mut listing = Listing::default();
    for (path, metadata) in entries(root, &mut listing) {
        let name = file_name(&path);
        if !metadata.is_dir() {
            skip_beside_senders(path, &name, &metadata, &mut listing);
            continue;
        }
        match Sender::try_from(name.as_str()) {
            Ok(sender) => list_sender(&path, &sender, &mut listing),
            Err(_) if name.starts_with('.') => {}
            Err(refused) => {
                let why = format!("not the name of a sender: {refused}");
                listing.skip(path, Cause::SenderName, why);
            }
        }
    }
    listing
}

/// Skips an entry beside the directories of the senders.
fn skip_beside_senders(path: PathBuf, name: &str, metadata: &Metadata, listing: &mut Listing) {
    if metadata.is_symlink() {
        let why = "a link in place of a sender's directory: make a directory";
        listing.skip(path, Cause::Link, why);
    } else if !is_being_written(name) {
        let why = "not in the directory of a sender: move it to in/<sender>/";
        listing.skip(path, Cause::NoSender, why);
    }
}

fn list_sender(dir: &Path, sender: &Sender, listing: &mut Listing) {
    for (path, metadata) in entries(dir, listing) {
        if is_being_written(&file_name(&path)) {
            continue;
        }
        match Cause::of(&metadata) {
            None => listing.files.push(DroppedFile {
                sender: sender.clone(),
                fingerprint: Fingerprint::new(&metadata),
                path,
            }),
            Some(Cause::HardLink) => {
                let why = "a file with a second name (hard link): copy it instead";
                listing.skip(path, Cause::HardLink, why);
            }
            Some(cause) => listing.skip(path, cause, "not a regular file: put the file itself"),
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
            listing.skip(dir.to_owned(), Cause::Unreadable, why);
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
    use std::os::unix::fs::symlink;

    #[test]
    fn names_of_files_being_written_are_left_alone() {
        for name in [".hidden", "a.tmp", "a.PART", "a.filepart"] {
            assert!(is_being_written(name), "{name}");
        }
        assert!(!is_being_written("SP_FP_1.b2"));
    }

    #[test]
    fn skipped_entries_have_a_cause_and_hide_no_file() {
        let root = tempfile::tempdir().expect("a directory");
        let at = |name: &str| root.path().join(name);
        for dir in ["oct1", "oct1/sub", "a sender", ".git"] {
            fs::create_dir(at(dir)).expect("a directory");
        }
        fs::write(at("stray.b2"), b"x").expect("a file");
        fs::write(at("oct1/a.b2"), b"x").expect("a file");
        symlink(at("stray.b2"), at("oct1/link.b2")).expect("a link");
        symlink(at("oct1"), at("oct2")).expect("a link");
        fs::hard_link(at("stray.b2"), at("oct1/twice.b2")).expect("a hard link");
        let listing = list(root.path());
        let files: Vec<_> = listing.files.iter().map(|file| file.path.clone()).collect();
        assert_eq!(files, [at("oct1/a.b2")]);
        let skipped: Vec<_> =
            listing.skipped.iter().map(|(path, s)| (file_name(path), s.cause.as_str())).collect();
        let expected = [
            ("a sender", "sender_name"),
            ("link.b2", "link"),
            ("sub", "not_regular"),
            ("twice.b2", "hard_link"),
            ("oct2", "link"),
            ("stray.b2", "no_sender"),
        ];
        assert_eq!(skipped, expected.map(|(name, cause)| (name.to_owned(), cause)));
        assert_eq!(list(&at("none")).skipped.len(), 1, "a missing root is skipped");
    }
}
