//! Accepts the connections of a port and holds them to their limits: number in all and by address,
//! time of the first bytes, and the socket options.
//!
//! [`Listener::accept`] never fails: a failed `accept` costs one connection or a pause, not the
//! listener. The room knows neither gRPC nor HTTP beyond their first bytes.

mod admission;
mod connection;
mod refusals;

pub use admission::{Admission, Full, Permit};
pub use connection::{Connection, Peer, Rules};
pub use refusals::Refusals;

use metrics::{counter, describe_counter};
use socket2::{SockRef, TcpKeepalive};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
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

/// A listener whose connections are counted and watched.
pub struct Listener {
    socket: TcpListener,
    /// Name of the port in logs and in the label of metrics.
    port: &'static str,
    /// Counter of failed calls of `accept`, those of single connections left out.
    failures: &'static str,
    admission: Arc<Admission>,
    refusals: Arc<Refusals>,
    rules: Rules,
}

impl Listener {
    /// Takes over a socket. `failures` is the name of the counter of failed calls of `accept`.
    #[must_use]
    pub fn new(
        socket: TcpListener,
        (port, failures): (&'static str, &'static str),
        admission: Arc<Admission>,
        refusals: Arc<Refusals>,
        rules: Rules,
    ) -> Self {
        describe_counter!(failures, "Failed attempts to accept a connection");
        counter!(failures).absolute(0);
        Self { socket, port, failures, admission, refusals, rules }
    }

    /// Returns the address of the socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Returns the next connection within the limits; one past them is closed. Failures are
    /// counted, logged and followed by a pause.
    ///
    /// When the process has no free file descriptor, the socket stays readable, so that a retry
    /// without a pause would use a whole processor.
    pub async fn accept(&self) -> (Connection, SocketAddr) {
        let mut backoff = MIN_BACKOFF;
        loop {
            match self.socket.accept().await.and_then(prepare) {
                Ok((socket, peer)) => {
                    if backoff > MIN_BACKOFF {
                        info!(port = self.port, "connections are accepted again");
                        backoff = MIN_BACKOFF;
                    }
                    match self.admission.admit(peer.ip()) {
                        Ok(permit) => {
                            let (rules, refusals) =
                                (self.rules.clone(), Arc::clone(&self.refusals));
                            let ip = peer.ip();
                            return (Connection::new(socket, ip, permit, rules, refusals), peer);
                        }
                        Err(Full::All) => self.refusals.note("connections", peer.ip()),
                        Err(Full::Peer) => self.refusals.note("connections_per_peer", peer.ip()),
                    }
                }
                Err(error) if is_of_one_connection(&error) => {
                    debug!(%error, "a connection ended before it was accepted");
                }
                Err(error) => {
                    counter!(self.failures).increment(1);
                    warn!(
                        port = self.port, %error, retry_in = ?backoff,
                        "connections cannot be accepted"
                    );
                    tokio::time::sleep(backoff).await;
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                }
            }
        }
    }
}

