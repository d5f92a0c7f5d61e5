//! What lies half done where a gateway died: whether a kill fell into work, or into a pause in
//! which any program may be killed.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use super::proof::{number, rows};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// Something begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    /// A file is in the archive, whole or in part, and no exchange knows it.
    Received,
    /// Some invoices of a large file are committed, its receipt is not.
    Loaded,
    /// A dropped file has its receipt and still lies in the drop directory.
    Answered,
    /// Events are committed, and not marked as published.
    Untold,
    /// A return file is committed, and not marked as delivered; or a reject of a worker is in no
    /// return file yet.
    Undelivered,
    /// A caller waited for its answer.
    Asked,
}

/// The files of an archive that no exchange knew at the last look: earlier kills left them.
#[derive(Default)]
pub struct Looks {
    orphans: BTreeSet<PathBuf>,
}

impl Looks {
    /// Looks at what a dead process left. `asked`: whether somebody waited for its answer.
    pub async fn look(&mut self, url: &str, dir: &Path, asked: bool) -> BTreeSet<Half> {
        let copy = DatabaseCopy::of(url);
        let url = copy.as_ref().map_or(url, |copy| &copy.url);
        let exchanges = "SELECT archive_name, sender, digest, verdict IS NOT NULL FROM exchanges";
        let exchanges: Vec<(String, String, String, bool)> =
            rows(url, exchanges).await.expect("the database answers");
        let some = |sql| async move { number(url, sql).await.expect("the database answers") > 0 };
        let known: BTreeSet<PathBuf> =
            exchanges.iter().map(|(name, ..)| PathBuf::from(name).with_extension("")).collect();
        let archive = dir.join("data/archive");
        let archived = files(&archive)
            .into_iter()
            .map(|path| path.strip_prefix(&archive).expect("inside").with_extension(""));
        let orphans: BTreeSet<PathBuf> = archived.filter(|name| !known.contains(name)).collect();
        let new = orphans.difference(&self.orphans).next().is_some();
        self.orphans = orphans;
        let closed = exchanges.iter().filter(|(.., closed)| *closed);
        let answered: BTreeSet<(&str, &str)> =
            closed.map(|(_, sender, digest, _)| (&**sender, &**digest)).collect();
        let found = [
            (Half::Received, new),
            (Half::Loaded, some("SELECT count(*) FROM exchanges WHERE verdict IS NULL").await),
            (Half::Answered, dropped(dir).iter().any(|(sender, digest)| answered.contains(&(&**sender, &**digest)))),
            (Half::Untold, some("SELECT count(*) FROM outbox WHERE position IS NULL").await),
            (
                Half::Undelivered,
                some("SELECT count(*) FROM returns WHERE delivered_at IS NULL").await
                    || some("SELECT count(*) FROM claim_parts WHERE kind = 'amc' AND state = 'rejected' AND told_in IS NULL").await,
            ),
            (Half::Asked, asked),
        ];
        found.into_iter().filter(|(_, holds)| *holds).map(|(half, _)| half).collect()
    }
}

/// A copy of an embedded database: whoever opens the one that a kill left repairs it, and that is
/// for the gateway to do.
struct DatabaseCopy {
    url: String,
    _dir: tempfile::TempDir,
}

impl DatabaseCopy {
    fn of(url: &str) -> Option<Self> {
        let path = Path::new(url.strip_prefix("sqlite:")?);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let copy = dir.path().join("copy.db");
        fs::copy(path, &copy).expect("the database is copied");
        let log = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
        if log(path).exists() {
            fs::copy(log(path), log(&copy)).expect("its log is copied");
        }
        Some(Self { url: format!("sqlite:{}", copy.display()), _dir: dir })
    }
}

/// Sender and digest of what lies in the drop directory.
fn dropped(dir: &Path) -> Vec<(String, String)> {
    let inbox = dir.join("data/in");
    let sender = |path: &Path| {
        path.parent().and_then(Path::file_name).expect("a sender").to_string_lossy().into_owned()
    };
    files(&inbox)
        .iter()
        .filter_map(|path| {
            Some((sender(path), blake3::hash(&fs::read(path).ok()?).to_hex().to_string()))
        })
        .collect()
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries
        .map(|e| e.expect("an entry").path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// Kills, and what they left half done.
#[derive(Debug, Default)]
pub struct Tally {
    pub kills: u64,
    /// Of these, how many found the gateway on its way up.
    pub starting: u64,
    /// Of these, how many left something half done.
    pub in_work: u64,
    pub stories: u64,
    /// How many kills left this half done.
    pub each: BTreeMap<Half, u64>,
}

impl Tally {
    pub fn count(&mut self, left: &BTreeSet<Half>) {
        self.kills += 1;
        self.in_work += u64::from(!left.is_empty());
        for half in left {
            *self.each.entry(*half).or_default() += 1;
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.starting += other.starting;
        self.in_work += other.in_work;
        self.stories += other.stories;
        for (half, count) in &other.each {
            *self.each.entry(*half).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, starting, in_work, stories, each } = self;
        write!(
            f,
            "{kills} kills in {stories} stories, {starting} of them on the way up; {in_work} left something half done: {each:?}"
        )
    }
}
