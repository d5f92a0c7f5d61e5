//! Types of the gateway: exchanges, claims and their parts, events, callers, days of Paris. The
//! room does no I/O.

pub mod actor;
pub mod caisse;
pub mod calendar;
pub mod caller;
pub mod civil_time;
pub mod claim;
mod clock;
pub(crate) mod codes;
mod day_text;
pub mod decision;
pub mod event;
pub mod exchange;
pub mod file_name;
pub mod filter_digest;
pub mod free_text;
pub mod held_attempt;
pub mod hold;
pub(crate) mod identifier;
pub mod ids;
pub mod installation_event;
pub mod lane;
pub mod life_cycle;
pub mod masking;
pub mod money;
pub mod near_match;
pub mod next_step;
pub mod page;
pub mod part;
pub mod reason_codes;
pub mod receipt;
pub mod resume_token;
pub mod sender;
pub mod subject;
pub mod unmatched_return;
pub mod witness;

pub use actor::{Actor, FactSource};
pub use caisse::Caisse;
pub use calendar::{Calendar, Territory};
pub use caller::{Caller, Extent, Proof, Role, Scope};
pub use claim::{Claim, ClaimLine, ClaimPart, Flow, NewClaim};
pub use clock::{Clock, SharedClock};
pub use decision::{DecisionAuthor, DecisionCode, RecordedDecision};
pub use event::ClaimEvent;
pub use exchange::{
    Channel, Exchange, Ledger, Quarantined, ReturnFile, ReturnKind, UnwrittenInvoice,
};
pub use file_name::FileName;
pub use filter_digest::FilterDigest;
pub use free_text::{FilterText, FreeText, IdempotencyKey, Reference, RefusedText};
pub use held_attempt::{HeldAttempt, HoldDecision, HoldResolution};
pub use hold::Hold;
pub use ids::{
    ClaimId, DecisionId, EventId, ExchangeId, InvoiceKey, KeyId, MatchId, ReturnId, Token,
    TransferId,
};
pub use installation_event::InstallationEvent;
pub use lane::Lane;
pub use life_cycle::{ClaimStatus, PartState};
pub use money::{
    Balance, BankTransfer, Flag, FlatDetail, GapReason, ItemPlace, ItemsDigest, Outcome,
    OutcomeKind, OutcomeSource, Telling, ToldTransfer, Transfer, TransferEntry, TransferFlag,
    TransferItem, TransferItemKind, TransferKey, TransferPart, TransferState,
};
// The types of the parsers serve the whole gateway, so that no type exists twice.
pub use noemie_parsers::anomaly::Severity;
pub use noemie_parsers::codes::family::RejectFamily;
pub use noemie_parsers::outcome::{Finding, FindingCode, LogicalFile, Norm, Packaging, Verdict};
pub use page::{BoundPageToken, Page, PageToken};
pub use part::{PartKind, Reason};
pub use reason_codes::ReasonCodes;
pub use resume_token::{ResumeToken, StreamOrigin};
pub use sender::Sender;
pub use subject::{Subject, SubjectKind};
pub use unmatched_return::{AnswerPlace, KeptReturn, RecordedMatch, UnmatchedReturn};
pub use witness::WitnessLine;
