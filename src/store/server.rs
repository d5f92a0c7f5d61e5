//! The PostgreSQL server as messages name it, and whether it refuses connections.

use super::StoreError;
use super::error::is_of_connection;
use sqlx::postgres::PgConnectOptions;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

/// Time after which a query without answer makes the store look whether the server refuses
/// connections; also the time for which the result holds for all queries.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Limit of one look.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

/// A server, with the result of the last look.
#[derive(Debug)]
pub(in crate::store) struct Server {
    /// Kind, host, port and name of the database, without user and password.
    name: String,
    /// Host and port; `None` for a socket of this machine.
    address: Option<(String, u16)>,
    /// Instant of the last look, and whether the server refused. One look at a time: a flood of
    /// waiting queries must not be a flood of connections.
    last_look: Mutex<Option<(Instant, bool)>>,
}

impl Server {
    /// Returns the server of these options.
    pub(in crate::store) fn of(options: &PgConnectOptions) -> Self {
        let (host, port) = (options.get_host(), options.get_port());
        let database = options.get_database().unwrap_or(options.get_username());
        let (name, address) = match options.get_socket() {
            Some(socket) => {
                (format!("PostgreSQL at {}, database {database}", socket.display()), None)
            }
            None => (
                format!("PostgreSQL at {host}:{port}, database {database}"),
                Some((host.trim_matches(['[', ']']).to_owned(), port)),
            ),
        };
        Self { name, address, last_look: Mutex::new(None) }
    }

    /// Returns the failure with the name of the server, if it is one of the connection.
    pub(in crate::store) fn name(&self, failure: StoreError) -> StoreError {
        match failure {
            StoreError::Database { doing, source } if is_of_connection(&source) => {
                StoreError::Unreachable { server: self.name.clone(), doing, cause: source }
            }
            other => other,
        }
    }

    /// Returns once the server refuses connections; waits for ever while it accepts them.
    pub(in crate::store) async fn refusal(&self) -> StoreError {
        loop {
            sleep(LOOK_INTERVAL).await;
            if self.refuses().await {
                let cause = sqlx::Error::Io(ErrorKind::ConnectionRefused.into());
                return StoreError::Unreachable {
                    server: self.name.clone(),
                    doing: "connecting",
                    cause,
                };
            }
        }
    }

    async fn refuses(&self) -> bool {
        let Some(address) = &self.address else { return false };
        let mut last_look = self.last_look.lock().await;
        if let Some((at, refuses)) = *last_look
            && at.elapsed() < LOOK_INTERVAL
        {
            return refuses;
        }
        let look = timeout(LOOK_TIMEOUT, TcpStream::connect(address)).await;
        let refuses = matches!(look, Ok(Err(e)) if e.kind() == ErrorKind::ConnectionRefused);
        *last_look = Some((Instant::now(), refuses));
        refuses
    }
}
