//! An accepted connection, which ends by itself when its peer is too slow or too silent.

use super::{Permit, Refusals};
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Length of the first bytes of an HTTP/2 connection.
const PREFACE_BYTES: usize = 24;

/// Duties of a peer, each with its time limit.
#[derive(Debug, Clone)]
pub enum Rules {
    /// HTTP/2: the preface arrives in time. The rest is watched by pings of the server.
    Preface {
        /// Time for the preface.
        timeout: Duration,
    },
    /// HTTP/1: each request arrives in time and is small, and the next one comes in time.
    Requests {
        /// Time for a request, from the connection or from its first byte.
        timeout: Duration,
        /// Time without a request.
        idle: Duration,
        /// Largest request, bytes.
        max_bytes: usize,
    },
}

/// The peer of a connection, and the token that closes the connection at once.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Address of the peer.
    pub address: IpAddr,
    /// Token of the connection: cancelled, it closes it.
    pub closer: CancellationToken,
}

/// A connection within the limits of its listener.
pub struct Connection {
    socket: TcpStream,
    peer: Peer,
    rules: Rules,
    refusals: Arc<Refusals>,
    /// Bytes read since the connection was accepted or, of HTTP/1, since the last answer.
    read: usize,
    /// Timer of the current wait; `None` when nothing is awaited.
    deadline: Option<Pin<Box<Sleep>>>,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Counts the connection until it is dropped.
    _permit: Permit,
}

impl Connection {
    pub(super) fn new(
        socket: TcpStream,
        address: IpAddr,
        permit: Permit,
        rules: Rules,
        refusals: Arc<Refusals>,
    ) -> Self {
        let (Rules::Preface { timeout } | Rules::Requests { timeout, .. }) = rules;
        let peer = Peer { address, closer: CancellationToken::new() };
        let closed = Box::pin(peer.closer.clone().cancelled_owned());
        let deadline = Some(Box::pin(sleep(timeout)));
        Self { socket, peer, rules, refusals, read: 0, deadline, closed, _permit: permit }
    }

    /// Returns the peer.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Fails once the deadline is past or the connection was closed.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.closed.as_mut().poll(cx).is_ready() {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        if self.deadline.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready()) {
            self.refusals.note(
                match self.rules {
                    Rules::Preface { .. } => "handshake",
                    Rules::Requests { .. } => "admin_timeout",
                },
                self.peer.address,
            );
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    /// Notes bytes that the peer sent.
    fn received(&mut self, bytes: usize) -> io::Result<()> {
        let is_first = self.read == 0;
        self.read = self.read.saturating_add(bytes);
        match self.rules {
            Rules::Preface { .. } if self.read >= PREFACE_BYTES => self.deadline = None,
            Rules::Preface { .. } => {}
            Rules::Requests { max_bytes, .. } if self.read > max_bytes => {
                self.refusals.note("admin_request_bytes", self.peer.address);
                return Err(ErrorKind::InvalidData.into());
            }
            Rules::Requests { timeout, .. } => {
                if is_first && bytes > 0 {
                    self.set_deadline(timeout);
                }
            }
        }
        Ok(())
    }

    /// Notes that a part of an answer was sent: the next request may come.
    fn sent(&mut self) {
        if let Rules::Requests { idle, .. } = self.rules {
            self.read = 0;
            self.set_deadline(idle);
        }
    }

    fn set_deadline(&mut self, wait: Duration) {
        if let Some(timer) = &mut self.deadline {
            timer.as_mut().reset(Instant::now() + wait);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = polled {
            self.received(buf.filled().len() - before)?;
        }
        polled
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let polled = Pin::new(&mut self.socket).poll_write(cx, buf);
        if let Poll::Ready(Ok(_)) = polled {
            self.sent();
        }
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let polled = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        if let Poll::Ready(Ok(_)) = polled {
            self.sent();
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
