//! Exchanges and queues: one table, declared at every connection.
//!
//! ```text
//! relay ─► claims (topic) ─ claim.# ─► claims.work ─ rejected, or delivered 6 times ─► claims.dead (fanout) ─► claims.dead
//!             └ no queue bound to the key ─► claims.unroutable (fanout) ─► claims.unroutable
//! `dlq replay` ─► claims.replay (headers: noemie-replay-to = queue) ─► the queue where the message died, and no other
//! ```
//!
//! Workers may bind queues of their own to `claims`. Settings that change over time (length limits,
//! for example) belong in a RabbitMQ policy: arguments are fixed for the life of a queue.

use super::message::short;
use super::sink::SinkError;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{Channel, ErrorKind, ExchangeKind};
use std::fmt;

/// Exchange that events are published to.
pub const CLAIMS: &str = "claims";
/// Queue of the claim workers.
pub const WORK: &str = "claims.work";
/// Exchange and queue of the messages that workers gave up.
pub const DEAD: &str = "claims.dead";
/// Exchange and queue of the messages that no binding wanted.
pub const UNROUTABLE: &str = "claims.unroutable";
/// Exchange by which a dead letter goes back to the one queue where it died, under its own routing
/// key. A binding a queue, made when it is needed.
pub const REPLAY: &str = "claims.replay";

/// Deliveries after which a message is taken for poison. Stated because the default differs between
/// broker versions (none, then 20).
pub const DELIVERY_LIMIT: i64 = 5;
/// For queues that people look into: each look counts as a delivery, and a message past its limit
/// with nowhere to go is dropped.
const ENDLESS: i64 = 1_000_000;

/// An exchange of the table.
#[derive(Debug)]
pub struct ExchangeRow {
    /// Name without prefix.
    pub name: &'static str,
    /// Kind.
    pub kind: ExchangeKind,
    /// Where messages without a queue go.
    pub alternate: Option<&'static str>,
}

/// A quorum queue of the table.
#[derive(Debug)]
pub struct QueueRow {
    /// Name without prefix.
    pub name: &'static str,
    /// Exchange it is bound to.
    pub exchange: &'static str,
    /// Binding key.
    pub key: &'static str,
    /// `x-delivery-limit`.
    pub delivery_limit: i64,
    /// Where rejected messages go, at least once: a dead letter waits in its queue until the other
    /// queue has it on disk. That needs `x-overflow = reject-publish`, so that a full queue refuses
    /// new messages rather than drop old ones.
    pub dead_letters: Option<&'static str>,
}

/// Every exchange, alternates first.
pub const EXCHANGES: &[ExchangeRow] = &[
    ExchangeRow { name: UNROUTABLE, kind: ExchangeKind::Fanout, alternate: None },
    ExchangeRow { name: DEAD, kind: ExchangeKind::Fanout, alternate: None },
    ExchangeRow { name: REPLAY, kind: ExchangeKind::Headers, alternate: None },
    ExchangeRow { name: CLAIMS, kind: ExchangeKind::Topic, alternate: Some(UNROUTABLE) },
];

/// Every queue, those that catch first: nothing is bound to `claims` before its dead letters have a
/// home.
pub const QUEUES: &[QueueRow] = &[
    QueueRow {
        name: UNROUTABLE,
        exchange: UNROUTABLE,
        key: "",
        delivery_limit: ENDLESS,
        dead_letters: None,
    },
    QueueRow { name: DEAD, exchange: DEAD, key: "", delivery_limit: ENDLESS, dead_letters: None },
    QueueRow {
        name: WORK,
        exchange: CLAIMS,
        key: "claim.#",
        delivery_limit: DELIVERY_LIMIT,
        dead_letters: Some(DEAD),
    },
];

/// What goes before every name, so that several gateways (and tests) share a broker. Empty by
/// default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prefix(String);

/// Not usable in the names of exchanges and queues.
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
    /// The full name of an exchange or queue of the table.
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

/// Declares the whole table. Repeating it is harmless. On error the channel is closed by the
/// broker.
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
        declared.map_err(|error| refused("exchange", name, error))?;
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
        declared.map_err(|error| refused("queue", name.clone(), error))?;
        let exchange = short(&prefix.name(row.exchange));
        let bound = channel
            .queue_bind(
                short(&name),
                exchange,
                short(row.key),
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

/// `PRECONDITION_FAILED` is the one refusal that a person must settle: it says which name and what
/// to do.
fn refused(kind: &'static str, name: String, error: lapin::Error) -> SinkError {
    const PRECONDITION_FAILED: u16 = 406;
    match error.kind() {
        ErrorKind::ProtocolError(amqp) if amqp.get_id() == PRECONDITION_FAILED => {
            SinkError::OtherSettings { kind, name, detail: amqp.get_message().to_string() }
        }
        _ => SinkError::Broker { doing: "declaring exchanges and queues", source: error },
    }
}

/// Every name of the table, once.
#[cfg(test)]
pub(super) fn names() -> std::collections::BTreeSet<&'static str> {
    EXCHANGES.iter().map(|row| row.name).chain(QUEUES.iter().map(|row| row.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_refers_only_to_itself() {
        let known = |name: &str| EXCHANGES.iter().any(|row| row.name == name);
        assert!(EXCHANGES.iter().filter_map(|row| row.alternate).all(known));
        assert!(QUEUES.iter().all(|row| known(row.exchange) && row.dead_letters.is_none_or(known)));
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
