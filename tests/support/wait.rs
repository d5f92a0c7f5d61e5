//! Waiting for a probe: a row in the database, a file, a log line, a metric, the end of a process.
//!
//! This file holds the only sleeps of the tests. A sleep in a test is too short on a busy machine
//! and too long on every other one; a test such as "not finished after 50 ms" also passes when the
//! work has not begun. `tests/architecture.rs` fails on a sleep anywhere else.

use std::future::Future;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Limit of a wait, far above what any single wait takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Time between the first two calls of a probe. Each further interval is half as long again, up to
/// [`LONGEST_INTERVAL`]: most waits are short, and a probe may open a database connection.
const FIRST_INTERVAL: Duration = Duration::from_millis(2);
/// Longest time between two calls of a probe.
const LONGEST_INTERVAL: Duration = Duration::from_millis(50);

/// Calls the probe until it answers, and returns the answer. Panics after [`PATIENCE`].
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    probe: impl FnMut() -> F,
) -> T {
    within(PATIENCE, probe).await.unwrap_or_else(|| panic!("not within {PATIENCE:?}: {what}"))
}

/// Calls the probe until it holds. Panics after [`PATIENCE`].
pub async fn until<F: Future<Output = bool>>(what: &str, mut probe: impl FnMut() -> F) {
    eventually(what, || {
        let holds = probe();
        async { holds.await.then_some(()) }
    })
    .await;
}

/// Calls the probe until it answers, and returns the answer, or `None` after `limit`.
pub async fn within<T, F: Future<Output = Option<T>>>(
    limit: Duration,
    mut probe: impl FnMut() -> F,
) -> Option<T> {
    let (start, mut interval) = (Instant::now(), FIRST_INTERVAL);
    loop {
        if let Some(answer) = probe().await {
            return Some(answer);
        }
        if start.elapsed() >= limit {
            return None;
        }
        sleep(interval).await;
        interval = longer(interval);
    }
}

/// Calls a cheap probe at the shortest interval until it answers, without a limit: a kill must
/// follow a sign of work at once. The caller stops the wait by dropping it.
pub async fn closely<T>(mut probe: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        sleep(FIRST_INTERVAL).await;
    }
}

/// [`within`] for code that runs outside of a runtime.
pub fn within_blocking<T>(limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let (start, mut interval) = (Instant::now(), FIRST_INTERVAL);
    loop {
        if let Some(answer) = probe() {
            return Some(answer);
        }
        if start.elapsed() >= limit {
            return None;
        }
        std::thread::sleep(interval);
        interval = longer(interval);
    }
}

fn longer(interval: Duration) -> Duration {
    interval.mul_f32(1.5).min(LONGEST_INTERVAL)
}

/// Waits for a moment that was drawn at random, as a kill at an arbitrary moment needs: no probe
/// can name it.
pub async fn drawn(moment: Duration) {
    sleep(moment).await;
}

/// Waits between two files of a sender, or before a sender repeats a refused request: a sender's own
/// pace, which no test result depends on.
pub async fn pace(interval: Duration) {
    sleep(interval).await;
}
