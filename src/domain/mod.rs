//! What the service talks about: exchanges, claims and their parts, events, decisions. Plain
//! values, no I/O.

pub mod calendar;
pub mod caller;
pub mod civil_time;
pub mod claim;
mod clock;
pub mod event;
pub mod exchange;
pub mod free_text;
pub mod ids;
pub mod life_cycle;
pub mod masking;
pub mod next_step;
pub mod page;
pub mod receipt;

pub use calendar::{Calendar, Territory};
pub use caller::{Caller, Extent, Proof, Role, Scope};
pub use claim::{
    Claim, ClaimLine, ClaimPart, ClaimStatus, Flow, NewClaim, PartKind, PartState, Reason,
};
pub use clock::{Clock, SharedClock};
pub use event::ClaimEvent;
pub use exchange::{
    Channel, Exchange, Ledger, Quarantined, ReturnFile, ReturnKind, UnmatchedReturn,
    UnwrittenInvoice,
};
pub use free_text::{FreeText, IdempotencyKey, Reference, RefusedText};
pub use ids::{ClaimId, EventId, ExchangeId, InvoiceKey, ReturnId, Token};
// Types of the crate that reads files: the service has no second copy of them.
pub use noemie_parsers::anomaly::Severity;
pub use noemie_parsers::outcome::{Finding, FindingCode, LogicalFile, Norm, Packaging, Verdict};
pub use page::{Page, PageToken};
