//! The probe of `noemie-gateway health`: asks a running gateway for its health, for containers that
//! have neither curl nor wget.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

/// Time within which a healthy gateway answers: it waits 2 s for its database at most.
const PROBE_TIMEOUT: Duration = Duration::from_secs(4);

/// Most bytes read of an answer, which is one short JSON object behind its head.
const MAX_ANSWER_BYTES: u64 = 16 * 1024;

/// Health of a gateway, as its admin port reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Whether the gateway is well enough for `/healthz` to answer 200.
    pub is_well: bool,
    /// Faults, one sentence each; empty when there is none.
    pub faults: Vec<String>,
}

/// Asks `/healthz` at this address.
pub async fn probe(addr: impl ToSocketAddrs) -> Probe {
    let failed = |fault: String| Probe { is_well: false, faults: vec![fault] };
    match timeout(PROBE_TIMEOUT, answer(addr)).await {
        Err(_) => failed(format!("no answer within {} s", PROBE_TIMEOUT.as_secs())),
        Ok(Err(failure)) => failed(format!("no answer: {failure}")),
        Ok(Ok(answer)) => read(&answer)
            .unwrap_or_else(|| failed("the answer is not that of a gateway".to_owned())),
    }
}

async fn answer(addr: impl ToSocketAddrs) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(addr).await?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Reads an HTTP answer of `/healthz`; `None` when it is none.
fn read(answer: &[u8]) -> Option<Probe> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    body.get("status")?;
    let faults = body["faults"].as_array().into_iter().flatten();
    let faults = faults.filter_map(|fault| fault.as_str().map(str::to_owned)).collect();
    Some(Probe { is_well: head.starts_with("HTTP/1.1 200 "), faults })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_and_decide_nothing() {
        let answer = |status: &str, faults: &str| {
            let body = format!(r#"{{"status":"x"{faults}}}"#);
            read(format!("HTTP/1.1 {status}\r\nx: y\r\n\r\n{body}").as_bytes()).expect("an answer")
        };
        let degraded = answer("200 OK", r#","faults":["events wait: refused"]"#);
        assert_eq!(
            degraded,
            Probe { is_well: true, faults: vec!["events wait: refused".to_owned()] }
        );
        let down = answer("503 Service Unavailable", r#","faults":["a","b"]"#);
        assert!(!down.is_well && down.faults.len() == 2, "{down:?}");
        assert_eq!(answer("200 OK", ""), Probe { is_well: true, faults: vec![] });
        assert_eq!(read(b"HTTP/1.1 200 OK\r\n\r\n<html>"), None);
    }
}
