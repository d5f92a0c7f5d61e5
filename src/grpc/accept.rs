//! Accepts connections and sets their socket options.
//!
//! The stream of [`connections`] never ends and never yields an error: a failed `accept` costs one
//! connection or a pause, not the listener. Limits of connections and TLS belong in
//! [`prepare`], between the accepted socket and the HTTP/2 server.

use futures::{Stream, stream};
use metrics::{counter, describe_counter};
use socket2::{SockRef, TcpKeepalive};
use std::io::{self, ErrorKind};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, info, warn};

/// Silence after which the kernel probes a connection. HTTP/2 pings find a peer that vanished
/// sooner; the probes find one that vanished before it spoke HTTP/2.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
/// Time between two probes of the kernel.
const KEEPALIVE_PROBE: Duration = Duration::from_secs(15);
/// First pause after a failed `accept`; each further failure doubles it.
const MIN_BACKOFF: Duration = Duration::from_millis(20);
/// Longest pause, and so the longest time between a freed file descriptor and its use.
const MAX_BACKOFF: Duration = Duration::from_secs(1);

/// Counter of failed calls of `accept`, those of single connections left out.
const FAILURES: &str = "noemie_grpc_accept_failures_total";

/// Returns the accepted connections of a listener, with their socket options set.
pub(super) fn connections(listener: TcpListener) -> impl Stream<Item = io::Result<TcpStream>> {
    describe_counter!(FAILURES, "Failed attempts to accept a gRPC connection");
    counter!(FAILURES).absolute(0);
    stream::unfold(listener, |listener| async {
        let connection = next_connection(&listener).await;
        Some((Ok(connection), listener))
    })
}

/// Returns the next connection; failures are counted, logged and followed by a pause.
///
/// When the process has no free file descriptor, the listener stays readable, so that a retry
/// without a pause would use a whole processor.
async fn next_connection(listener: &TcpListener) -> TcpStream {
    let mut backoff = MIN_BACKOFF;
    loop {
        let accepted = listener.accept().await;
        match accepted.and_then(|(socket, _)| prepare(socket)) {
            Ok(connection) => {
                if backoff > MIN_BACKOFF {
                    info!("connections are accepted again");
                }
                return connection;
            }
            Err(error) if is_of_one_connection(&error) => {
                debug!(%error, "a connection ended before it was accepted");
            }
            Err(error) => {
                counter!(FAILURES).increment(1);
                warn!(%error, retry_in = ?backoff, "connections cannot be accepted");
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(MAX_BACKOFF);
            }
        }
    }
}

/// Sets the options of an accepted socket.
///
/// `TCP_NODELAY` is set here because `tonic::transport::Server::tcp_nodelay` has no effect on a
/// listener that the caller opened: without it the end of each answer waits 40 ms for the client's
/// delayed acknowledgement.
fn prepare(socket: TcpStream) -> io::Result<TcpStream> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_PROBE);
    SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
    Ok(socket)
}

/// Returns whether an error concerns only the connection that was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::InvalidInput
            | ErrorKind::NotConnected
            | ErrorKind::Interrupted
    )
}
