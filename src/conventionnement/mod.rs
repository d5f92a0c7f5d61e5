//! Answers whether a professional has a convention with an AMC, for a domain and a day, and shows
//! the professional's entry in the register of establishments (FINESS).
//!
//! ```text
//! FINESS extract ──► finess_import ────┐
//!                      lines, *_row    ├─► store::conventions ─► lookup ─► choice ─► wording
//! conventions CSV ─► convention_import ┘                         └► special_amc (before a search)
//! ```
//!
//! Promises: an import is applied whole or changes nothing, and names every fault; an answer names
//! the number under which the convention was found, the reason, and the age of the register. Must
//! not know: SQL, gRPC, claims.

mod answer;
mod choice;
mod convention_import;
mod convention_row;
mod dates;
mod facts;
mod finess_import;
mod finess_row;
mod import;
mod lines;
mod lookup;
mod problem;
mod query;
mod special_amc;
mod tables;
mod warnings;
mod wording;

pub use crate::store::conventions::{
    ConventionDiff, ConventionRow, ConventionState, EstablishmentRow, RegisterDiff,
};
pub use answer::{Answer, LookupAnswer, MatchedBy, RegisterState};
pub use convention_import::{ConventionImport, ConventionOutcome};
pub use finess_import::{FinessImport, FinessOutcome};
pub use import::ImportError;
pub use lines::Encoding;
pub use problem::{MAX_PROBLEMS_KEPT, Problem, Problems};
pub use query::{ANY_DOMAIN, LookupError, LookupQuery, WrongField};
pub use tables::{Conventionnement, DEFAULT_MAX_LOSS_PERCENT};
