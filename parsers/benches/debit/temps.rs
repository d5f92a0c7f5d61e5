//! Time of this thread on its processor: what a benchmark can still measure on a machine that
//! others use. Elsewhere than on Linux, wall time.

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

static MUR: WallTime = WallTime;

/// A [`Measurement`] in time on the processor.
pub(crate) struct TempsCpu;

/// The first number of the file is nanoseconds. The kernel brings it up to date when the thread
/// lets another one pass.
fn maintenant() -> Duration {
    static DEBUT: OnceLock<Instant> = OnceLock::new();
    std::thread::yield_now();
    let lu = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = lu.and_then(|texte| texte.split_ascii_whitespace().next()?.parse().ok());
    nanos.map_or_else(|| DEBUT.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

impl Measurement for TempsCpu {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        maintenant()
    }

    fn end(&self, debut: Duration) -> Duration {
        maintenant().saturating_sub(debut)
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        MUR.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        MUR.formatter()
    }
}
