//! Counts and logs what a limit refused or ended.

use metrics::{counter, describe_counter};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::warn;

/// Counter of what limits refused or ended, by limit.
const EXCEEDED: &str = "noemie_limit_exceeded_total";
/// Time between two lines of the log about one limit: an attack must not fill the disk.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Counts each refusal, and logs one a minute for each limit.
#[derive(Debug, Default)]
pub struct Refusals {
    logged: Mutex<HashMap<&'static str, Instant>>,
}

impl Refusals {
    /// Describes the counter.
    pub fn describe_metrics() {
        describe_counter!(
            EXCEEDED,
            "Connections and calls that a limit of the table in docs/operations.md refused or ended"
        );
    }

    /// Notes that a peer exceeded a limit.
    pub fn note(&self, limit: &'static str, peer: IpAddr) {
        counter!(EXCEEDED, "limit" => limit).increment(1);
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.get(limit).is_none_or(|last| last.elapsed() >= LOG_INTERVAL) {
            logged.insert(limit, Instant::now());
            warn!(
                limit, %peer,
                "a caller exceeded a limit and was refused or cut; further cases within a minute \
                 are only counted (noemie_limit_exceeded_total)"
            );
        }
    }
}
