//! Money of a claim: the outcomes that payers and workers state about a part, the movements that
//! follow from them, and the state, sum and flags of the part.
//!
//! ```text
//! outcomes (only added) ─┬─► decisions, in the order of their days ─┐
//!                        └─► movements, each told once or more ─────┴─► position of the part
//! ```
//!
//! [`position`](position::position) is a pure function of sets: the order in which outcomes arrive
//! changes nothing. Decisions belong to the part of one attempt, movements to the part of the
//! invoice, whichever attempt they name.

pub mod decision_order;
pub mod flag;
pub mod items_digest;
pub mod movement;
pub mod outcome;
pub mod position;
pub mod transfer;
pub mod transfer_item;

pub use flag::{Flag, GapReason};
pub use items_digest::ItemsDigest;
pub use movement::{Movement, movements};
pub use outcome::{Outcome, OutcomeKind, OutcomeSource, Transfer};
pub use position::{Asked, Position, Standing, position};
pub use transfer::{
    Balance, BankTransfer, Telling, ToldTransfer, TransferFlag, TransferKey, TransferState, balance,
};
pub use transfer_item::{
    FlatDetail, ItemPlace, TransferEntry, TransferItem, TransferItemKind, TransferPart,
};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod transfer_tests;
