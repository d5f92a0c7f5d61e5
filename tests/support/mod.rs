//! Helpers shared by the tests.
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test program uses its part")]

pub mod broker;
pub mod cut;
pub mod databases;
pub mod files;
pub mod gateway;
pub mod half_done;
pub mod load;
pub mod proof;
pub mod proxy;
pub mod raw;
pub mod relay;
pub mod samples;
pub mod servers;
pub mod story;
pub mod wait;

/// Returns whether the long matrices run in full, as `./test --long` asks for.
pub fn is_long() -> bool {
    std::env::var("NOEMIE_TEST_LONG").is_ok_and(|value| value != "0")
}
