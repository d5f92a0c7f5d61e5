//! Translates records of a file into values of the domain: an invoice becomes a claim, a return
//! becomes outcomes of parts.
//!
//! The functions are pure: the caller gives identifiers, instants and the vault.

mod invoice;
mod outcome;

pub use invoice::{Origin, claim, identity_token};
pub use outcome::{Outcome, identities, outcomes};
