//! Helpers shared by the tests of several files.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

pub mod databases;
pub mod samples;
