//! Validation and X-ray of the flat files that [`noemie_parsers`] reads: norm B2 (DRE), NOEMIE
//! returns, notices of a concentrator.
//!
//! [`validate`] runs the parsers over a file and gives a [`Report`]: counts, totals, verdict, and
//! every anomaly with its record, column and offset. [`Xray`] gives the records of the file as
//! [`Sheet`]s: bytes, zones named and decoded, anomalies at their columns, persons masked; [`text`]
//! and [`html`] draw a sheet.
//!
//! The crate opens no file and reads no clock: it reads the source and writes the output that the
//! caller gives. Memory stays flat whatever the size of the file.
//!
//! ```
//! use noemie_xray::{Verdict, validate};
//!
//! let report = validate(&b"<html></html>"[..], "page.html")?;
//! assert_eq!(report.verdict, Verdict::Refused);
//! assert_eq!(report.anomalies[0].code, "P1-NON-RECONNU");
//! # Ok::<(), std::io::Error>(())
//! ```

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
pub use examine::{Examination, LogicalFile, Source, examine, recognise, validate};
pub use finding::{Finding, FindingCode, Severity};
pub use norm::{Norm, Packaging};
pub use report::{Assumption, LONGEST_LIST, Report, ReturnSums};
pub use sheet::{Fault, Field, Sheet};
pub use verdict::Verdict;
pub use xray::{Options, Xray};
