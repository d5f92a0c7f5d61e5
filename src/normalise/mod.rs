//! Translates records of a file into values of the domain: an invoice becomes a claim, a return
//! becomes outcomes of parts.
//!
//! The caller gives identifiers, instants and the vault. The only I/O is the reading of an archived
//! file, which `ingest` and `verify` share, so that both see the same invoices.

mod answer;
mod archived;
mod context;
mod invoice;
mod notice;
mod outcome;
mod transfer;

pub(crate) use answer::{Answer, NamedLot};
pub(crate) use archived::{ALREADY_PAID, ALREADY_RECEIVED, ReadInvoice, read_invoices, reasons};
pub use archived::{UnjudgedInvoice, is_duplicate, read_unjudged};
pub use context::DepositContext;
pub use invoice::{Origin, claim, identity_token};
pub use outcome::{ReturnSource, identities, outcomes, person};
pub(crate) use transfer::{Told, TransferReader, read_told};
