#![doc = include_str!("../README.md")]

mod choice;
mod context;
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
mod rule;
mod sheet;
mod summary;
pub mod text;
pub mod words;
mod xray;

pub use choice::{Choice, FAULTY_MAX, FIRST, FOLDED_MAX, Role};
pub use examination::Examination;
pub use examine::{Source, examine, examine_at, examine_deposit, recognise, validate};
pub use report::{Assumption, MAX_LISTED_FINDINGS, Report, ReturnSums};
pub use sheet::{Fault, Field, Sheet};
pub use summary::{Group, LISTED_PER_CODE, Summary};
pub use xray::{Options, Xray};
