//! Connections to RabbitMQ. Each connection compares the mark of the broker first, when the
//! settings name an installation.

use super::REPLY_SUCCESS;
use super::mark::{self, BrokerMark, SeenMark};
use super::sink::SinkError;
use super::topology::Prefix;
use crate::error_chain::Chain;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// Limit for reaching the broker and logging in, and for declaring exchanges and queues.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Limit for the confirms of a batch. A healthy quorum queue takes milliseconds; a queue that
/// elects a leader takes seconds.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);
/// AMQP heartbeat: two missed heartbeats end a half-open connection.
const HEARTBEAT_SECS: u16 = 10;
/// Limit for closing channels and connection.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Time between two reads of the queue depths: dashboards scrape every 10 to 15 s.
const QUEUE_CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// Settings of the connection to the broker.
#[derive(Clone)]
pub struct AmqpSettings {
    /// `amqp://user:password@host:port/vhost`, or `amqps://`.
    pub url: String,
    /// Prefix of every exchange and queue name.
    pub prefix: Prefix,
    /// Limit for the confirms of a batch; 30 s by default.
    pub confirm_timeout: Duration,
    /// Time between two reads of the queue depths; 10 s by default. The sink notices a deleted
    /// queue, and declares it again, within this time.
    pub queue_check_interval: Duration,
    /// Mark of the installation that the broker has to carry; each connection compares it. `None`
    /// compares nothing.
    pub mark: Option<Arc<dyn BrokerMark>>,
}

impl AmqpSettings {
    /// Returns settings with the default limits.
    #[must_use]
    pub const fn new(url: String, prefix: Prefix) -> Self {
        Self {
            url,
            prefix,
            confirm_timeout: CONFIRM_TIMEOUT,
            queue_check_interval: QUEUE_CHECK_INTERVAL,
            mark: None,
        }
    }
}

impl AmqpSettings {
    /// Returns the virtual host of the URL.
    pub fn vhost(&self) -> Result<String, SinkError> {
        let uri: AMQPUri = self.url.parse().map_err(SinkError::Address)?;
        Ok(uri.vhost)
    }
}

impl fmt::Debug for AmqpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpSettings")
            .field("url", &"***")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Opens a connection to the broker. The broker's dashboards show `role` in its name.
pub async fn connect(settings: &AmqpSettings, role: &str) -> Result<Connection, SinkError> {
    let mut uri: AMQPUri = settings.url.parse().map_err(SinkError::Address)?;
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECS);
    let name = format!("noemie-gateway {role} {}", settings.prefix);
    let options = ConnectionProperties::default().with_connection_name(name.trim_end().into());
    let (host, port) = (&uri.authority.host, uri.authority.port);
    let broker = format!("{host}:{port}, virtual host {}", uri.vhost);
    let cause = match timeout(CONNECT_TIMEOUT, Connection::connect_uri(uri, options)).await {
        Ok(Ok(connection)) => return compared(connection, settings).await,
        Ok(Err(error)) => Chain(&error).to_string(),
        Err(_) => format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()),
    };
    Err(SinkError::Unreachable { broker, cause })
}

/// Returns a connection to a broker that carries the mark of the settings, and closes any other.
async fn compared(
    connection: Connection,
    settings: &AmqpSettings,
) -> Result<Connection, SinkError> {
    let Some(mark) = &settings.mark else { return Ok(connection) };
    let comparing = mark::compare(&connection, &settings.prefix, mark.as_ref());
    match with_timeout(CONNECT_TIMEOUT, "comparing the mark of the broker", comparing).await {
        Ok(()) => Ok(connection),
        Err(refusal) => {
            // `refusal` has the reason. Closing spares the broker a dead connection.
            close(&connection).await;
            Err(refusal)
        }
    }
}

/// Compares the mark of the broker of the settings, and puts it there where the installation has
/// not done so before.
pub async fn compare_mark(settings: &AmqpSettings) -> Result<(), SinkError> {
    close(&connect(settings, "mark").await?).await;
    Ok(())
}

/// Returns whether the broker of the settings carries the mark of the installation of this id, of
/// another one, or none.
pub async fn look_at_mark(settings: &AmqpSettings, id: Uuid) -> Result<SeenMark, SinkError> {
    let connection = connect(&unmarked(settings), "mark").await?;
    let seen = mark::look(&connection, &settings.prefix, id).await;
    close(&connection).await;
    seen
}

/// Puts the mark of an installation on the broker of the settings. A mark of another installation
/// is refused.
pub async fn put_mark(settings: &AmqpSettings, id: Uuid) -> Result<(), SinkError> {
    let connection = connect(&unmarked(settings), "mark").await?;
    let put = mark::put(&connection, &settings.prefix, id).await;
    close(&connection).await;
    put
}

fn unmarked(settings: &AmqpSettings) -> AmqpSettings {
    AmqpSettings { mark: None, ..settings.clone() }
}

async fn close(connection: &Connection) {
    // An error means that the connection is closed already.
    let _ = timeout(CLOSE_TIMEOUT, connection.close(REPLY_SUCCESS, "bye".into())).await;
}

/// Returns a function that wraps lapin's error with the operation that failed.
pub(super) fn broker_error(doing: &'static str) -> impl Fn(lapin::Error) -> SinkError {
    move |source| SinkError::Broker { doing, source }
}

/// Runs `work`, and returns [`SinkError::Timeout`] when it takes longer than `limit`.
pub(super) async fn with_timeout<T>(
    limit: Duration,
    doing: &'static str,
    work: impl Future<Output = Result<T, SinkError>>,
) -> Result<T, SinkError> {
    timeout(limit, work).await.unwrap_or(Err(SinkError::Timeout(limit, doing)))
}
