//! From what a file says to what the service talks about: an invoice becomes a claim, a return
//! becomes changes of parts.
//!
//! Pure: the caller gives identifiers, instants and the vault. Nothing here reads or writes
//! anything.

mod invoice;
mod outcome;

pub use invoice::{Context, claim, identity_token};
pub use outcome::{Outcome, identities, outcomes};
