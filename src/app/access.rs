//! Locks a data directory for one `serve`, takes rights on it from others, and shares delivered
//! files with a group.

use super::BadSetting;
use crate::config::Config;
use crate::files;
use anyhow::{Context, Result, bail};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf, absolute};
use tracing::warn;

/// Lock file of `serve`, in the data directory, and the suffix of the one beside a SQLite file that
/// is elsewhere.
const LOCK: &str = "serve.lock";

/// The exclusive right of one process to serve an embedded installation, until it is dropped or the
/// process ends. Children of the process do not inherit it.
#[must_use = "the lock is freed when it is dropped"]
pub struct ServeLock {
    /// Open files: closing one frees its lock.
    _files: Vec<File>,
}

impl ServeLock {
    /// Takes the right to serve. Replicas on PostgreSQL share a data directory, and take none.
    pub fn take(config: &Config) -> Result<Self> {
        let mut paths: Vec<PathBuf> = Vec::new();
        match config.database_url.as_deref().map(|url| url.strip_prefix("sqlite:")) {
            Some(None) => return Ok(Self { _files: Vec::new() }),
            Some(Some(path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                paths.push(PathBuf::from(format!("{path}.{LOCK}")));
            }
            None => {}
        }
        paths.push(config.data_dir.join(LOCK));
        let files = paths.iter().map(|path| lock(path)).collect::<Result<_>>()?;
        Ok(Self { _files: files })
    }
}

/// Rights of group and others that are taken away on the archive, on the embedded database and on
/// its `-wal` and `-shm` files: all.
const RIGHTS_ON_FILES: u32 = 0o077;
/// Rights of group and others that are taken away on the data directory: to read and to write.
/// Senders and a group may have to cross it, to reach the drop directory and the return files.
const RIGHTS_ON_DATA: u32 = 0o066;

/// Takes rights from group and others on the data directory, the archive and the embedded database,
/// which an earlier version or a person may have made, and logs each change. A file of another user
/// stays as it is, with a warning that says what to do.
pub(super) fn close_to_others(config: &Config) {
    let mut closed =
        vec![(config.data_dir.clone(), RIGHTS_ON_DATA), (config.archive_dir(), RIGHTS_ON_FILES)];
    if let Some(database) = sqlite_file(config) {
        let companions = ["", "-wal", "-shm"].map(|end| {
            let mut name = database.clone().into_os_string();
            name.push(end);
            (PathBuf::from(name), RIGHTS_ON_FILES)
        });
        closed.extend(companions);
    }
    for (path, rights) in closed {
        match files::take_rights(&path, rights) {
            Ok(None) => {}
            Ok(Some(mode)) => {
                let (path, before) = (path.display(), format!("{mode:04o}"));
                let now = format!("{:04o}", mode & !rights);
                warn!(%path, before, now, "others had rights on it, which were taken away");
            }
            Err(failure) if failure.kind() == ErrorKind::NotFound => {}
            Err(error) => warn!(
                path = %path.display(), %error,
                "others have rights on it: as its owner, run chmod go-rwx on it"
            ),
        }
    }
}

/// Returns the file of the embedded database; `None` on PostgreSQL.
fn sqlite_file(config: &Config) -> Option<PathBuf> {
    let Some(url) = config.database_url.as_deref() else {
        return Some(config.data_dir.join("gateway.db"));
    };
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(PathBuf::from(path.split_once('?').map_or(path, |(path, _)| path)))
}

fn lock(path: &Path) -> Result<File> {
    let dir = path.parent().unwrap_or(Path::new("."));
    files::create_directory(dir).with_context(|| format!("making {}", dir.display()))?;
    let taking = || format!("locking {}", path.display());
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(path).with_context(taking)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let dir = absolute(dir).unwrap_or_else(|_| dir.to_owned());
            let what = format!(
                "another gateway serves {} (its lock is {LOCK}): stop it, or name another \
                 directory by --data-dir",
                dir.display()
            );
            Err(BadSetting(what).into())
        }
        Err(TryLockError::Error(failure)) => Err(failure).with_context(taking),
    }
}

/// Shares the directory of return files with `file_group`, and lets the group cross the directories
/// above it that belong to the installation, and a drop directory that it makes. Database, archive
/// and keys stay closed.
pub(super) fn share_return_files(config: &Config) -> Result<()> {
    let Some(name) = &config.file_group else { return Ok(()) };
    let context = || {
        BadSetting(format!(
            "file_group: sharing return files with {name}, of which the gateway's user has to be a \
             member"
        ))
    };
    let Some(group) = files::group_id(name).with_context(context)? else {
        bail!(BadSetting(format!(
            "file_group: this machine has no group {name}: give the name of a group, or its number"
        )));
    };
    let (drop_dir, out_dir) = (config.drop_dir(), config.out_dir());
    if [&drop_dir, &out_dir].iter().any(|dir| dir.starts_with(&config.data_dir)) {
        files::let_cross(&config.data_dir, group).with_context(context)?;
    }
    // A drop directory that exists has the modes that its senders need.
    if !drop_dir.exists() {
        files::let_cross(&drop_dir, group).with_context(context)?;
    }
    files::share(&out_dir, group).with_context(context)
}
