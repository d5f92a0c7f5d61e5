//! The limits of callers: how much one message, call, connection or address may take.
//!
//! [`table`] lists them with their values. `docs/operations.md` shows this table, and each of its
//! rows has a test that exceeds the limit. Limits of what a file may hold stand beside its parser.

use std::time::Duration;

/// Largest request message of most methods, bytes. A decoded message may take fifty times its size
/// (empty sub-messages are two bytes long), so that the size of a request bounds its memory.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;
/// Largest request message of `BatchRecordDecisions`, bytes: 100 decisions with a page of reasons.
pub const MAX_DECISIONS_BYTES: usize = 256 * 1024;
/// Largest message of an upload, bytes: the metadata, or one chunk of the file.
pub const MAX_UPLOAD_MESSAGE_BYTES: usize = 1024 * 1024;
/// Largest answer message, bytes: a full page of statuses or anomalies stays well below.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// Largest number of items of a batch: each item costs queries, and one call must not hold the
/// database for long.
pub const MAX_BATCH_ITEMS: usize = 100;
/// Largest number of characters of a text field; identifiers and names are much shorter.
pub const MAX_FIELD_CHARS: usize = 128;

/// Calls in flight on one connection. HTTP/2 asks for at least 100.
pub const MAX_CALLS_PER_CONNECTION: u32 = 100;
/// Calls in flight on the gRPC port.
pub const MAX_CALLS: usize = 2_048;
/// Time for the first bytes of a gRPC connection (the HTTP/2 preface) to arrive.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between two HTTP/2 pings.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Time for the answer to an HTTP/2 ping; without one the connection is closed.
pub const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a request that is one message to arrive.
pub const RECEIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for which an answer may wait for its reader before the connection is closed. A worker
/// reads the next event when it has processed the last one, so that this is minutes, not seconds.
pub const SLOW_READER_TIMEOUT: Duration = Duration::from_secs(300);
/// Time without a message after which a stream says how far it is.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// Events that a stream reads at once, which all streams of a replica share: one statement, some
/// hundred kilobytes. A reader that is slow holds one such block.
pub const STREAM_BLOCK_EVENTS: u16 = 256;
/// Blocks of events that a replica keeps for its streams: some megabytes.
pub const STREAM_BLOCKS: usize = 32;
/// Streams of a replica that read or convert events at once. The others wait in turn, so that
/// other calls find a free worker and a free connection to the database.
pub const STREAM_TURNS: usize = 2;
/// Longest wait of a stream between two readings of the database: the delay that a lost
/// notification of another replica costs.
pub const STREAM_MAX_WAIT: Duration = Duration::from_secs(2);
/// Age of a status that streams share: a status is read again after that time, since it depends on
/// the clock.
pub const STREAM_STATUS_MAX_AGE: Duration = Duration::from_secs(1);
/// Unread bytes that one call may have in flight to the gateway.
pub const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// Unread bytes that all calls of one connection may have in flight to the gateway.
pub const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// Time in which an upload may bring no byte.
pub const UPLOAD_IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Least rate of an upload, bytes a second, after its first minute: that of a slow telephone line.
pub const UPLOAD_MIN_BYTES_PER_SECOND: u64 = 16 * 1024;
/// Time that the gateway waits for the bytes of one upload, all waits added up.
pub const UPLOAD_MAX_WAIT: Duration = Duration::from_secs(2 * 60 * 60);
/// Empty chunks in a row.
pub const UPLOAD_MAX_EMPTY_CHUNKS: u32 = 16;

/// Connections to the admin port.
pub const ADMIN_MAX_CONNECTIONS: usize = 32;
/// Connections of one address to the admin port, so that one cannot keep the probes of others out.
pub const ADMIN_MAX_CONNECTIONS_PER_PEER: usize = 16;
/// Time for a request to the admin port to arrive.
pub const ADMIN_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for which a connection to the admin port may stay without a request.
pub const ADMIN_IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// Largest request to the admin port, bytes.
pub const ADMIN_MAX_REQUEST_BYTES: usize = 16 * 1024;

/// File descriptors kept for everything but callers: the admin port, logs, the drop directory, the
/// embedded database. Connections to PostgreSQL and uploads are added to them.
pub const RESERVED_DESCRIPTORS: u64 = 128;
/// Fewest connections of callers for which the gateway starts.
pub const MIN_CONNECTIONS: u64 = 16;

/// Events that `outbox resend` publishes again, unless told otherwise: some minutes of work for the
/// relay, in which newer events wait.
pub const DEFAULT_RESEND_EVENTS: usize = 100_000;
/// Largest number of events of one resend: its transaction writes a row for each.
pub const MAX_RESEND_EVENTS: usize = 1_000_000;

/// Limits of the gRPC port that an operator, or a test, sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one address.
    pub connections_per_peer: usize,
    /// Calls in flight of one address.
    pub calls_per_peer: usize,
    /// Calls of one address that answer with a stream.
    pub streams_per_peer: usize,
    /// Uploads of one address.
    pub uploads_per_peer: usize,
    /// See [`HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Duration,
    /// See [`RECEIVE_TIMEOUT`].
    pub receive_timeout: Duration,
    /// See [`SLOW_READER_TIMEOUT`].
    pub slow_reader_timeout: Duration,
    /// See [`HEARTBEAT_INTERVAL`].
    pub heartbeat_interval: Duration,
}

