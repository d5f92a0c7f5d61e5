//! Forms in which the outcome of a file is reported, stored and exchanged: findings, verdict, norm,
//! packaging and logical files.
//!
//! A reader gives [`Anomaly`](crate::anomaly::Anomaly) and [`Norme`](crate::detect::Norme); programs
//! that report or store keep these forms, whose codes are stable.

mod finding;
mod logical_file;
mod norm;
mod verdict;

pub use finding::{ALREADY_RECEIVED, Finding, FindingCode};
pub use logical_file::LogicalFile;
pub use norm::{Norm, Packaging};
pub use verdict::Verdict;
