//! Decides which failures of a repeated attempt get a line in the log: the first of an outage, each
//! new text, and a reminder at a growing interval. An attempt that fails every second must neither
//! fill the log nor fall silent.

use std::time::Duration;
use tokio::time::Instant;

/// Time from the first line of an outage to its first reminder; each later interval is twice as
/// long.
const FIRST_REMINDER: Duration = Duration::from_secs(60);
/// Longest time between two reminders.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3_600);
/// Number of different texts of one outage that get a line of their own.
const MAX_TEXTS: usize = 8;

/// Log state of one repeated attempt.
#[derive(Debug, Default)]
pub struct FailureLog(Option<Outage>);

#[derive(Debug)]
struct Outage {
    since: Instant,
    texts: Vec<String>,
    next_reminder: Instant,
    interval: Duration,
}

impl FailureLog {
    /// Records a failure. Returns the time since the first failure of the outage when the failure
    /// is to be logged.
    pub fn failed(&mut self, text: &str) -> Option<Duration> {
        self.failed_at(text, Instant::now())
    }

    fn failed_at(&mut self, text: &str, now: Instant) -> Option<Duration> {
        let outage = self.0.get_or_insert_with(|| Outage {
            since: now,
            texts: Vec::new(),
            next_reminder: now + FIRST_REMINDER,
            interval: FIRST_REMINDER,
        });
        let lasted = now - outage.since;
        if outage.texts.len() < MAX_TEXTS && !outage.texts.iter().any(|known| known == text) {
            outage.texts.push(text.to_owned());
            return Some(lasted);
        }
        if now < outage.next_reminder {
            return None;
        }
        outage.interval = (outage.interval * 2).min(LONGEST_INTERVAL);
        outage.next_reminder = now + outage.interval;
        Some(lasted)
    }

    /// Records a success. Returns the length of the outage that it ends.
    pub fn works(&mut self) -> Option<Duration> {
        self.0.take().map(|outage| outage.since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_logged_once_and_then_at_growing_intervals() {
        let (mut log, start) = (FailureLog::default(), Instant::now());
        // Two texts that alternate are two facts, not one a second.
        let text = |second: u64| if second.is_multiple_of(2) { "refused" } else { "no answer" };
        let mut at = |second| log.failed_at(text(second), start + Duration::from_secs(second));
        let lines: Vec<u64> = (0..600).filter(|second| at(*second).is_some()).collect();
        assert_eq!(lines, [0, 1, 60, 180, 420]);
        assert!(log.works().is_some());
        assert_eq!(log.works(), None);
        assert!(log.failed("refused").is_some(), "a failure after a success is new");
    }
}
