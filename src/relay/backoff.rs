//! Backoff of the relay after failures.

use std::time::Duration;

/// Delay after the first failure. Most interruptions are over at once.
const MIN_DELAY: Duration = Duration::from_millis(100);
/// Longest delay. Publishing resumes within half a minute after an outage, and each replica calls
/// the broker twice a minute during one.
const MAX_DELAY: Duration = Duration::from_secs(30);

/// Returns the delay before the next attempt. The delay doubles with each consecutive failure, and
/// `random` spreads it over its upper half, so that replicas do not retry together.
#[must_use]
pub fn delay(failures: u32, random: u64) -> Duration {
    let doubled = MIN_DELAY.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(MAX_DELAY);
    let spread = u32::try_from(random % 1_000).unwrap_or_default();
    doubled / 2 + doubled / 2 * spread / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_to_its_limit_and_is_never_zero() {
        for random in [0, 1, 999, 1_000, u64::MAX] {
            assert!((MIN_DELAY / 2..=MIN_DELAY).contains(&delay(1, random)));
            assert!((MIN_DELAY..=MIN_DELAY * 2).contains(&delay(2, random)));
            for failures in [0, 20, 1_000, u32::MAX] {
                assert!(
                    (MIN_DELAY / 2..=MAX_DELAY).contains(&delay(failures, random)),
                    "{failures}"
                );
            }
            assert!(delay(u32::MAX, random) >= MAX_DELAY / 2);
        }
        assert_ne!(delay(5, 1), delay(5, 500));
    }
}
