//! The store: claims, exchanges, events, files and journals in a database. Each noun has a file
//! with its types, its reading trait and its writing trait. SQLite and PostgreSQL implement the
//! traits, and one conformance suite (`tests/it/store_conformance.rs`) holds both.
//!
//! A change is one transaction ([`UnitOfWork`]): its rows become visible at [`UnitOfWork::commit`]
//! or not at all. The SQL of both databases stands in `shared/`, compiled once for each over the
//! prelude `db.rs` of the database; statements that differ stand in `sqlite/` and `postgres/`.
//! Readings that an edge may reach take a [`Scope`](crate::domain::Scope). The store does not know
//! which transitions of a claim are legal, how a file is read, or how an event travels.

#![expect(
    clippy::duplicate_mod,
    reason = "SQL shared by both databases stands in one file, which is compiled for each"
)]

mod access_journal;
mod claim_columns;
mod claims;
mod codec;
mod connections;
mod consistency;
pub mod conventions;
mod decisions;
mod drop_leases;
mod error;
mod events;
mod exchange_rows;
mod exchanges;
mod health;
mod held_attempts;
mod installation;
mod installation_events;
mod journal;
mod journal_chains;
mod lease;
#[cfg(test)]
mod listing_plan_tests;
mod live;
mod open;
mod operations_journal;
mod outbox;
mod outcomes;
mod placed_marks;
pub mod postgres;
mod quarantine;
mod receipt_chain;
mod resends;
mod return_files;
mod rows;
mod schema;
mod server;
pub mod sqlite;
mod staged_deposits;
mod staged_rows;
mod stored_invoices;
mod transaction_guard;
mod transactions;
mod transfer_rows;
mod transfers;
mod unmatched_returns;
mod visible;
mod wake;

pub use crate::domain::{NewClaim, UnmatchedReturn};
pub use access_journal::AccessJournalWrites;
pub use claims::{ClaimFilter, ClaimWrites, Claims, FlagFilter, PartChange};
pub use consistency::{BrokenRule, Consistency, Rule};
pub use decisions::{DecisionWrites, Decisions};
pub use drop_leases::DropLeases;
pub use error::StoreError;
pub use events::{Events, PublishedEvent, StreamPage, event_fields};
pub use exchanges::{Closing, ExchangeWrites, Exchanges};
pub use health::{Health, LEDGERS_UNBALANCED, OutboxDepth, StoreFigures};
pub use held_attempts::{HeldAttemptWrites, HeldAttempts, StoredHold};
pub use installation::{Confirmed, Installation, Installations, SinkMark};
pub use installation_events::InstallationEvents;
pub use journal::{Author, Journal};
pub use journal_chains::{
    ChainedJournal, ChainedRow, JournalChains, JournalContent, JournalLink, Sealer, signed,
};
pub use lease::Lease;
pub use open::Database;
pub use operations_journal::{OperationStep, OperationsJournal, Stage};
pub use outbox::{Outbox, OutboxEvent, OutboxWrites};
pub use outcomes::{LateMatch, OutcomeWrites, Outcomes, outcome_fields};
pub use placed_marks::{Place, PlacedMark, PlacedMarks};
pub use quarantine::{Quarantine, QuarantineWrites};
pub use receipt_chain::{ChainLink, ChainTip, NewLink, ReceiptChain, SignLink};
pub use resends::{PublishedPlace, RESEND, ResendFilter, ResendStep, Resends};
pub use return_files::{ReturnFileWrites, ReturnFiles};
pub use schema::{Schema, SchemaRange};
pub use staged_deposits::{
    OpenDeposit, RemovedRows, StagedDeposit, StagedDepositWrites, StagedDeposits, StagedProgress,
    Withdrawal,
};
pub use stored_invoices::{
    PartMarks, RejectReport, StoredEvent, StoredInvoice, StoredInvoices, StoredOutcome,
    is_quarantined_copy,
};
pub use transactions::{Transactions, UnitOfWork};
pub use transfer_rows::stored_told;
pub use transfers::{StoredTransfer, TransferFilter, TransferWrites, Transfers};
pub use unmatched_returns::{UnmatchedFilter, UnmatchedReturnWrites, UnmatchedReturns};
pub use wake::{Occasion, Waiter};

use std::sync::Arc;

/// The whole store. A room that needs one noun takes the trait of that noun instead: the relay
/// takes [`Outbox`] and cannot read claims.
pub trait Store:
    Schema
    + Health
    + Installations
    + InstallationEvents
    + PlacedMarks
    + Transactions
    + Exchanges
    + StagedDeposits
    + DropLeases
    + StoredInvoices
    + Claims
    + Outcomes
    + HeldAttempts
    + Transfers
    + UnmatchedReturns
    + Quarantine
    + Decisions
    + Events
    + Outbox
    + Resends
    + ReturnFiles
    + ReceiptChain
    + OperationsJournal
    + Consistency
    + JournalChains
{
}

impl<T> Store for T where
    T: Schema
        + Health
        + Installations
        + InstallationEvents
        + PlacedMarks
        + Transactions
        + Exchanges
        + StagedDeposits
        + DropLeases
        + StoredInvoices
        + Claims
        + Outcomes
        + HeldAttempts
        + Transfers
        + UnmatchedReturns
        + Quarantine
        + Decisions
        + Events
        + Outbox
        + Resends
        + ReturnFiles
        + ReceiptChain
        + OperationsJournal
        + Consistency
        + JournalChains
{
}

/// The whole store, shared.
pub type SharedStore = Arc<dyn Store>;
/// The outbox, shared: all that the relay sees of the store.
pub type SharedOutbox = Arc<dyn Outbox>;
/// Health and figures, shared: all that the admin port sees of the store.
pub type SharedHealth = Arc<dyn Health>;
/// The journal of operations, shared.
pub type SharedOperationsJournal = Arc<dyn OperationsJournal>;
