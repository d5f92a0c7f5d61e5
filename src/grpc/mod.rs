//! The gRPC edge: check, ask, convert. No decision is taken here, and nothing internal leaves by
//! here.
//!
//! ```text
//! request ─► ask (every wrong field at once) ─► store, intake, service::decisions, vault ─► convert ─► answer
//!                                                        └─ failure ─► errors (code, reason, id)
//! ```
//!
//! tonic and prost live in this folder only. What the edge calls and cannot name itself is a port.

mod accept;
mod ask;
mod claim_work;
mod conventionnement;
mod convert;
mod decision;
mod dre_status;
mod errors;
mod exchange;
mod follow;
mod ports;
pub mod proto;
mod server;
mod upload;

pub use errors::ERROR_DOMAIN;
pub use ports::{Chunks, Intake};
pub use server::{ServeError, routes, serve};

use crate::clock::SharedClock;
use crate::conventionnement::Conventionnement;
use crate::store::SharedStore;
use crate::vault::Vault;
use std::sync::Arc;

/// What the services work with.
#[derive(Clone)]
pub struct Services {
    /// Claims, exchanges, events.
    pub store: SharedStore,
    /// Time and identifiers.
    pub clock: SharedClock,
    /// Opens persons and return files.
    pub vault: Arc<Vault>,
    /// The door of files.
    pub intake: Arc<dyn Intake>,
    /// Register and conventions.
    pub conventionnement: Arc<Conventionnement>,
}

/// Largest message taken in, bytes: files come in chunks, so that nothing else is large. The
/// default of gRPC, named.
pub const LARGEST_REQUEST: usize = 4 * 1024 * 1024;
/// Largest message given out, bytes: a full page of statuses or anomalies stays well below.
pub const LARGEST_ANSWER: usize = 16 * 1024 * 1024;
/// Items of a batch: each costs a query, and one call must not hold the database for long.
pub const LARGEST_BATCH: usize = 100;

/// A server stream of this edge.
type Answers<T> = std::pin::Pin<Box<dyn futures::Stream<Item = Result<T, tonic::Status>> + Send>>;
