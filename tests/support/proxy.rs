//! A TCP proxy that can fall silent: connections stay open and carry no byte, as behind a firewall
//! that dropped its state.

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A proxy to a port of this machine.
pub struct Proxy {
    pub port: u16,
    silent: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(target: u16) -> Self {
        Self::start_at(0, target).await
    }

    /// Starts a proxy on a port that an earlier proxy had.
    pub async fn start_at(port: u16, target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("listens");
        let port = listener.local_addr().expect("an address").port();
        let silent = watch::Sender::new(false);
        let orders = silent.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, target, orders.subscribe()));
            }
        });
        Self { port, silent, accepting }
    }

    /// Stops carrying bytes, on open connections and on new ones, and closes none of them.
    pub fn silence(&self) {
        self.silent.send_replace(true);
    }

    /// Carries new connections again. The silent ones stay silent for the client, and are closed for
    /// the server, as its keepalive does.
    pub fn heal(&self) {
        self.silent.send_replace(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(mut near: TcpStream, target: u16, mut silent: watch::Receiver<bool>) {
    if !*silent.borrow() {
        let Ok(mut far) = TcpStream::connect(("127.0.0.1", target)).await else { return };
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
            _ = silent.wait_for(|silent| *silent) => {}
        }
        // The connection to the server stays open until `heal`, that to the client for ever.
        let _ = silent.wait_for(|silent| !*silent).await;
        drop(far);
    }
    std::future::pending::<()>().await;
}
