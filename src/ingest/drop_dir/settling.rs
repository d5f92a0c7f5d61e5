//! Decides when a dropped file is whole.
//!
//! A file has settled when it is the same at two scans (size, time of change, inode) and its last
//! change is older than [`SETTLE_TIME`].

use super::dropped_file::{DroppedFile, Fingerprint};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Time for which a file must not have changed.
pub const SETTLE_TIME: Duration = Duration::from_secs(1);

/// Unchanged scans that stand for [`SETTLE_TIME`] when the time of a file lies ahead of this
/// machine's clock.
const SETTLE_SCANS: u32 = 4;

/// Files that were there at the last scan.
#[derive(Debug, Default)]
pub(super) struct SettlingFiles {
    /// Fingerprint of each file, and the number of scans since it last changed.
    seen: HashMap<PathBuf, (Fingerprint, u32)>,
}

impl SettlingFiles {
    /// Takes the files of a scan and returns the settled ones, oldest first.
    pub(super) fn settled(&mut self, files: Vec<DroppedFile>) -> Vec<DroppedFile> {
        let now = SystemTime::UNIX_EPOCH + machine_time();
        let mut settled = Vec::new();
        let mut seen = HashMap::new();
        for file in files {
            let scans = self
                .seen
                .get(&file.path)
                .filter(|(fingerprint, _)| *fingerprint == file.fingerprint)
                .map_or(0, |(_, scans)| scans.saturating_add(1));
            let is_old =
                now.duration_since(file.fingerprint.modified).is_ok_and(|age| age >= SETTLE_TIME);
            seen.insert(file.path.clone(), (file.fingerprint, scans));
            if scans > 0 && (is_old || scans >= SETTLE_SCANS) {
                settled.push(file);
            }
        }
        self.seen = seen;
        settled.sort_by(|a, b| {
            (a.fingerprint.modified, &a.path).cmp(&(b.fingerprint.modified, &b.path))
        });
        settled
    }

    /// Forgets a file: the next one under its name has to settle anew.
    pub(super) fn forget(&mut self, path: &Path) {
        self.seen.remove(path);
    }
}

/// Returns the time of this machine, with which file times are compared: the file system takes them
/// from the same clock, and the clock of the service may be another one.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with file times, which come from the same clock"
)]
fn machine_time() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::listing::list;
    use super::*;
    use std::fs::{self, File};

    const OLD: Duration = Duration::from_secs(1_000_000_000);

    fn set_time(path: &Path, time: SystemTime) {
        let file = File::options().append(true).open(path).expect("the file");
        file.set_modified(time).expect("a time");
    }

    fn scan(settling: &mut SettlingFiles, root: &Path) -> Vec<PathBuf> {
        settling.settled(list(root).files).into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn only_unchanged_files_of_senders_settle() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("oct1")).expect("a directory");
        fs::write(root.path().join("stray.b2"), b"x").expect("a file");
        let path = root.path().join("oct1/a.b2");
        fs::write(&path, b"x").expect("a file");
        set_time(&path, SystemTime::UNIX_EPOCH + OLD);
        let mut settling = SettlingFiles::default();
        assert!(scan(&mut settling, root.path()).is_empty(), "one scan is not enough");
        assert_eq!(scan(&mut settling, root.path()), std::slice::from_ref(&path));
        fs::write(&path, b"xy").expect("a file");
        assert!(scan(&mut settling, root.path()).is_empty(), "the file changed");
    }

    #[test]
    fn a_file_from_the_future_settles_after_some_scans() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("oct1")).expect("a directory");
        let path = root.path().join("oct1/a.b2");
        fs::write(&path, b"x").expect("a file");
        set_time(&path, SystemTime::UNIX_EPOCH + machine_time() + Duration::from_secs(7_200));
        let mut settling = SettlingFiles::default();
        for _ in 0..SETTLE_SCANS {
            assert!(scan(&mut settling, root.path()).is_empty());
        }
        assert_eq!(scan(&mut settling, root.path()), [path]);
    }
}
