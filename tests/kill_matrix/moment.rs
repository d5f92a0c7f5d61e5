//! The moment of a random kill: some time after a sign of work, after an answer, or at any time. The
//! moments are drawn from a seed.

use super::story::Story;
use super::wait::{closely, drawn};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// Largest number of new answers that a kill waits for.
const MAX_ANSWERS: u64 = 3;
/// Largest number of signs of work that a kill waits for: about the number in a small story.
const MAX_SIGNS: u64 = 15;
/// Longest time from the last sign to the kill: about the time that a small file takes.
const MAX_DELAY_MS: u64 = 60;

/// A pseudo-random generator (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// Returns true once in `times` calls on average.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn millis(&mut self, limit: u64) -> Duration {
        Duration::from_millis(self.below(limit))
    }
}

/// The moment of a kill.
#[derive(Clone, Copy)]
pub enum Moment {
    /// Some time after so many signs of work.
    AfterSigns(u64, Duration),
    /// At once after so many answers: the gateway must not lose what it answered.
    AfterAnswers(u64),
    /// After a time, without regard to the work of the gateway.
    Timed(Duration),
    Never,
}

impl Moment {
    /// Draws a moment. One in `one_in_timed` is a time of at most `story_ms` milliseconds.
    pub fn draw(chance: &mut Chance, one_in_timed: u64, story_ms: u64) -> Self {
        match (chance.once_in(one_in_timed), chance.below(3)) {
            (true, _) => Self::Timed(chance.millis(story_ms)),
            (false, 0) => Self::AfterAnswers(1 + chance.below(MAX_ANSWERS)),
            // A file that others can see must be committed by then.
            (false, 1) => Self::AfterSigns(1 + chance.below(MAX_SIGNS), Duration::ZERO),
            (false, _) => {
                Self::AfterSigns(1 + chance.below(MAX_SIGNS), chance.millis(MAX_DELAY_MS))
            }
        }
    }

    /// Waits for the moment.
    pub async fn comes(self, mut signs: Signs) {
        match self {
            Self::AfterSigns(count, after) => {
                for _ in 0..count {
                    signs.next().await;
                }
                drawn(after).await;
            }
            Self::AfterAnswers(count) => signs.answers(count).await,
            Self::Timed(after) => drawn(after).await,
            Self::Never => std::future::pending().await,
        }
    }
}

/// Signs of work of a gateway: the answers to its story, and the modification times of its
/// directories, which change when a file in them is made, renamed or deleted.
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
        self.seen = closely(|| Some(self.times()).filter(|times| *times != self.seen)).await;
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

    /// Returns the directory of the archive that takes new files: `AAAA/MM/JJ`.
    fn latest_day(&self) -> PathBuf {
        let latest = |dir: &Path| {
            fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).max()
        };
        (0..3).fold(self.data.join("archive"), |dir, _| latest(&dir).unwrap_or(dir))
    }
}
