//! Helpers shared by the tests of several files.

pub mod databases;
pub mod samples;
