//! How long to wait after failures.

use std::time::Duration;

/// After the first failure: most cuts are over at once.
const FIRST: Duration = Duration::from_millis(100);
/// At most: an hour's outage ends within half a minute of the broker's return, and costs the broker
/// two calls a minute and replica.
const LONGEST: Duration = Duration::from_secs(30);

/// Doubles with each failure in a row, and is spread over its upper half by `random`, so that
/// replicas do not come back together.
pub(super) fn delay(failures: u32, random: u64) -> Duration {
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST);
    let spread = u32::try_from(random % 1_000).unwrap_or_default();
    doubled / 2 + doubled / 2 * spread / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_its_limit_and_is_never_nothing() {
        for random in [0, 1, 999, 1_000, u64::MAX] {
            assert!((FIRST / 2..=FIRST).contains(&delay(1, random)));
            assert!((FIRST..=FIRST * 2).contains(&delay(2, random)));
            for failures in [0, 20, 1_000, u32::MAX] {
                assert!((FIRST / 2..=LONGEST).contains(&delay(failures, random)), "{failures}");
            }
            assert!(delay(u32::MAX, random) >= LONGEST / 2);
        }
        assert_ne!(delay(5, 1), delay(5, 500));
    }
}
