//! Exchanges and queues of the gateway: one table, declared at each connection.
//!
//! ```text
//! relay ─► claims (topic) ─ claim.dre.#, claim.b2.# ─► claims.work
//!             │                 └ rejected, or delivered 6 times ─► claims.dead (fanout)
//!             ├ claim.test.# ─► claims.test (the last 10,000)
//!             ├ installation.# ─► claims.witness (the last 1,000)
//!             └ no queue bound to the key ─► claims.unroutable (fanout)
//! workers ─► claims.decisions (fanout and queue) ─► the gateway
//!                └ unreadable, or refused without answer, or delivered 6 times ─► claims.dead
//! claims.dead, claims.unroutable: each fanout exchange has one queue of the same name
//! `dlq replay` ─► claims.replay (headers: noemie-replay-to) ─► the queue where the message died
//! claims.installation (internal fanout): the mark of the installation, without messages
//! ```
//!
//! Workers may bind their own queues to `claims`. Settings that change over time (length limits,
//! for example) belong in a RabbitMQ policy, because the arguments of a queue cannot be changed.

use super::message::short;
use super::sink::SinkError;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{Channel, ErrorKind, ExchangeKind};
use std::fmt;

/// Exchange that the relay publishes events to.
pub const CLAIMS: &str = "claims";
/// Queue of the claim workers.
pub const WORK: &str = "claims.work";
/// Queue of the events of the test lane, for the tests of workers. No consumer has to read it.
pub const TEST: &str = "claims.test";
/// Exchange and queue of dead letters: messages that workers rejected.
pub const DEAD: &str = "claims.dead";
/// Exchange and queue of unroutable messages: no binding matched their routing key.
pub const UNROUTABLE: &str = "claims.unroutable";
/// Queue of the witness lines: a record outside of database and archive. No consumer has to read
/// it.
pub const WITNESS: &str = "claims.witness";
/// Exchange and queue of the decisions that workers report by message.
pub const DECISIONS: &str = "claims.decisions";
/// Exchange by which a dead letter goes back to its queue of origin only, under its own routing
/// key. The first replay to a queue makes its binding.
pub const REPLAY: &str = "claims.replay";
/// Exchange that carries the mark of the installation. No message is published to it.
pub const INSTALLATION: &str = "claims.installation";

/// Redeliveries after which the broker moves a message to the dead letters. Declared because the
/// default differs between broker versions (none, then 20).
pub const DELIVERY_LIMIT: i64 = 5;
/// Delivery limit of the queues that `dlq list` reads. Each read counts as a delivery, and the
/// broker drops a message past its limit when the queue has no dead letter exchange.
const UNLIMITED_DELIVERIES: i64 = 1_000_000;

/// Witness lines that the broker keeps, six weeks of them: it drops the oldest beyond.
const MAX_WITNESS_LINES: i64 = 1_000;

/// Events of the test lane that the broker keeps: it drops the oldest beyond.
const MAX_TEST_EVENTS: i64 = 10_000;

/// An exchange of the table.
#[derive(Debug)]
pub struct ExchangeRow {
    /// Name without prefix.
    pub name: &'static str,
    /// Exchange type of AMQP.
    pub kind: ExchangeKind,
    /// Alternate exchange, which takes the messages that match no binding.
    pub alternate: Option<&'static str>,
}

/// A quorum queue of the table.
#[derive(Debug)]
pub struct QueueRow {
    /// Name without prefix.
    pub name: &'static str,
    /// Exchange that the queue is bound to.
    pub exchange: &'static str,
    /// Binding keys.
    pub keys: &'static [&'static str],
    /// `x-delivery-limit`.
    pub delivery_limit: i64,
    /// Exchange that takes rejected messages, at least once: a dead letter stays in its queue until
    /// the other queue has it on disk. The broker requires `x-overflow = reject-publish` for this:
    /// a full queue refuses new messages and drops no old ones.
    pub dead_letters: Option<&'static str>,
    /// `x-max-length`: beyond, the broker drops the oldest message.
    pub max_length: Option<i64>,
}

/// Every exchange. An alternate exchange stands before the exchange that names it.
pub const EXCHANGES: &[ExchangeRow] = &[
    ExchangeRow { name: UNROUTABLE, kind: ExchangeKind::Fanout, alternate: None },
    ExchangeRow { name: DEAD, kind: ExchangeKind::Fanout, alternate: None },
    ExchangeRow { name: DECISIONS, kind: ExchangeKind::Fanout, alternate: None },
    ExchangeRow { name: REPLAY, kind: ExchangeKind::Headers, alternate: None },
    ExchangeRow { name: CLAIMS, kind: ExchangeKind::Topic, alternate: Some(UNROUTABLE) },
];

/// Every queue. The queues of unroutable messages and dead letters stand first: they are declared
/// before a queue is bound to `claims`.
pub const QUEUES: &[QueueRow] = &[
    QueueRow {
        name: UNROUTABLE,
        exchange: UNROUTABLE,
        keys: &[""],
        delivery_limit: UNLIMITED_DELIVERIES,
        dead_letters: None,
        max_length: None,
    },
    QueueRow {
        name: DEAD,
        exchange: DEAD,
        keys: &[""],
        delivery_limit: UNLIMITED_DELIVERIES,
        dead_letters: None,
        max_length: None,
    },
    QueueRow {
        name: WORK,
        exchange: CLAIMS,
        keys: &["claim.dre.#", "claim.b2.#"],
        delivery_limit: DELIVERY_LIMIT,
        dead_letters: Some(DEAD),
        max_length: None,
    },
    QueueRow {
        name: DECISIONS,
        exchange: DECISIONS,
        keys: &[""],
        delivery_limit: DELIVERY_LIMIT,
        dead_letters: Some(DEAD),
        max_length: None,
    },
    QueueRow {
        name: TEST,
        exchange: CLAIMS,
        keys: &["claim.test.#"],
        delivery_limit: DELIVERY_LIMIT,
        dead_letters: None,
        max_length: Some(MAX_TEST_EVENTS),
    },
    QueueRow {
        name: WITNESS,
        exchange: CLAIMS,
        keys: &["installation.#"],
        delivery_limit: UNLIMITED_DELIVERIES,
        dead_letters: None,
        max_length: Some(MAX_WITNESS_LINES),
    },
];