impl Default for GrpcLimits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            connections_per_peer: 128,
            calls_per_peer: 512,
            streams_per_peer: 128,
            uploads_per_peer: 16,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            receive_timeout: RECEIVE_TIMEOUT,
            slow_reader_timeout: SLOW_READER_TIMEOUT,
            heartbeat_interval: HEARTBEAT_INTERVAL,
        }
    }
}

/// Row of the table of limits.
#[derive(Debug, Clone)]
pub struct Limit {
    /// What is limited.
    pub what: &'static str,
    /// Value, with its unit.
    pub value: String,
    /// Setting that changes the value; `None` for a constant.
    pub setting: Option<&'static str>,
    /// What happens past the limit.
    pub past: &'static str,
}

const TOO_LARGE: &str = "`RESOURCE_EXHAUSTED`, `message_too_large`";
const BUSY: &str = "`RESOURCE_EXHAUSTED`, `too_many_calls`";
const UPLOADS: &str = "`RESOURCE_EXHAUSTED`, `too_many_uploads`";
const CLOSED: &str = "the connection is closed";

/// Returns every limit of callers with its value, as `docs/operations.md` shows them.
#[must_use]
pub fn table() -> Vec<Limit> {
    let defaults = GrpcLimits::default();
    let row = |what, value, past| Limit { what, value, setting: None, past };
    let set = |what, value: usize, setting, past| {
        let (value, setting) = (value.to_string(), Some(setting));
        Limit { what, value, setting, past }
    };
    let mut rows = vec![
        row("request message", size(MAX_REQUEST_BYTES), TOO_LARGE),
        row("request of `BatchRecordDecisions`", size(MAX_DECISIONS_BYTES), TOO_LARGE),
        row("message of an upload", size(MAX_UPLOAD_MESSAGE_BYTES), TOO_LARGE),
        row("items of a batch", MAX_BATCH_ITEMS.to_string(), "`INVALID_ARGUMENT`"),
        row(
            "time for a request to arrive, uploads left out",
            time(RECEIVE_TIMEOUT),
            "`DEADLINE_EXCEEDED`, `request_too_slow`",
        ),
        row("calls in flight on one connection", MAX_CALLS_PER_CONNECTION.to_string(), "they wait"),
        set("calls in flight of one address", defaults.calls_per_peer, "max_calls_per_peer", BUSY),
        set("streams of one address", defaults.streams_per_peer, "max_streams_per_peer", BUSY),
        set("uploads of one address", defaults.uploads_per_peer, "max_uploads_per_peer", UPLOADS),
        row("calls in flight in all", MAX_CALLS.to_string(), BUSY),
        row(
            "time for which an answer waits for its reader",
            time(SLOW_READER_TIMEOUT),
            "the connection is closed; a stream continues from its resume token",
        ),
        set("connections in all", defaults.connections, "max_connections", CLOSED),
        set(
            "connections of one address",
            defaults.connections_per_peer,
            "max_connections_per_peer",
            CLOSED,
        ),
        row("time for the HTTP/2 preface", time(HANDSHAKE_TIMEOUT), CLOSED),
        row(
            "upload without a byte",
            time(UPLOAD_IDLE_TIMEOUT),
            "`DEADLINE_EXCEEDED`, `upload_idle`",
        ),
        row(
            "least rate of an upload after its first minute",
            format!("{} KiB/s", UPLOAD_MIN_BYTES_PER_SECOND / 1024),
            "`DEADLINE_EXCEEDED`, `upload_slow`",
        ),
        row(
            "time that one upload keeps the gateway waiting",
            time(UPLOAD_MAX_WAIT),
            "`DEADLINE_EXCEEDED`, `upload_slow`",
        ),
        row(
            "empty chunks of an upload in a row",
            UPLOAD_MAX_EMPTY_CHUNKS.to_string(),
            "`INVALID_ARGUMENT`",
        ),
        row("connections to the admin port", ADMIN_MAX_CONNECTIONS.to_string(), CLOSED),
        row(
            "connections of one address to the admin port",
            ADMIN_MAX_CONNECTIONS_PER_PEER.to_string(),
            CLOSED,
        ),
        row("time for a request to the admin port", time(ADMIN_REQUEST_TIMEOUT), CLOSED),
        row("admin connection without a request", time(ADMIN_IDLE_TIMEOUT), CLOSED),
        row("request to the admin port", size(ADMIN_MAX_REQUEST_BYTES), CLOSED),
    ];
    rows.extend(of_streams());
    rows
}

/// Returns the limits of event streams and watches.
fn of_streams() -> Vec<Limit> {
    let row = |what, value, past| Limit { what, value, setting: None, past };
    vec![
        row(
            "time of a stream without a message",
            time(HEARTBEAT_INTERVAL),
            "a message says how far the stream is",
        ),
        row(
            "events that a stream reads at once",
            STREAM_BLOCK_EVENTS.to_string(),
            "the next ones are read when these are sent",
        ),
        row(
            "blocks of events that all streams share",
            STREAM_BLOCKS.to_string(),
            "the block used least recently is read again",
        ),
        row(
            "streams that read or convert events at once",
            STREAM_TURNS.to_string(),
            "they wait in turn",
        ),
        row(
            "wait of a stream for a notification of another replica",
            time(STREAM_MAX_WAIT),
            "the stream reads without it",
        ),
        row(
            "age of a status that streams share",
            time(STREAM_STATUS_MAX_AGE),
            "the status is read again",
        ),
    ]
}

fn size(bytes: usize) -> String {
    format!("{} KiB", bytes / 1024)
}

fn time(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}
