//! The gRPC edge: check, ask, convert. The edge decides nothing, and its answers hold no internal
//! error text.
//!
//! ```text
//! request ─► check (every wrong field at once) ─► service ─► convert ─► answer
//!                                                    └─ failure ─► errors (code, reason, id)
//! ```
//!
//! tonic and prost are used in this folder only. The folder knows neither store, vault nor archive.

mod caller;
mod calls;
mod check;
mod claim_work;
pub mod codec;
mod conventionnement;
mod convert;
mod decision;
mod dre_filter;
mod dre_status;
mod errors;
mod exchange;
mod held_attempts;
mod methods;
pub mod proto;
mod request_body;
mod return_match;
mod server;
mod stream;
mod transfers;
mod upload;

pub use server::{ServeError, serve};

use crate::clock::SharedClock;
use crate::domain::{FilterDigest, ResumeToken};
use crate::service::Service;
use crate::service::events::Start;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// `domain` of every `google.rpc.ErrorInfo` of this service.
pub const ERROR_DOMAIN: &str = "noemie-gateway";
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
    /// Time without a message after which a stream says how far it is.
    heartbeat: Duration,
}

impl Edge {
    /// Returns the token after which a stream with this filter continues.
    async fn resume(
        &self,
        start: Start,
        filter: FilterDigest,
    ) -> Result<ResumeToken, tonic::Status> {
        let resumed = self.service.events.resume(start, filter).await;
        resumed.map_err(|e| errors::of_resume(self.clock.as_ref(), &e))
    }

    /// Returns an instant of the recent past as streams show it.
    fn instant(&self, past: Instant) -> prost_types::Timestamp {
        convert::timestamp(self.clock.now() - past.elapsed())
    }

    /// Logs a failure and returns its status, which names no cause.
    fn internal(&self, failure: impl std::error::Error + 'static) -> tonic::Status {
        errors::internal(self.clock.as_ref(), &failure)
    }
}
