//! Files that others read: each gets its name only when it is complete and on disk.

use crate::kill_point;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use uuid::Uuid;

/// Writes a file whole under its name, over the same file if it exists. No other writer has this
/// `attempt_id`.
pub fn write_whole(dir: &Path, name: &str, bytes: &[u8], attempt_id: Uuid) -> io::Result<()> {
    let partial = dir.join(format!(".{name}.{attempt_id}.part"));
    let written = fs::create_dir_all(dir)
        .and_then(|()| rename_when_flushed(&partial, &dir.join(name), dir, bytes));
    if written.is_err() {
        // The next attempt has a name of its own; `sweep` removes what stays here.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn rename_when_flushed(partial: &Path, path: &Path, dir: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    kill_point::reach("deliver.aside");
    fs::rename(partial, path)?;
    File::open(dir)?.sync_all()
}
