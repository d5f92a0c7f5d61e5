//! Files and directories that the gateway writes: who may read them, and names that are given only
//! to complete files.
//!
//! Files are 0600 and directories 0700, because they hold invoices, keys and sealed persons. A
//! directory that is shared with a group ([`share`]) passes the group on to what is delivered in
//! it: 0640 and 2750. The set-group-id bit of the directory marks it, so that no writer needs the
//! setting.

use crate::kill_point;
use rustix::fs::Mode;
use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown,
};
use std::path::Path;
use uuid::Uuid;

/// Mode of a file that only the gateway reads.
const PRIVATE_FILE: u32 = 0o600;
/// Mode of a directory that only the gateway enters.
const PRIVATE_DIRECTORY: u32 = 0o700;
/// Mode of a file that a group reads.
const SHARED_FILE: u32 = 0o640;
/// Mode of a directory whose entries belong to its group.
const SHARED_DIRECTORY: u32 = 0o2750;
/// Right of a group to cross a directory on its way to a shared one.
const GROUP_CROSSES: u32 = 0o010;
/// Right of everybody to cross a directory.
const ALL_CROSS: u32 = 0o001;
/// Bit of a directory whose entries get its group.
const SET_GROUP_ID: u32 = 0o2000;
/// Groups of this machine by name.
const GROUPS: &str = "/etc/group";

/// Takes every right of group and others from files made from now on by this process, also by
/// libraries: SQLite makes `gateway.db`, `-wal` and `-shm` itself. The command line calls it before
/// it starts a thread.
pub fn restrict_umask() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Creates a file that only this user reads, or empties and closes to others one that exists. A
/// pipe or a device keeps its mode.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(true).mode(PRIVATE_FILE).open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(PRIVATE_FILE))?;
    }
    Ok(file)
}

/// Makes a directory and those above it that are missing, for this user alone.
pub fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(PRIVATE_DIRECTORY).create(path)
}

/// Takes these rights from a file or directory that has any of them. Returns its mode before the
/// change, `None` when nothing was changed.
pub fn take_rights(path: &Path, rights: u32) -> io::Result<Option<u32>> {
    let mode = path.metadata()?.mode() & 0o7777;
    if mode & rights == 0 {
        return Ok(None);
    }
    fs::set_permissions(path, Permissions::from_mode(mode & !rights))?;
    Ok(Some(mode))
}

/// Returns the number of a group, given by number or by its name in `GROUPS`. `None` when this
/// machine has no group of this name.
pub fn group_id(group: &str) -> io::Result<Option<u32>> {
    if let Ok(number) = group.parse() {
        return Ok(Some(number));
    }
    let groups = fs::read_to_string(GROUPS)?;
    let mut lines = groups.lines().map(|line| line.split(':'));
    Ok(lines.find_map(|mut fields| {
        (fields.next() == Some(group)).then(|| fields.nth(1)?.parse().ok()).flatten()
    }))
}

/// Makes a directory whose files a group reads, and shares it and its directories with the group.
/// Files that were delivered before keep their mode.
pub fn share(dir: &Path, group: u32) -> io::Result<()> {
    create_directory(dir)?;
    give(dir, group, SHARED_DIRECTORY)?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            give(&entry.path(), group, SHARED_DIRECTORY)?;
        }
    }
    Ok(())
}

/// Makes a directory that a group crosses, without reading its list: files in it are reached only
/// when they are shared themselves. A directory that everybody crosses stays as it is.
pub fn let_cross(dir: &Path, group: u32) -> io::Result<()> {
    create_directory(dir)?;
    let mode = dir.metadata()?.mode() & 0o7777;
    if mode & ALL_CROSS != 0 { Ok(()) } else { give(dir, group, mode | GROUP_CROSSES) }
}

/// Sets group and mode when they differ: only the owner may set them again.
fn give(dir: &Path, group: u32, mode: u32) -> io::Result<()> {
    let found = dir.metadata()?;
    if found.gid() != group {
        chown(dir, None, Some(group))?;
    }
    // A change of the group clears the set-group-id bit.
    if found.gid() != group || found.mode() & 0o7777 != mode {
        fs::set_permissions(dir, Permissions::from_mode(mode))?;
    }
    Ok(())
}

fn is_shared(found: &Metadata) -> bool {
    found.is_dir() && found.mode() & SET_GROUP_ID != 0
}

/// Writes a file whole under its name, over the same file if it exists. No other writer has this
/// `attempt_id`.
pub fn write_whole(dir: &Path, name: &str, bytes: &[u8], attempt_id: Uuid) -> io::Result<()> {
    let partial = dir.join(format!(".{name}.{attempt_id}.part"));
    let written =
        create_below(dir).and_then(|()| rename_when_flushed(&partial, &dir.join(name), dir, bytes));
    if written.is_err() {
        // The next attempt has a name of its own; `sweep` removes what stays here.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Makes a directory as its parent is: shared with its group, or private.
fn create_below(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(PRIVATE_DIRECTORY).create(dir) {
        Ok(()) => {}
        Err(failure) if failure.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(failure) if failure.kind() == ErrorKind::NotFound => create_directory(dir)?,
        Err(failure) => return Err(failure),
    }
    match dir.parent().map(Path::metadata).transpose()? {
        Some(parent) if is_shared(&parent) => give(dir, parent.gid(), SHARED_DIRECTORY),
        _ => Ok(()),
    }
}

fn rename_when_flushed(partial: &Path, path: &Path, dir: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_private(partial)?;
    file.write_all(bytes)?;
    let shared = dir.metadata()?;
    if is_shared(&shared) {
        chown(partial, None, Some(shared.gid()))?;
        file.set_permissions(Permissions::from_mode(SHARED_FILE))?;
    }
    file.sync_all()?;
    kill_point::reach("deliver.aside");
    fs::rename(partial, path)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("it is there").mode() & 0o7777
    }

    #[test]
    fn a_delivered_file_is_private_unless_its_directory_is_shared() {
        let home = tempfile::tempdir().expect("a directory");
        let id = Uuid::nil();
        let out = home.path().join("out");
        write_whole(&out.join("one"), "a", b"x", id).expect("written");
        assert_eq!([mode(&out), mode(&out.join("one"))], [0o700, 0o700]);
        assert_eq!(mode(&out.join("one/a")), 0o600);

        let group = home.path().metadata().expect("a directory").gid();
        share(&out, group).expect("shared");
        for name in ["one", "two"] {
            write_whole(&out.join(name), "b", b"x", id).expect("written");
            assert_eq!(mode(&out.join(name)), 0o2750, "{name}");
            assert_eq!(mode(&out.join(name).join("b")), 0o640, "{name}");
        }
        assert_eq!(mode(&out.join("one/a")), 0o600, "a file of before");
    }

    #[test]
    fn a_file_that_others_could_read_is_closed_before_it_is_written() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("page.html");
        fs::write(&path, "old").expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("open to others");
        create_private(&path).expect("created");
        assert_eq!((mode(&path), fs::read(&path).expect("reads").len()), (0o600, 0));
        create_private(Path::new("/dev/null")).expect("a device keeps its mode");
    }

    #[test]
    fn groups_are_found_by_number_and_by_name() {
        assert_eq!(group_id("10001").expect("no file needed"), Some(10_001));
        assert_eq!(group_id("root").expect("the groups read"), Some(0));
        assert_eq!(group_id("no-such-group").expect("the groups read"), None);
    }
}
