//! The witness file at the root of the archive: lines that are only appended.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Name of the file.
const NAME: &str = "witness";
/// Bytes read from its end: some forty lines.
const TAIL_BYTES: u64 = 64 * 1024;

/// Appends a line and flushes it to the disk. A line that a power cut left half written keeps a
/// line of its own.
pub(super) fn append(root: &Path, line: &str) -> io::Result<()> {
    std::fs::create_dir_all(root)?;
    let path = root.join(NAME);
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let mut file = options.open(&path)?;
    let size = file.metadata()?.len();
    let mut last = [b'\n'];
    if size > 0 {
        file.read_exact_at(&mut last, size - 1)?;
    }
    let start = if last == [b'\n'] { "" } else { "\n" };
    // A single write keeps lines of two replicas from mixing.
    file.write_all(format!("{start}{line}\n").as_bytes())?;
    file.sync_all()?;
    if is_new { File::open(root)?.sync_all() } else { Ok(()) }
}

/// Returns the last lines, oldest first; none without the file.
pub(super) fn last_lines(root: &Path) -> io::Result<Vec<String>> {
    let mut file = match File::open(root.join(NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let start = file.metadata()?.len().saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    let text = String::from_utf8_lossy(&tail);
    // The first line of a tail has lost its beginning.
    let lines = text.lines().skip(usize::from(start > 0));
    Ok(lines.map(str::to_owned).collect())
}
