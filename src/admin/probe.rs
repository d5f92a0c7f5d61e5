//! The probe of `noemie-gateway health`: asks a running gateway for its health, for containers that
//! have neither curl nor wget.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

/// Time within which a healthy gateway answers: it waits 2 s for its database at most.
const PROBE_TIMEOUT: Duration = Duration::from_secs(4);

/// Returns whether `/healthz` at this address answers 200.
pub async fn probe(addr: impl ToSocketAddrs) -> bool {
    let line = timeout(PROBE_TIMEOUT, status_line(addr)).await;
    matches!(line, Ok(Ok(line)) if line.starts_with(b"HTTP/1.1 200 "))
}

async fn status_line(addr: impl ToSocketAddrs) -> std::io::Result<[u8; 13]> {
    let mut stream = TcpStream::connect(addr).await?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut line = [0; 13];
    stream.read_exact(&mut line).await?;
    Ok(line)
}
