//! Opens and removes dropped files.
//!
//! The directory of the sender and the file are opened by their last names, without following a
//! link, so that a link put in place of either leads nowhere. A FIFO put in place of a file does
//! not block the open. Bytes are read from the open file only.

use super::cause::Cause;
use super::dropped_file::{DroppedFile, Fingerprint};
use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Flags of every open: no link is followed, and no open waits for the other end of a FIFO.
const FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// What has the name of a dropped file now.
pub(super) enum Opened {
    /// The file of the scan, unchanged.
    Same(File),
    /// Something else, or nothing: the next scan finds what there is.
    Changed,
}

/// Opens a dropped file if its name still has the file of the scan.
pub(super) fn open(root: &Path, file: &DroppedFile) -> io::Result<Opened> {
    match open_same(root, file) {
        Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::NXIO) => Ok(Opened::Changed),
        opened => Ok(opened?.1),
    }
}

/// Removes a deposited file, unless something else has its name by now: that is a deposit to come.
pub(super) fn remove(root: &Path, file: &DroppedFile) -> io::Result<()> {
    let removed = match open_same(root, file) {
        Ok((dir, Opened::Same(_))) => unlinkat(dir, name(file), AtFlags::empty()),
        Ok((_, Opened::Changed)) => Ok(()),
        Err(failure) => Err(failure),
    };
    match removed {
        Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::NXIO) => Ok(()),
        removed => Ok(removed?),
    }
}

/// Opens the directory of a sender, and the file in it.
fn open_same(root: &Path, file: &DroppedFile) -> rustix::io::Result<(OwnedFd, Opened)> {
    // The drop directory itself may be a link: the operator names it.
    let directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open(root, directory, Mode::empty())?;
    let sender = file.sender.as_str();
    let dir = openat(root, sender, FLAGS | OFlags::DIRECTORY, Mode::empty())?;
    let opened = File::from(openat(&dir, name(file), FLAGS, Mode::empty())?);
    let Ok(metadata) = opened.metadata() else { return Ok((dir, Opened::Changed)) };
    let is_same = Cause::of(&metadata).is_none() && Fingerprint::new(&metadata) == file.fingerprint;
    Ok((dir, if is_same { Opened::Same(opened) } else { Opened::Changed }))
}

fn name(file: &DroppedFile) -> &OsStr {
    file.path.file_name().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::listing::list;
    use super::*;
    use rustix::fs::{CWD, FileType, mknodat};
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use tempfile::TempDir;

    /// A drop directory with one file, as a scan found it, and a file outside.
    struct Dropped {
        root: TempDir,
        outside: TempDir,
        file: DroppedFile,
    }

    impl Dropped {
        fn new() -> Self {
            let [root, outside] = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
            fs::create_dir(root.path().join("oct1")).expect("a directory");
            fs::write(root.path().join("oct1/a.b2"), b"first").expect("a file");
            fs::write(outside.path().join("a.b2"), b"other").expect("a file");
            let file = list(root.path()).files.pop().expect("the file");
            Self { root, outside, file }
        }

        fn other(&self) -> PathBuf {
            self.outside.path().join("a.b2")
        }

        fn is_same(&self) -> bool {
            matches!(open(self.root.path(), &self.file).expect("opens"), Opened::Same(_))
        }

        fn remove(&self) {
            remove(self.root.path(), &self.file).expect("no failure");
        }
    }

    #[test]
    fn the_file_of_the_scan_is_opened_and_removed() {
        let dropped = Dropped::new();
        assert!(dropped.is_same());
        dropped.remove();
        assert!(!dropped.file.path.exists() && !dropped.is_same());
        dropped.remove();
    }

    #[test]
    fn what_is_put_in_its_place_is_neither_opened_nor_removed() {
        let swaps: [fn(&Dropped); 4] = [
            |d| mknodat(CWD, &d.file.path, FileType::Fifo, Mode::RWXU, 0).expect("a FIFO"),
            |d| symlink(d.other(), &d.file.path).expect("a link"),
            |d| fs::hard_link(d.other(), &d.file.path).expect("a hard link"),
            |d| assert!(fs::copy(d.other(), &d.file.path).is_ok(), "another file"),
        ];
        for swap in swaps {
            let dropped = Dropped::new();
            fs::rename(&dropped.file.path, dropped.root.path().join(".old")).expect("moved away");
            swap(&dropped);
            assert!(!dropped.is_same());
            dropped.remove();
            assert!(dropped.file.path.symlink_metadata().is_ok(), "still there");
        }
    }

    #[test]
    fn a_second_name_of_the_same_file_is_noticed() {
        let dropped = Dropped::new();
        fs::hard_link(&dropped.file.path, dropped.outside.path().join("second")).expect("a link");
        assert!(!dropped.is_same());
    }

    #[test]
    fn a_link_in_place_of_the_senders_directory_leads_nowhere() {
        let dropped = Dropped::new();
        let (sender, real) = (dropped.root.path().join("oct1"), dropped.outside.path().join("in"));
        fs::rename(&sender, &real).expect("moved away");
        symlink(&real, &sender).expect("a link");
        assert!(!dropped.is_same());
        dropped.remove();
        assert!(real.join("a.b2").exists());
    }
}