/// Prefix of every exchange and queue name, empty by default. Gateways with different prefixes can
/// share a broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prefix(String);

/// Error of a prefix with characters or a length that names of exchanges and queues must not have.
#[derive(Debug, thiserror::Error)]
#[error("relay prefix must be at most 64 letters, digits, '.', '-' or '_'")]
pub struct InvalidPrefix;

impl TryFrom<String> for Prefix {
    type Error = InvalidPrefix;

    fn try_from(prefix: String) -> Result<Self, InvalidPrefix> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if prefix.len() <= 64 && prefix.bytes().all(allowed) {
            Ok(Self(prefix))
        } else {
            Err(InvalidPrefix)
        }
    }
}

impl Prefix {
    /// Returns the full name of an exchange or queue of the table.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Declares every exchange, queue and binding of the table, which is idempotent. On an error the
/// broker closes the channel.
pub async fn declare(channel: &Channel, prefix: &Prefix) -> Result<(), SinkError> {
    for row in EXCHANGES {
        let name = prefix.name(row.name);
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let declared = channel
            .exchange_declare(
                short(&name),
                row.kind.clone(),
                options,
                exchange_arguments(row, prefix),
            )
            .await;
        declared.map_err(|error| declare_error("exchange", name, error))?;
    }
    for row in QUEUES {
        let name = prefix.name(row.name);
        let declared = channel
            .queue_declare(
                short(&name),
                QueueDeclareOptions::durable(),
                queue_arguments(row, prefix),
            )
            .await;
        declared.map_err(|error| declare_error("queue", name, error))?;
        bind(channel, row, prefix).await?;
    }
    Ok(())
}

/// Binds a queue by each of its keys.
async fn bind(channel: &Channel, row: &QueueRow, prefix: &Prefix) -> Result<(), SinkError> {
    for key in row.keys {
        let bound = channel
            .queue_bind(
                short(&prefix.name(row.name)),
                short(&prefix.name(row.exchange)),
                short(key),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await;
        bound.map_err(|source| SinkError::Broker { doing: "binding a queue", source })?;
    }
    Ok(())
}

fn exchange_arguments(row: &ExchangeRow, prefix: &Prefix) -> FieldTable {
    let mut arguments = FieldTable::default();
    if let Some(alternate) = row.alternate {
        arguments.insert("alternate-exchange".into(), text(&prefix.name(alternate)));
    }
    arguments
}

fn queue_arguments(row: &QueueRow, prefix: &Prefix) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(row.delivery_limit));
    if let Some(length) = row.max_length {
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(length));
    }
    if let Some(dead_letters) = row.dead_letters {
        arguments.insert("x-dead-letter-exchange".into(), text(&prefix.name(dead_letters)));
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        arguments.insert("x-overflow".into(), text("reject-publish"));
    }
    arguments
}

pub(super) fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

/// Converts the error of a declaration. `PRECONDITION_FAILED` becomes
/// [`SinkError::OtherSettings`], because an operator has to delete the exchange or queue.
fn declare_error(kind: &'static str, name: String, error: lapin::Error) -> SinkError {
    const PRECONDITION_FAILED: u16 = 406;
    match error.kind() {
        ErrorKind::ProtocolError(amqp) if amqp.get_id() == PRECONDITION_FAILED => {
            SinkError::OtherSettings { kind, name, detail: amqp.get_message().to_string() }
        }
        _ => SinkError::Broker { doing: "declaring exchanges and queues", source: error },
    }
}

/// Returns each name of the table and that of the mark once.
#[cfg(test)]
pub(super) fn names() -> std::collections::BTreeSet<&'static str> {
    let declared = EXCHANGES.iter().map(|row| row.name).chain(QUEUES.iter().map(|row| row.name));
    declared.chain([INSTALLATION]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Flow;

    #[test]
    fn the_table_refers_only_to_itself() {
        let known = |name: &str| EXCHANGES.iter().any(|row| row.name == name);
        assert!(EXCHANGES.iter().filter_map(|row| row.alternate).all(known));
        assert!(QUEUES.iter().all(|row| known(row.exchange) && row.dead_letters.is_none_or(known)));
    }

    #[test]
    fn each_flow_has_its_key_and_none_is_that_of_the_test_lane() {
        let work = QUEUES.iter().find(|row| row.name == WORK).expect("the queue of the workers");
        let keys: Vec<String> =
            Flow::ALL.iter().map(|flow| format!("claim.{}.#", flow.as_str())).collect();
        assert_eq!(work.keys, keys);
        assert!(Flow::from_code("test").is_none(), "claim.test.# is the test lane");
    }

    #[test]
    fn prefixes_are_checked() {
        let prefix = Prefix::try_from("site-2.".to_owned()).unwrap();
        assert_eq!(prefix.name(WORK), "site-2.claims.work");
        for wrong in ["a b", "a/b", "é", &"x".repeat(65)] {
            assert!(Prefix::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
