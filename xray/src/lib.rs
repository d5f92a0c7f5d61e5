#![doc = include_str!("../README.md")]

mod choice;
mod coded;
mod decode;
mod examine;
mod finding;
pub mod html;
mod locate;
mod mask;
mod nir;
mod norm;
mod pass;
mod report;
mod sheet;
pub mod text;
mod verdict;
mod xray;

pub use choice::{Choice, FAULTY_MAX, FIRST};
pub use examine::{Examination, LogicalFile, Source, examine, examine_at, recognise, validate};
pub use finding::{Finding, FindingCode, Severity};
pub use norm::{Norm, Packaging};
pub use report::{Assumption, LONGEST_LIST, Report, ReturnSums};
pub use sheet::{Fault, Field, Sheet};
pub use verdict::Verdict;
pub use xray::{Options, Xray};
