//! Helpers shared by the tests of several files.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod databases;
pub mod samples;
