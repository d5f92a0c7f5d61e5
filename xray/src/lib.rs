#![doc = include_str!("../README.md")]

mod choice;
mod decode;
mod examination;
mod examine;
pub mod html;
mod locate;
mod marks;
mod mask;
mod pass;
mod records_digest;
mod repeats;
mod report;
mod sheet;
pub mod text;
mod xray;

pub use choice::{Choice, FAULTY_MAX, FIRST};
pub use examination::Examination;
pub use examine::{Source, examine, examine_at, examine_deposit, recognise, validate};
pub use report::{Assumption, MAX_LISTED_FINDINGS, Report, ReturnSums};
pub use sheet::{Fault, Field, Sheet};
pub use xray::{Options, Xray};