/// Sets the options of an accepted socket.
///
/// `TCP_NODELAY` is set here because `tonic::transport::Server::tcp_nodelay` has no effect on a
/// listener that the caller opened: without it the end of each answer waits 40 ms for the client's
/// delayed acknowledgement.
fn prepare((socket, peer): (TcpStream, SocketAddr)) -> io::Result<(TcpStream, SocketAddr)> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_PROBE);
    SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
    Ok((socket, peer))
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    /// A time limit of the tests.
    const SHORT: Duration = Duration::from_millis(200);
    /// Longest wait of the tests for something that must come.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Serves HTTP/1: answers `ok` to every request that ends with an empty line.
    async fn serve(rules: Rules) -> SocketAddr {
        serve_within(Admission::new(8, 2), rules).await
    }

    async fn serve_within(admission: Arc<Admission>, rules: Rules) -> SocketAddr {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let refusals = Arc::new(Refusals::default());
        let port = ("test", "noemie_test_accept_failures_total");
        let listener = Listener::new(socket, port, admission, refusals, rules);
        let address = listener.local_addr().expect("the port is known");
        tokio::spawn(async move {
            loop {
                let (mut connection, _) = listener.accept().await;
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while let Ok(byte) = connection.read_u8().await {
                        request.push(byte);
                        if request.ends_with(b"\n\n") {
                            connection.write_all(b"ok").await.expect("writes");
                        }
                    }
                });
            }
        });
        address
    }

    fn requests(timeout: Duration, idle: Duration) -> Rules {
        Rules::Requests { timeout, idle, max_bytes: 64 }
    }

    /// Reads to the end of a connection, which must come.
    async fn end_of(connection: &mut TcpStream) -> Vec<u8> {
        let mut read = Vec::new();
        // A connection that is closed with unread bytes ends with an error.
        let _ = timeout(PATIENCE, connection.read_to_end(&mut read)).await.expect("it is closed");
        read
    }

    #[tokio::test]
    async fn a_connection_without_a_request_is_closed() {
        let address = serve(requests(SHORT, PATIENCE)).await;
        let mut silent = TcpStream::connect(address).await.expect("connects");
        assert_eq!(end_of(&mut silent).await, b"");
    }

    #[tokio::test]
    async fn a_request_that_drips_is_cut_at_its_deadline() {
        let address = serve(requests(SHORT, PATIENCE)).await;
        let (mut reader, mut writer) =
            TcpStream::connect(address).await.expect("connects").into_split();
        let mut pace = tokio::time::interval(SHORT / 20);
        let drip = async {
            while writer.write_all(b"x").await.is_ok() {
                pace.tick().await;
            }
        };
        let ended = async {
            let mut read = Vec::new();
            let _ = reader.read_to_end(&mut read).await;
        };
        timeout(PATIENCE, async { tokio::join!(drip, ended) }).await.expect("it is cut");
    }

    #[tokio::test]
    async fn a_connection_that_stays_idle_after_an_answer_is_closed() {
        let address = serve(requests(PATIENCE, SHORT)).await;
        let mut client = TcpStream::connect(address).await.expect("connects");
        client.write_all(b"get\n\n").await.expect("asks");
        assert_eq!(end_of(&mut client).await, b"ok");
    }

    #[tokio::test]
    async fn a_large_request_is_cut_and_two_small_ones_are_not() {
        let address = serve(requests(PATIENCE, PATIENCE)).await;
        let mut client = TcpStream::connect(address).await.expect("connects");
        for _ in 0..2 {
            client.write_all(&[&[b'x'; 40], b"\n\n".as_slice()].concat()).await.expect("asks");
            client.read_exact(&mut [0; 2]).await.expect("an answer");
        }
        client.write_all(&[b'x'; 65]).await.expect("asks");
        assert_eq!(end_of(&mut client).await, b"");
    }

    #[tokio::test]
    async fn a_connection_past_the_limit_of_all_addresses_is_closed() {
        let rules = requests(PATIENCE, PATIENCE);
        let address = serve_within(Admission::new(1, 2), rules).await;
        let _first = TcpStream::connect(address).await.expect("connects");
        let mut second = TcpStream::connect(address).await.expect("connects");
        assert_eq!(end_of(&mut second).await, b"");
    }

    #[tokio::test]
    async fn a_third_connection_of_one_address_is_closed_until_another_ends() {
        let address = serve(requests(PATIENCE, PATIENCE)).await;
        let first = TcpStream::connect(address).await.expect("connects");
        let _second = TcpStream::connect(address).await.expect("connects");
        let mut third = TcpStream::connect(address).await.expect("connects");
        assert_eq!(end_of(&mut third).await, b"");
        drop(first);
        let answered = async {
            loop {
                let mut again = TcpStream::connect(address).await.expect("connects");
                let asked = again.write_all(b"get\n\n").await;
                if asked.is_ok() && again.read_u8().await.is_ok() {
                    break;
                }
            }
        };
        timeout(PATIENCE, answered).await.expect("a place is free again");
    }
}
