//! Validation of a whole file: runs the parsers over it, keeps the counts, gives the verdict. Stores nothing.

pub mod report;

pub use report::{Finding, Report};
