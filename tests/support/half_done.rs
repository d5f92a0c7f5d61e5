//! Unfinished work that a killed gateway leaves: tells a kill during work, which the tests need,
//! from a kill while the gateway was idle.

use super::proof::{number, rows};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// A kind of unfinished work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfinished {
    /// A file is in the archive, in whole or in part, and has no exchange.
    Archived,
    /// Some invoices of a staged deposit are committed, its receipt is not.
    Staged,
    /// A dropped file has its receipt and is still in the drop directory.
    NotRemoved,
    /// Events are committed, and not marked as published.
    Unpublished,
    /// A return file is committed and not marked as delivered, or a worker's reject is in no return
    /// file yet.
    Undelivered,
    /// A caller waited for an answer.
    Unanswered,
}

/// Inspects the data after each kill. `orphans` are the archive files without an exchange that
/// earlier kills left.
#[derive(Default)]
pub struct Inspector {
    orphans: BTreeSet<PathBuf>,
}

impl Inspector {
    /// Returns the unfinished work that the last kill left. `unanswered` says whether a caller waited
    /// for an answer.
    pub async fn inspect(
        &mut self,
        url: &str,
        dir: &Path,
        unanswered: bool,
    ) -> BTreeSet<Unfinished> {
        let copy = DatabaseCopy::of(url);
        let url = copy.as_ref().map_or(url, |copy| &copy.url);
        let exchanges = "SELECT archive_name, sender, digest, verdict IS NOT NULL FROM exchanges";
        let exchanges: Vec<(String, String, String, bool)> =
            rows(url, exchanges).await.expect("the database answers");
        let exists = |sql| async move { number(url, sql).await.expect("the database answers") > 0 };
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
            (Unfinished::Archived, new),
            (Unfinished::Staged, exists("SELECT count(*) FROM exchanges WHERE verdict IS NULL").await),
            (Unfinished::NotRemoved, dropped(dir).iter().any(|(sender, digest)| answered.contains(&(&**sender, &**digest)))),
            (Unfinished::Unpublished, exists("SELECT count(*) FROM outbox").await),
            (
                Unfinished::Undelivered,
                exists("SELECT count(*) FROM returns WHERE delivered_at IS NULL").await
                    || exists("SELECT count(*) FROM claim_parts WHERE kind = 'amc' AND state = 'rejected' AND reported_in IS NULL").await,
            ),
            (Unfinished::Unanswered, unanswered),
        ];
        found.into_iter().filter(|(_, holds)| *holds).map(|(kind, _)| kind).collect()
    }
}

/// A copy of an embedded database. Opening the database that a kill left would repair it, and the
/// test is about the repair by the gateway.
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

/// Returns sender and digest of each file in the drop directory.
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

/// Returns every file below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries
        .map(|e| e.expect("an entry").path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// Number of kills, and of the unfinished work that they left.
#[derive(Debug, Default)]
pub struct KillCounts {
    pub kills: u64,
    /// Kills during the start of the gateway.
    pub starting: u64,
    /// Kills that left unfinished work.
    pub in_work: u64,
    pub stories: u64,
    /// Kills that left each kind of unfinished work.
    pub each: BTreeMap<Unfinished, u64>,
}

impl KillCounts {
    pub fn count(&mut self, left: &BTreeSet<Unfinished>) {
        self.kills += 1;
        self.in_work += u64::from(!left.is_empty());
        for kind in left {
            *self.each.entry(*kind).or_default() += 1;
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.starting += other.starting;
        self.in_work += other.in_work;
        self.stories += other.stories;
        for (kind, count) in &other.each {
            *self.each.entry(*kind).or_default() += count;
        }
    }
}

impl fmt::Display for KillCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, starting, in_work, stories, each } = self;
        write!(
            f,
            "{kills} kills in {stories} stories, {starting} of them during a start; {in_work} left unfinished work: {each:?}"
        )
    }
}
