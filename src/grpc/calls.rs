//! Holds each call to the limits: calls and streams of one address, size and time of the request,
//! and a reader of the answer that goes on.

use super::errors::with_reason;
use super::methods::Method;
use super::request_body::RequestBody;
use crate::connections::{Admission, Connection, Full, Peer, Permit, Refusals};
use crate::limits::{GrpcLimits, MAX_CALLS};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;
use tonic::transport::server::Connected;
use tonic::{Code, Status};

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer().clone()
    }
}

/// The calls in flight.
pub(super) struct Calls {
    calls: Arc<Admission>,
    streams: Arc<Admission>,
    uploads: Arc<Admission>,
    limits: GrpcLimits,
    refusals: Arc<Refusals>,
    /// Answers that are being sent, by a number of their own.
    answers: Mutex<HashMap<u64, Answer>>,
    next_answer: AtomicU64,
}

/// An answer that is being sent.
struct Answer {
    peer: Peer,
    /// Instant at which the last part was handed to the transport; `None` while the transport waits
    /// for the next part.
    sending_since: Option<Instant>,
}

impl Calls {
    pub(super) fn new(limits: GrpcLimits, refusals: Arc<Refusals>) -> Arc<Self> {
        Arc::new(Self {
            calls: Admission::new(MAX_CALLS, limits.calls_per_peer),
            streams: Admission::new(MAX_CALLS, limits.streams_per_peer),
            uploads: Admission::new(MAX_CALLS, limits.uploads_per_peer),
            limits,
            refusals,
            answers: Mutex::default(),
            next_answer: AtomicU64::new(0),
        })
    }

    /// Returns the permits of a call, or the status that refuses it.
    fn admit(&self, peer: IpAddr, method: Method) -> Result<Vec<Permit>, Status> {
        let refused = |limit: &'static str, reason: &'static str, message: String| {
            self.refusals.note(limit, peer);
            with_reason(Code::ResourceExhausted, reason, message)
        };
        let too_many = |limit, message| refused(limit, "too_many_calls", message);
        let limits = &self.limits;
        let call = self.calls.admit(peer).map_err(|full| match full {
            Full::All => too_many(
                "calls",
                format!("{MAX_CALLS} calls are in flight, which is the limit: try again later"),
            ),
            Full::Peer => too_many(
                "calls_per_peer",
                format!(
                    "{} calls of this address are in flight, which is the limit \
                     (max_calls_per_peer): end some, or try again later",
                    limits.calls_per_peer
                ),
            ),
        })?;
        let mut permits = vec![call];
        if method.gives_stream {
            permits.push(self.streams.admit(peer).map_err(|_| {
                too_many(
                    "streams_per_peer",
                    format!(
                        "{} streams of this address are open, which is the limit \
                         (max_streams_per_peer): end some before opening another",
                        limits.streams_per_peer
                    ),
                )
            })?);
        }
        if method.takes_stream {
            permits.push(self.uploads.admit(peer).map_err(|_| {
                refused(
                    "uploads_per_peer",
                    "too_many_uploads",
                    format!(
                        "{} uploads of this address are open, which is the limit \
                         (max_uploads_per_peer): end some before opening another",
                        limits.uploads_per_peer
                    ),
                )
            })?);
        }
        Ok(permits)
    }

    /// Closes the connections whose peers did not take a part of an answer in time, until the
    /// future is dropped.
    pub(super) async fn close_slow_readers(&self) -> Infallible {
        let mut checks = tokio::time::interval(self.limits.slow_reader_timeout / 10);
        loop {
            checks.tick().await;
            let is_late = |since: Instant| since.elapsed() >= self.limits.slow_reader_timeout;
            for answer in self.answers().values() {
                if answer.sending_since.is_some_and(is_late) && !answer.peer.closer.is_cancelled() {
                    self.refusals.note("slow_reader", answer.peer.address);
                    answer.peer.closer.cancel();
                }
            }
        }
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<u64, Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes a call on within the limits, or answers which limit refuses it.
pub(super) async fn limited(
    State(calls): State<Arc<Calls>>,
    request: Request,
    next: Next,
) -> Response {
    let method = Method::of(request.uri().path());
    let Some(peer) = request.extensions().get::<Peer>().cloned() else {
        return Status::internal("the connection has no address").into_http();
    };
    let permits = match calls.admit(peer.address, method) {
        Ok(permits) => permits,
        Err(refused) => return refused.into_http(),
    };
    let (receive_timeout, refusals) = (calls.limits.receive_timeout, Arc::clone(&calls.refusals));
    let request = request.map(|body| {
        Body::new(RequestBody::new(body, method, receive_timeout, refusals, peer.address))
    });
    let answer = next.run(request).await;
    answer.map(|body| Body::new(AnswerBody::new(body, calls, peer, permits)))
}

/// The body of an answer. It tells [`Calls`] how long the transport needs for each part, and
/// counts the call until it is dropped.
struct AnswerBody {
    inner: Body,
    calls: Arc<Calls>,
    number: u64,
    _permits: Vec<Permit>,
}

impl AnswerBody {
    fn new(inner: Body, calls: Arc<Calls>, peer: Peer, permits: Vec<Permit>) -> Self {
        let number = calls.next_answer.fetch_add(1, Ordering::Relaxed);
        calls.answers().insert(number, Answer { peer, sending_since: None });
        Self { inner, calls, number, _permits: permits }
    }

    fn set_sending(&self, since: Option<Instant>) {
        if let Some(answer) = self.calls.answers().get_mut(&self.number) {
            answer.sending_since = since;
        }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        self.set_sending(polled.is_ready().then(Instant::now));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.calls.answers().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_call_past_the_limit_of_all_addresses_is_refused() {
        let calls = Calls::new(GrpcLimits::default(), Arc::new(Refusals::default()));
        let peer = |number: usize| {
            let bits = u32::try_from(number).expect("a small number");
            IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | bits))
        };
        let method = Method::of("/noemie.gateway.v1.ExchangeService/ListExchanges");
        let mut open: Vec<_> =
            (0..MAX_CALLS).map(|n| calls.admit(peer(n), method).expect("there is room")).collect();
        let refused = calls.admit(peer(MAX_CALLS), method).expect_err("one too many");
        assert!(refused.message().starts_with("2048 calls are in flight"), "{refused}");
        open.pop();
        calls.admit(peer(MAX_CALLS), method).expect("one has ended");
    }
}
