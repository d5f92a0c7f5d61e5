//! The body of a request, held to the size of its messages and to the time of its arrival.
//!
//! A message that announces more bytes than its method takes is refused when its length is read:
//! tonic would reserve memory for the whole message at once.

use super::errors::with_reason;
use super::methods::Method;
use crate::connections::Refusals;
use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use tonic::{Code, Status};

/// Bytes before each message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// A request body within its limits; past one, the body ends with the status for the caller.
pub(super) struct RequestBody {
    inner: Body,
    messages: Messages,
    /// Timer of a request that is one message; `None` for a stream of messages.
    deadline: Option<Pin<Box<Sleep>>>,
    receive_timeout: Duration,
    refusals: Arc<Refusals>,
    peer: IpAddr,
}

impl RequestBody {
    pub(super) fn new(
        inner: Body,
        method: Method,
        receive_timeout: Duration,
        refusals: Arc<Refusals>,
        peer: IpAddr,
    ) -> Self {
        let deadline = (!method.takes_stream).then(|| Box::pin(sleep(receive_timeout)));
        let messages = Messages::new(method.max_message_bytes);
        Self { inner, messages, deadline, receive_timeout, refusals, peer }
    }

    fn too_slow(&mut self) -> Status {
        self.deadline = None;
        self.refusals.note("receive", self.peer);
        with_reason(
            Code::DeadlineExceeded,
            "request_too_slow",
            format!("the request did not arrive within {:?}", self.receive_timeout),
        )
    }

    fn too_large(&self) -> Status {
        self.refusals.note("message_bytes", self.peer);
        with_reason(
            Code::ResourceExhausted,
            "message_too_large",
            format!("a message of this method has at most {} bytes", self.messages.max_bytes),
        )
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.deadline.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Some(Err(self.too_slow().into())));
        }
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
            && !self.messages.take(data)
        {
            return Poll::Ready(Some(Err(self.too_large().into())));
        }
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Reads the lengths of the messages of a body.
struct Messages {
    max_bytes: usize,
    prefix: [u8; PREFIX_BYTES],
    /// Bytes of `prefix` that are read.
    read: usize,
    /// Bytes of the current message that are still to come.
    left: usize,
}

impl Messages {
    const fn new(max_bytes: usize) -> Self {
        Self { max_bytes, prefix: [0; PREFIX_BYTES], read: 0, left: 0 }
    }

    /// Takes the next bytes of the body; returns false once a message is longer than the limit.
    fn take(&mut self, mut data: &[u8]) -> bool {
        while !data.is_empty() {
            if self.left > 0 {
                let taken = self.left.min(data.len());
                (self.left, data) = (self.left - taken, &data[taken..]);
                continue;
            }
            let taken = (PREFIX_BYTES - self.read).min(data.len());
            self.prefix[self.read..self.read + taken].copy_from_slice(&data[..taken]);
            (self.read, data) = (self.read + taken, &data[taken..]);
            if self.read == PREFIX_BYTES {
                let [_, length @ ..] = self.prefix;
                let Ok(length) = usize::try_from(u32::from_be_bytes(length)) else { return false };
                if length > self.max_bytes {
                    return false;
                }
                (self.read, self.left) = (0, length);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of `length` bytes behind its prefix.
    fn message(length: u32) -> Vec<u8> {
        let content = vec![7; usize::try_from(length).expect("small")];
        [&[0], length.to_be_bytes().as_slice(), &content].concat()
    }

    #[test]
    fn lengths_are_read_wherever_the_body_is_cut() {
        let body = [message(3), message(0), message(8), message(9)].concat();
        for size in 1..body.len() {
            let mut messages = Messages::new(8);
            let mut taken = 0;
            for piece in body.chunks(size) {
                taken += piece.len();
                if !messages.take(piece) {
                    break;
                }
                assert!(taken < body.len() - 9, "the last length went by, pieces of {size}");
            }
            assert!(taken < body.len() || size > 9, "pieces of {size}: refused late");
        }
    }
}
