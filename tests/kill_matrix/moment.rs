//! When a kill falls: some time after a sign that the gateway is at work, or at any time at all.
//! Drawn from a seed.

use super::story::Story;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::time::sleep;

/// New answers that a kill waits for at most.
const ANSWERS: u64 = 3;
/// Signs of work that a kill waits for at most: about as many as a small story has.
const SIGNS: u64 = 15;
/// From the last sign to the kill, milliseconds: about as long as a small file takes.
const AFTER: u64 = 60;
/// Between two looks for a sign.
const LOOK: Duration = Duration::from_millis(2);

/// Numbers that look random (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// Happens once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn millis(&mut self, limit: u64) -> Duration {
        Duration::from_millis(self.below(limit))
    }
}

/// When a kill falls.
#[derive(Clone, Copy)]
pub enum Moment {
    /// After so many signs, and some time.
    Seen(u64, Duration),
    /// As soon as so many answers are there: what was answered must not be lost.
    Answered(u64),
    /// Whatever the gateway does then.
    Blind(Duration),
    Never,
}

impl Moment {
    /// One moment in `blindly` is blind, at most `blind` milliseconds from now.
    pub fn draw(chance: &mut Chance, blindly: u64, blind: u64) -> Self {
        match (chance.once_in(blindly), chance.below(3)) {
            (true, _) => Self::Blind(chance.millis(blind)),
            (false, 0) => Self::Answered(1 + chance.below(ANSWERS)),
            // What is seen from outside must be safe by then.
            (false, 1) => Self::Seen(1 + chance.below(SIGNS), Duration::ZERO),
            (false, _) => Self::Seen(1 + chance.below(SIGNS), chance.millis(AFTER)),
        }
    }

    pub async fn comes(self, mut signs: Signs) {
        match self {
            Self::Seen(count, after) => {
                for _ in 0..count {
                    signs.next().await;
                }
                sleep(after).await;
            }
            Self::Answered(count) => signs.answers(count).await,
            Self::Blind(after) => sleep(after).await,
            Self::Never => std::future::pending().await,
        }
    }
}

/// Watches a story from outside: the answers it gets, and the directories of its gateway. Whoever
/// makes, renames or removes a file in one changes its time.
pub struct Signs {
    data: PathBuf,
    senders: [String; 3],
    seen: Vec<Option<SystemTime>>,
    answered: watch::Receiver<u64>,
}

impl Signs {
    pub fn of(dir: &Path, story: &Story) -> Self {
        let mut signs = Self {
            data: dir.join("data"),
            senders: story.senders.clone(),
            seen: Vec::new(),
            answered: story.answers.subscribe(),
        };
        signs.seen = signs.times();
        signs
    }

    async fn answers(&mut self, count: u64) {
        let enough = *self.answered.borrow() + count;
        self.answered.wait_for(|answers| *answers >= enough).await.expect("the story is there");
    }

    async fn next(&mut self) {
        loop {
            let times = self.times();
            if times != self.seen {
                self.seen = times;
                return;
            }
            sleep(LOOK).await;
        }
    }

    fn times(&self) -> Vec<Option<SystemTime>> {
        let rooms = ["in", "out"]
            .into_iter()
            .flat_map(|room| self.senders.iter().map(move |sender| Path::new(room).join(sender)));
        rooms
            .map(|room| self.data.join(room))
            .chain([self.latest_day()])
            .map(|dir| fs::metadata(dir).ok()?.modified().ok())
            .collect()
    }

    /// The directory of the archive that files come into: `AAAA/MM/JJ`.
    fn latest_day(&self) -> PathBuf {
        let latest = |dir: &Path| {
            fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).max()
        };
        (0..3).fold(self.data.join("archive"), |dir, _| latest(&dir).unwrap_or(dir))
    }
}
