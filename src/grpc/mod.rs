//! The gRPC edge: check, ask, convert. The edge decides nothing, and its answers hold no internal
//! error text.
//!
//! ```text
//! request ─► check (every wrong field at once) ─► service ─► convert ─► answer
//!                                                    └─ failure ─► errors (code, reason, id)
//! ```
//!
//! tonic and prost are used in this folder only. The folder knows neither store, vault nor archive.

mod accept;
mod caller;
mod check;
mod claim_work;
pub mod codec;
mod conventionnement;
mod convert;
mod decision;
mod dre_status;
mod errors;
mod exchange;
pub mod proto;
mod server;
mod stream;
mod upload;

pub use server::{ServeError, serve};

use crate::clock::SharedClock;
use crate::service::Service;
use tokio_util::sync::CancellationToken;

/// `domain` of every `google.rpc.ErrorInfo` of this service.
pub const ERROR_DOMAIN: &str = "noemie-gateway";
/// Largest request message, bytes: files come in chunks, and no other request is large. The limit
/// is the default of gRPC, named.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;
/// Largest answer message, bytes: a full page of statuses or anomalies stays well below.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// Largest number of items of a batch: each item costs queries, and one call must not hold the
/// database for long.
pub const MAX_BATCH_ITEMS: usize = 100;

/// A server stream of this edge.
type Answers<T> = std::pin::Pin<Box<dyn futures::Stream<Item = Result<T, tonic::Status>> + Send>>;

/// The services that the methods ask.
#[derive(Clone)]
struct Edge {
    service: Service,
    /// Gives identifiers to internal errors.
    clock: SharedClock,
    /// Cancelled when the gateway stops: server streams end.
    stopping: CancellationToken,
}

impl Edge {
    /// Logs a failure and returns its status, which names no cause.
    fn internal(&self, failure: impl std::error::Error + 'static) -> tonic::Status {
        errors::internal(self.clock.as_ref(), &failure)
    }
}
